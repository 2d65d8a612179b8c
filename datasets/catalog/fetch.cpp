#include "datasets/catalog/fetch.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "datasets/catalog/archive.hpp"
#include "datasets/catalog/check.hpp"
#include "impl/base/error.hpp"
#include "impl/base/files.hpp"
#include "impl/base/process.hpp"
#include "impl/base/sha256.hpp"

namespace frugal::data {
namespace {

using Say = std::function<void(const std::string&)>;
namespace fs = std::filesystem;

/// A folder of our own below `parent`, gone at the end.
class ScratchFolder {
 public:
  explicit ScratchFolder(const fs::path& parent) : path_(temporary_beside(parent / "fetch")) {
    std::error_code error;
    fs::create_directories(path_, error);
    if (error) {
      throw OutputError(fmt::format("{}: cannot write into this folder ({}); choose another one with '--to DIR'",
                                    parent.string(), error.message()));
    }
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The last non-empty line a program complained with, or how it ended.
std::string complaint(const ProcessResult& result, const std::string& program) {
  if (!result.started) return fmt::format("the program '{}' is not installed", program);
  std::string text = result.errors;
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  const auto line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  return text.empty() ? fmt::format("{} ended with exit code {}", program, result.exit_code) : text;
}

/// The one file that a package manager left in `dir` with this ending.
fs::path only_file(const fs::path& dir, const std::string& extension) {
  for (const auto& entry : fs::directory_iterator(dir)) {
    if (entry.path().extension() == extension) return entry.path();
  }
  throw UnavailableError(fmt::format("no {} file came", extension));
}

/// Each source either leaves what it fetched in its folder and returns it, or throws UnavailableError with a reason.
fs::path from_url(const std::string& url, const std::string& name, const fs::path& dir) {
  const ProcessResult result = run_process({"curl", "--fail", "--location", "--silent", "--show-error",
                                            "--connect-timeout", "20", "--retry", "2", "--output", name, url},
                                           dir);
  if (result.exit_code != 0) throw UnavailableError(complaint(result, "curl"));
  return dir / name;
}

/// The wheel for one fixed platform, so that every machine unpacks the same file.
fs::path from_pypi(const std::string& requirement, const fs::path& dir) {
  const ProcessResult result = run_process(
      {"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary",
       ":all:", "--python-version", "3.11", "--platform", "manylinux2014_x86_64", "--dest", ".", requirement},
      dir);
  if (result.exit_code != 0) throw UnavailableError(complaint(result, "python3 -m pip"));
  return only_file(dir, ".whl");
}

fs::path from_debian(const std::string& package, const fs::path& dir) {
  const ProcessResult result = run_process({"apt-get", "download", "--quiet", package}, dir);
  if (result.exit_code != 0) throw UnavailableError(complaint(result, "apt-get"));
  return only_file(dir, ".deb");
}

/// What was fetched from one place, kept while the other files of the manifest are taken from it.
class Sources {
 public:
  Sources(const Manifest& manifest, const fs::path& scratch, const Say& say)
      : manifest_(manifest), scratch_(scratch), say_(say) {}

  /// Writes the file to `to` from the first source that answers.
  void bring(const ManifestFile& file, const fs::path& to) {
    std::string reasons;
    const auto attempt = [&](const std::string& source, const auto& get) {
      try {
        get();
        return true;
      } catch (const OutputError&) {
        throw;  // it is no source's fault
      } catch (const UnavailableError& error) {
        reasons += fmt::format("\n  {}: {}", source, error.what());
        return false;
      }
    };
    if (!file.url.empty() && attempt(file.url, [&] { take_url(file, to); })) return;
    if (!manifest_.pypi.empty() && attempt("PyPI " + manifest_.pypi, [&] {
          extract_member(
              once("pypi " + manifest_.pypi, [&](const fs::path& dir) { return from_pypi(manifest_.pypi, dir); }),
              file.member, to);
        })) {
      return;
    }
    if (!manifest_.debian.empty() && attempt("Debian package " + manifest_.debian, [&] {
          extract_member(once("debian " + manifest_.debian,
                              [&](const fs::path& dir) { return from_debian(manifest_.debian, dir); }),
                         file.member, to);
        })) {
      return;
    }
    if (reasons.empty()) {
      throw UnavailableError(
          fmt::format("{} has no download that this program can use: get it from {} by hand and put it at {}",
                      file.path, manifest_.homepage, file.path));
    }
    throw UnavailableError(
        fmt::format("cannot fetch {} (offline?):{}\nBy hand: get {}{} and put it at {} below a data folder", file.path,
                    reasons, file.url.empty() ? manifest_.homepage : file.url,
                    file.member.empty() ? "" : fmt::format(" (in it: {})", file.member), file.path));
  }

 private:
  void take_url(const ManifestFile& file, const fs::path& to) {
    const std::string name = fs::path(file.url).filename().string();
    const fs::path got = once(file.url, [&](const fs::path& dir) {
      fs::path path = from_url(file.url, name, dir);
      if (!file.archive_md5.empty()) {
        const std::string md5 = md5_file(path);
        if (md5 != file.archive_md5) {
          throw UserError(fmt::format("what came from {} is not what is published: md5 {}, should be {}", file.url, md5,
                                      file.archive_md5));
        }
      }
      return path;
    });
    if (!file.member.empty()) return extract_member(got, file.member, to);
    copy_whole_file(got, to);
  }

  template <class Get>
  fs::path once(const std::string& key, const Get& get) {
    const auto known =
        std::find_if(fetched_.begin(), fetched_.end(), [&](const auto& pair) { return pair.first == key; });
    if (known != fetched_.end()) return known->second;
    say_("fetching " + key);
    const fs::path dir = scratch_ / std::to_string(fetched_.size());
    make_folders(dir);
    fetched_.emplace_back(key, get(dir));
    return fetched_.back().second;
  }

  const Manifest& manifest_;
  const fs::path& scratch_;
  const Say& say_;
  std::vector<std::pair<std::string, fs::path>> fetched_;
};

/// What is to be fetched: the files of the manifest that are not in the folder. Throws where something else lies in the place
/// of one: it may be a stand-in of the user's own.
std::vector<ManifestFile> missing_files(const Manifest& manifest, const fs::path& folder, const Say& say) {
  std::vector<ManifestFile> missing;
  for (const ManifestFile& file : manifest.files) {
    const FileCheck here = check_file(file, {folder});
    const fs::path target = folder / file.path;
    if (here.differs() && manifest.has_source())
      throw UserError({here.path.string()},
                      fmt::format("a file with other content lies where '{}' is to go ({}), and is left alone: move it "
                                  "away, or choose another folder with '--to DIR'",
                                  file.path, here.detail));
    if (!manifest.has_source() && (here.differs() || here.state == FileState::missing))
      throw UnavailableError(fmt::format(
          "'{}' is a data set of your own, to be had nowhere else, and {} {}. {}", manifest.name, target.string(),
          here.differs() ? "has changed since it was added" : "is missing", own_file_remedy));
    if (here.state != FileState::missing) {
      say(fmt::format("{} is here already ({})", file.path, here.detail));
      continue;
    }
    std::error_code ignored;
    if (fs::exists(fs::symlink_status(target, ignored)))
      throw UserError(
          {target.string()},
          fmt::format("this is no file, or a link to one that is missing, where '{}' is to go: move it away, "
                      "or choose another folder with '--to DIR'",
                      file.path));
    missing.push_back(file);
  }
  return missing;
}

}  // namespace

void fetch(const Manifest& manifest, const std::filesystem::path& folder, const Say& say) {
  const std::vector<ManifestFile> missing = missing_files(manifest, folder, say);
  if (missing.empty()) return;
  const ScratchFolder scratch(folder);
  Sources sources(manifest, scratch.path(), say);
  for (const ManifestFile& file : missing) {
    const fs::path target = folder / file.path;
    const fs::path staging = scratch.path() / "checked";
    make_folders((staging / file.path).parent_path());
    sources.bring(file, staging / file.path);
    const FileCheck check = check_file(file, {staging});
    if (check.differs()) {
      throw UserError({file.path},
                      fmt::format("what was fetched is not what the manifest describes: {}", check.detail));
    }
    // The scratch folder lies on the same file system.
    make_folders(target.parent_path());
    publish_file(staging / file.path, target);
    say(fmt::format("{}: {} bytes, {}", target.string(), fs::file_size(target), check.detail));
  }
}

}  // namespace frugal::data
