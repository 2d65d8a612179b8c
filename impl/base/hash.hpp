// Hashes of what files hold. They are part of the results: which row of a table a text has, which row of a file a seed
// draws. Never change them.
#pragma once
#include <cstdint>
#include <string_view>

namespace frugal {

/// FNV-1a, 64 bits (Fowler, Noll, Vo).
inline std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The hash of a sequence whose hash is `hash` so far and that goes on with `word`: the finaliser of MurmurHash3 in
/// Stafford's variant 13, as in SplitMix64.
inline std::uint64_t hash_with(std::uint64_t hash, std::uint64_t word) {
  std::uint64_t h = (hash + 0x9e3779b97f4a7c15) ^ word;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9;
  h = (h ^ (h >> 27)) * 0x94d049bb133111eb;
  return h ^ (h >> 31);
}

}  // namespace frugal
