// The errors a user can cause or meet. Each maps to one exit code of the program; a bug is an assertion instead.
#pragma once
#include <new>
#include <stdexcept>
#include <string>

namespace frugal {

/// A place in a text file. Line and column count from 1; 0 means "the file as a whole".
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
  /// "file:line:column", "file:line" or "file", as far as known; empty when nothing is known.
  std::string str() const;
};

/// Bad plan, bad data file or bad usage (exit code 2). The message says where and what to do.
class UserError : public std::runtime_error {
 public:
  explicit UserError(const std::string& message) : std::runtime_error(message) {}
  UserError(const Place& place, const std::string& message);
};

/// Something needed is not there: a device, a data set, a network (exit code 4).
class UnavailableError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Output that cannot be written: a full disk, a folder without permission (exit code 4). What was to be written is not to
/// blame for it.
class OutputError : public UnavailableError {
 public:
  using UnavailableError::UnavailableError;
};

/// A device ran out of memory: std::bad_alloc (status `oom` of a cell) that says what was asked for and what was free.
class OutOfMemoryError : public std::bad_alloc {
 public:
  explicit OutOfMemoryError(const std::string& message) : message_(message) {}
  const char* what() const noexcept override { return message_.what(); }

 private:
  std::runtime_error message_;  // copies without throwing, which a string does not
};

}  // namespace frugal
