// SHA-256 and git blob ids, by OpenSSL.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

namespace frugal {

/// 64 lower-case hex digits.
std::string sha256(std::string_view bytes);

/// SHA-256 of a file, read in pieces. Throws UserError when it cannot be read.
std::string sha256_file(const std::filesystem::path& path);

/// The id git gives a file's contents (SHA-1 over "blob <size>\0<contents>"), for sources that publish only that.
std::string git_blob_id(const std::filesystem::path& path);

/// MD5 of a file, for sources that publish only that. Not a security check.
std::string md5_file(const std::filesystem::path& path);

}  // namespace frugal
