// What differs where the program is watched by AddressSanitizer or ThreadSanitizer.
#pragma once

namespace frugal {

/// Is this a build with one of them? It then has shadow memory, open files and exit handlers that are not the program's.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool has_sanitizer = true;
#else
inline constexpr bool has_sanitizer = false;
#endif

}  // namespace frugal
