// Memory that starts on a cache line, so that a padded row is whole cache lines and a vector load never crosses two.
// Large arrays ask for huge pages: at random rows of a table, a page that the processor does not know costs as much as
// the row.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>

namespace frugal::cpu {

template <class T>
class AlignedBuffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t huge_page = std::size_t{1} << 21;

  AlignedBuffer() = default;
  /// Uninitialised.
  explicit AlignedBuffer(std::size_t size) : size_(size) {
    const std::size_t start = size * sizeof(T) >= 2 * huge_page ? huge_page : alignment;
    const std::size_t bytes = (size * sizeof(T) + start - 1) / start * start;
    data_.reset(static_cast<T*>(std::aligned_alloc(start, bytes > 0 ? bytes : start)));
    if (!data_) throw std::bad_alloc();
    if (start == huge_page) madvise(data_.get(), bytes, MADV_HUGEPAGE);  // a wish; it may be refused
  }

  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  T* begin() { return data(); }
  T* end() { return data() + size_; }
  T& operator[](std::size_t i) { return data_.get()[i]; }
  const T& operator[](std::size_t i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const { std::free(p); }
  };
  std::unique_ptr<T, Free> data_;
  std::size_t size_ = 0;
};

}  // namespace frugal::cpu
