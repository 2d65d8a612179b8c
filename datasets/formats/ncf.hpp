// The split of He et al. 2017 (neural collaborative filtering): three files of dense indices.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>

#include "datasets/formats/text_writer.hpp"
#include "datasets/interactions/interactions.hpp"

namespace frugal::data {

/// Train and held-out files of USER<TAB>ITEM<TAB>RATING<TAB>TIME, and negatives as "(USER,ITEM)<TAB>NEGATIVE<TAB>...",
/// line for line with the held-out file. Ids are dense already and are kept; the result is in the order of users, then items,
/// whatever that of the lines is. Throws UserError, at file:line:column for
/// a line that does not fit, and when the three files contradict each other.
Split read_ncf(const std::filesystem::path& train, const std::filesystem::path& held_out,
               const std::filesystem::path& negatives);

/// Writes NAME.train.rating, and NAME.test.rating and NAME.test.negative beside it; they get their names at finish().
class NcfWriter {
 public:
  /// Throws UserError when `train` does not end in ".train.rating" or a file cannot be written.
  explicit NcfWriter(const std::filesystem::path& train);

  void add_train(const Interaction& pair, int rating, std::int64_t time);
  void add_held_out(const Interaction& pair, int rating, std::int64_t time, std::span<const std::uint32_t> negatives);
  void finish();

 private:
  explicit NcfWriter(const std::string& stem);

  TextWriter train_;
  TextWriter held_out_;
  TextWriter negatives_;
};

}  // namespace frugal::data
