// Drives a fuzz target without libFuzzer, so that it runs in every build: mutates the seed inputs with a fixed random
// sequence and calls the target. It catches nothing: an exception or a signal that leaves the target fails the run, and
// the input is left in the file "crash-NAME" of the working folder.
//
//   fuzz_NAME ITERATIONS FILE_OR_FOLDER...
//
// With clang, link the target with -fsanitize=fuzzer instead of this file for coverage-guided runs.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
namespace fs = std::filesystem;

constexpr std::size_t max_input_bytes = 8192;

std::vector<Bytes> read_seeds(int count, char** paths) {
  std::vector<fs::path> files;
  for (int i = 0; i < count; ++i) {
    if (!fs::is_directory(paths[i])) {
      files.emplace_back(paths[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(paths[i])) files.push_back(entry.path());
  }
  std::ranges::sort(files);  // the order of a folder is the file system's; the run must not depend on it
  std::vector<Bytes> seeds;
  for (const fs::path& path : files) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

/// One random edit of a kind that breaks parsers: flips, syntax characters, copies from elsewhere, cuts.
class Mutator {
 public:
  explicit Mutator(const std::vector<Bytes>& seeds) : seeds_(seeds) {}

  Bytes next() {
    Bytes input = seeds_[below(seeds_.size())];
    for (std::size_t edits = 1 + below(6); edits > 0; --edits) mutate(input);
    if (input.size() > max_input_bytes) input.resize(max_input_bytes);
    return input;
  }

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void mutate(Bytes& input) {
    static constexpr char syntax[] = "{}[]:,-#&*!|>'\"%@`?~<.=\\/\n\t \r019eE+";
    const std::size_t at = below(input.size() + 1);
    const auto position = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(7)) {
      case 0:  // flip one bit
        if (at < input.size()) input[at] = static_cast<std::uint8_t>(input[at] ^ (1U << below(8)));
        break;
      case 1:
        input.insert(position, static_cast<std::uint8_t>(below(256)));
        break;
      case 2:
        input.insert(position, static_cast<std::uint8_t>(syntax[below(sizeof syntax - 1)]));
        break;
      case 3:  // repeat one character
        input.insert(position, 1 + below(40), static_cast<std::uint8_t>(syntax[below(sizeof syntax - 1)]));
        break;
      case 4:
        input.erase(position,
                    position + static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(input.size() - at, 32) + 1)));
        break;
      case 5:
        input.resize(at);
        break;
      default:
        splice(input, at);
    }
  }

  /// Inserts a piece of a seed.
  void splice(Bytes& input, std::size_t at) {
    const Bytes& other = seeds_[below(seeds_.size())];
    const std::size_t begin = below(other.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(other.size() - begin, 64) + 1);
    const auto from = other.begin() + static_cast<std::ptrdiff_t>(begin);
    input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), from, from + static_cast<std::ptrdiff_t>(length));
  }

  const std::vector<Bytes>& seeds_;
  std::mt19937 random_{20240229};
};

void call(const Bytes& input, const fs::path& crash_file) {
  std::ofstream(crash_file, std::ios::binary | std::ios::trunc)
      .write(reinterpret_cast<const char*>(input.data()), static_cast<std::streamsize>(input.size()));
  LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const long iterations = argc > 2 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (iterations <= 0) {
    std::cerr << "usage: " << argv[0] << " ITERATIONS FILE_OR_FOLDER...\n";
    return 2;
  }
  const std::vector<Bytes> seeds = read_seeds(argc - 2, argv + 2);
  if (seeds.empty()) {
    std::cerr << "no seed inputs\n";
    return 2;
  }
  const fs::path crash_file = "crash-" + fs::path(argv[0]).filename().string();
  for (const Bytes& seed : seeds) call(seed, crash_file);
  Mutator mutator(seeds);
  for (long i = 0; i < iterations; ++i) call(mutator.next(), crash_file);
  fs::remove(crash_file);
  std::cout << seeds.size() << " seeds, " << iterations << " mutated inputs\n";
  return 0;
}
