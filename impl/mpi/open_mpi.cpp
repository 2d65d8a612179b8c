#include "impl/mpi/open_mpi.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <span>

namespace frugal::mpi {
namespace {

/// The most bytes of one message: MPI counts in int.
constexpr std::size_t most_bytes = std::size_t{1} << 30;

/// What an idle rank sleeps between two looks, in microseconds: little beside a call of a model, and nearly no work.
constexpr unsigned idle_us = 200;

constexpr int tag = 0;

/// body(first, count) for pieces of at most most_bytes.
template <class Body>
void in_pieces(std::size_t bytes, const Body& body) {
  for (std::size_t first = 0; first < bytes; first += most_bytes)
    body(first, static_cast<int>(std::min(most_bytes, bytes - first)));
}

/// By MPI-IO: rows that lie apart are written in few large pieces by few ranks.
class MpiFile final : public SharedFile {
 public:
  /// The file is open.
  MpiFile(MPI_File file, bool to_write) : file_(file), to_write_(to_write) {}

  bool write(const Rows& rows, std::span<const std::byte> values) override {
    const Row row(rows);
    return show(rows, row) && MPI_File_write_all(file_, values.data(), static_cast<int>(rows.count), row.type,
                                                 MPI_STATUS_IGNORE) == MPI_SUCCESS;
  }

  bool read(const Rows& rows, std::span<std::byte> values) override {
    const Row row(rows);
    MPI_Status status;
    if (!show(rows, row) ||
        MPI_File_read_all(file_, values.data(), static_cast<int>(rows.count), row.type, &status) != MPI_SUCCESS)
      return false;
    int count = 0;
    MPI_Get_count(&status, row.type, &count);
    return static_cast<std::uint64_t>(count) == rows.count;
  }

  bool close() override {
    const bool synced = !to_write_ || MPI_File_sync(file_) == MPI_SUCCESS;  // which refuses a file that is only read
    return MPI_File_close(&file_) == MPI_SUCCESS && synced;
  }

 private:
  struct Row {
    explicit Row(const Rows& rows) {
      MPI_Type_contiguous(static_cast<int>(rows.bytes), MPI_BYTE, &type);
      MPI_Type_commit(&type);
    }
    Row(const Row&) = delete;
    Row& operator=(const Row&) = delete;
    ~Row() { MPI_Type_free(&type); }
    MPI_Datatype type = MPI_DATATYPE_NULL;
  };

  /// Makes the rows what this rank sees of the file.
  bool show(const Rows& rows, const Row& row) {
    MPI_Datatype all = MPI_DATATYPE_NULL;
    MPI_Type_create_hvector(static_cast<int>(rows.count), 1, static_cast<MPI_Aint>(rows.stride), row.type, &all);
    MPI_Type_commit(&all);
    const bool shown = MPI_File_set_view(file_, static_cast<MPI_Offset>(rows.begin), row.type,
                                         rows.count > 0 ? all : row.type, "native", MPI_INFO_NULL) == MPI_SUCCESS;
    MPI_Type_free(&all);
    return shown;
  }

  MPI_File file_;
  bool to_write_;
};

class MpiWorld final : public World {
 public:
  MpiWorld() {
    // The threads of a model compute between two calls of MPI, and never call it. Errors end the job: MPI's default.
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    using Name = std::array<char, MPI_MAX_PROCESSOR_NAME>;
    Name own{};
    int length = 0;
    MPI_Get_processor_name(own.data(), &length);
    std::vector<Name> names(static_cast<std::size_t>(size_));
    MPI_Allgather(own.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR, names.data(), MPI_MAX_PROCESSOR_NAME, MPI_CHAR,
                  MPI_COMM_WORLD);
    for (const Name& name : names) hosts_.emplace_back(name.data());
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  const std::vector<std::string>& hosts() const override { return hosts_; }

  void broadcast(std::span<std::byte> data) override { broadcast_from(0, data); }

  void all_gather(std::span<std::byte> data, std::span<const std::size_t> begins) override {
    assert(begins.size() == static_cast<std::size_t>(size_) + 1);
    if (data.size() > most_bytes) {  // offsets are int, too
      for (int r = 0; r < size_; ++r) broadcast_from(r, data.subspan(begins[r], begins[r + 1] - begins[r]));
      return;
    }
    std::vector<int> counts;
    std::vector<int> offsets;
    for (int r = 0; r < size_; ++r) {
      counts.push_back(static_cast<int>(begins[r + 1] - begins[r]));
      offsets.push_back(static_cast<int>(begins[r]));
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, data.data(), counts.data(), offsets.data(), MPI_BYTE,
                   MPI_COMM_WORLD);
  }

  std::unique_ptr<Transfer> send(std::span<const std::byte> data, int to) override {
    auto transfer = std::make_unique<Requests>();
    in_pieces(data.size(), [&](std::size_t first, int count) {
      MPI_Isend(data.data() + first, count, MPI_BYTE, to, tag, MPI_COMM_WORLD, &transfer->all.emplace_back());
    });
    return transfer;
  }

  std::unique_ptr<Transfer> receive(std::span<std::byte> data, int from) override {
    auto transfer = std::make_unique<Requests>();
    in_pieces(data.size(), [&](std::size_t first, int count) {
      MPI_Irecv(data.data() + first, count, MPI_BYTE, from, tag, MPI_COMM_WORLD, &transfer->all.emplace_back());
    });
    return transfer;
  }

  std::unique_ptr<SharedFile> open_file(const std::filesystem::path& file, bool to_write) override {
    MPI_File opened = MPI_FILE_NULL;
    const int mode = to_write ? MPI_MODE_WRONLY : MPI_MODE_RDONLY;
    if (MPI_File_open(MPI_COMM_WORLD, file.c_str(), mode, MPI_INFO_NULL, &opened) != MPI_SUCCESS) return nullptr;
    return std::make_unique<MpiFile>(opened, to_write);  // errors of files are returned: MPI's default
  }

  void announce(std::span<std::byte> data) override {
    assert(data.size() <= most_bytes);
    MPI_Request request = MPI_REQUEST_NULL;
    MPI_Ibcast(data.data(), static_cast<int>(data.size()), MPI_BYTE, 0, MPI_COMM_WORLD, &request);
    if (rank_ == 0) {
      MPI_Wait(&request, MPI_STATUS_IGNORE);
      return;
    }
    int done = 0;
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE), done == 0) ::usleep(idle_us);
  }  // NOLINT(clang-analyzer-optin.mpi.MPI-Checker): it was waited for

  void abort() override { MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE); }

  void leave() override { MPI_Finalize(); }

 private:
  struct Requests final : Transfer {
    bool done() override {
      int all_done = 0;
      MPI_Testall(static_cast<int>(all.size()), all.data(), &all_done, MPI_STATUSES_IGNORE);
      return all_done != 0;
    }
    std::vector<MPI_Request> all;
  };

  void broadcast_from(int root, std::span<std::byte> data) {
    in_pieces(data.size(), [&](std::size_t first, int count) {
      MPI_Bcast(data.data() + first, count, MPI_BYTE, root, MPI_COMM_WORLD);
    });
  }

  int rank_ = 0;
  int size_ = 1;
  std::vector<std::string> hosts_;
};

}  // namespace

std::unique_ptr<World> join_world() {
  const bool started_as_rank = std::getenv("OMPI_COMM_WORLD_SIZE") != nullptr || std::getenv("PMIX_RANK") != nullptr;
  if (!started_as_rank) return nullptr;
  return std::make_unique<MpiWorld>();
}

std::string version() {
  std::array<char, MPI_MAX_LIBRARY_VERSION_STRING> text{};
  int length = 0;
  MPI_Get_library_version(text.data(), &length);
  std::string words = text.data();
  // "Open MPI v4.1.4, package: Debian OpenMPI, ident: ..."
  if (constexpr std::string_view own = "Open MPI v"; words.starts_with(own)) words.erase(0, own.size());
  return words.substr(0, words.find_first_of(",\n"));
}

}  // namespace frugal::mpi
