#include "impl/base/sha256.hpp"

#include <openssl/evp.h>

#include <array>
#include <cassert>
#include <memory>
#include <span>
#include <vector>

#include "impl/base/error.hpp"
#include "impl/base/files.hpp"

namespace frugal {
namespace {

class Digest {
 public:
  explicit Digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    // A build of OpenSSL in FIPS mode refuses MD5: that is the machine's doing, not a bug.
    if (!context_ || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) {
      throw UnavailableError("OpenSSL on this machine does not offer this digest (FIPS mode?)");
    }
  }

  void add(std::string_view bytes) {
    [[maybe_unused]] const int ok = EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
    assert(ok == 1);
  }

  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    [[maybe_unused]] const int ok = EVP_DigestFinal_ex(context_.get(), bytes.data(), &size);
    assert(ok == 1);
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const unsigned char byte : std::span(bytes).first(size)) {
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

void add_file(Digest& digest, const std::filesystem::path& path) {
  const FileHandle file = open_file(path);
  std::vector<char> piece(std::size_t{1} << 20);
  while (const std::size_t got = read_piece(file.get(), piece.data(), piece.size(), path))
    digest.add({piece.data(), got});
}

}  // namespace

std::string sha256(std::string_view bytes) {
  Digest digest(EVP_sha256());
  digest.add(bytes);
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  Digest digest(EVP_sha256());
  add_file(digest, path);
  return digest.hex();
}

std::string git_blob_id(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw UserError({path.string()}, "cannot read this file: " + error.message());
  Digest digest(EVP_sha1());
  digest.add("blob " + std::to_string(size) + std::string(1, '\0'));
  add_file(digest, path);
  return digest.hex();
}

std::string md5_file(const std::filesystem::path& path) {
  Digest digest(EVP_md5());
  add_file(digest, path);
  return digest.hex();
}

}  // namespace frugal
