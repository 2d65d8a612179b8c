// The split of He et al. 2017 (neural collaborative filtering): three files of dense indices.
#pragma once
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "datasets/formats/text_writer.hpp"
#include "datasets/interactions/interactions.hpp"
#include "impl/base/names.hpp"

namespace frugal::data {

/// What becomes of what published files hold and their format does not promise. Always, as the published evaluation does by
/// keeping the scores of a list in a map: the held-out item among its own negatives does not count, and a repeated negative counts
/// once. published: negatives that the user has in training, held-out pairs that are in training too, and held-out users
/// without training are kept. cleaned: these negatives and users are left out, and these pairs are not trained on.
enum class NcfLists { published, cleaned };

inline constexpr Named<NcfLists> ncf_lists_names[] = {{NcfLists::published, "published"},
                                                      {NcfLists::cleaned, "cleaned"}};

/// A split with lists of candidates.
struct NcfSplit : Split {
  std::string odd_pairs;  ///< the end of the protocol: what was found odd whatever the candidates are
};

/// Train and held-out files of USER<TAB>ITEM and more columns that are not read, and negatives as
/// "(USER,ITEM)<TAB>NEGATIVE<TAB>...", line for line with the held-out file. Ids are dense already and are kept; the
/// result is in the order of users, then items, whatever that of the lines is. The protocol says what was found odd.
/// Throws UserError, at file:line:column for a line that does not fit, and when the files contradict each other.
NcfSplit read_ncf(const std::filesystem::path& train, const std::filesystem::path& held_out,
                  const std::filesystem::path& negatives, NcfLists lists = NcfLists::published);

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
