// Whatever bytes a data file holds, a reader returns data or throws UserError; and what it returns keeps its promises.
// The first byte ('0' to '9', then ':' to '>') chooses the reader, the rest is the file (for the NCF split: three
// files, separated by 0xff bytes).
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "datasets/formats/criteo.hpp"
#include "datasets/formats/movielens_attributes.hpp"
#include "datasets/formats/ncf.hpp"
#include "datasets/formats/npy.hpp"
#include "datasets/formats/png.hpp"
#include "datasets/formats/ratings.hpp"
#include "datasets/formats/wav.hpp"
#include "impl/base/error.hpp"

namespace {

/// A file in memory only: fuzzing at thousands of files a second would wear out a disk.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", 0)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      std::abort();
    }
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() { ::close(descriptor_); }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

void require(bool promise) {
  if (!promise) std::abort();
}

void check(const frugal::data::Ratings& ratings) {
  require(!ratings.rows.empty() && ratings.user_names.size() == ratings.users &&
          ratings.item_names.size() == ratings.items);
  for (const auto& row : ratings.rows) require(row.user < ratings.users && row.item < ratings.items && row.value >= 0);
}

void check(const frugal::data::Split& split) {
  require(split.negatives.size() == split.held_out.size() * static_cast<std::size_t>(split.negatives_per_query));
  for (const auto& pair : split.train) require(pair.user < split.users && pair.item < split.items);
  for (const auto& pair : split.held_out) require(pair.user < split.users && pair.item < split.items);
  for (const std::uint32_t item : split.negatives) require(item < split.items);
}

void check(const frugal::data::AttributeTable& table) {
  require(!table.ids.empty());
  for (const frugal::data::Attribute& attribute : table.attributes) {
    require(attribute.of.size() == table.ids.size());
    for (const auto& categories : attribute.of)
      for (const std::uint32_t category : categories) require(category < attribute.categories.size());
  }
}

void check(const frugal::data::Clicks& clicks) {
  require(clicks.dense.size() == clicks.size() * static_cast<std::size_t>(clicks.dense_features));
  require(clicks.ids.size() == clicks.size() * clicks.table_rows.size());
  for (const std::uint32_t id : clicks.ids) require(id < clicks.table_rows.front());
}

/// The header alone must give the shape of the whole, and be readable where the whole is.
void check(const frugal::data::Signal& signal, const frugal::data::SignalShape& shape) {
  require(static_cast<const frugal::data::SignalShape&>(signal) == shape);
  require(shape.channels > 0 && signal.values.size() == shape.samples() * static_cast<std::size_t>(shape.channels));
  for (const float value : signal.values) require(value >= -1 && value <= 1);
}

void read_split(std::string_view bytes) {
  std::array<std::string_view, 3> parts{};
  for (std::string_view& part : parts) {
    const auto end = bytes.find('\xff');
    part = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  }
  const MemoryFile train(parts[0]);
  const MemoryFile held_out(parts[1]);
  const MemoryFile negatives(parts[2]);
  check(frugal::data::read_ncf(train.path(), held_out.path(), negatives.path()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const MemoryFile file(bytes);
  try {
    switch (static_cast<std::uint8_t>(data[0] - '0') % 15) {
      case 0:
        check(frugal::data::read_movielens_tab(file.path()));
        break;
      case 1:
        check(frugal::data::read_movielens_colons(file.path()));
        break;
      case 2:
        check(frugal::data::read_movielens_csv(file.path()));
        break;
      case 3:
        check(frugal::data::read_epinions_tang(file.path()));
        break;
      case 4:
        check(frugal::data::read_epinions_massa(file.path()));
        break;
      case 5:
        check(frugal::data::read_criteo(file.path(), 100, 0));
        break;
      case 6:
        check(frugal::data::read_picture(file.path()), frugal::data::picture_shape(file.path()));
        break;
      case 7:
        read_split(bytes);
        break;
      case 8:
        check(frugal::data::read_audio(file.path()), frugal::data::audio_shape(file.path()));
        break;
      case 10:
        check(frugal::data::read_movielens_users(file.path()));
        break;
      case 11:
        check(frugal::data::read_movielens_movies(file.path()));
        break;
      case 12:
        check(frugal::data::read_movielens_100k_users(file.path()));
        break;
      case 13:
        check(frugal::data::read_movielens_100k_items(file.path()));
        break;
      case 14:
        require(frugal::data::read_item_ids(file.path(), 2).size() == 2);
        break;
      default:
        check(frugal::data::read_volume(file.path()), frugal::data::volume_shape(file.path()));
        break;
    }
  } catch (const frugal::UserError&) {
    // A bad file, called bad: as it should be.
  }
  return 0;
}
