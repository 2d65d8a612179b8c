// One file out of an archive: zip (also wheels), tar, Debian packages, or a single compressed file.
#pragma once
#include <filesystem>
#include <string>

namespace frugal::data {

/// Writes `member` of `archive` to `to`. A leading "./" and leading folders do not matter: "skimage/data/x.png" also
/// finds "./usr/lib/python3/dist-packages/skimage/data/x.png". A name inside the archive is never a place to write to.
/// Throws UserError when the archive is damaged or has no such member, or only a link of that name.
void extract_member(const std::filesystem::path& archive, const std::string& member, const std::filesystem::path& to);

}  // namespace frugal::data
