# Compiler options shared by every target: `target_link_libraries(x PRIVATE frugal_options)`.
add_library(frugal_options INTERFACE)
target_include_directories(frugal_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(frugal_options INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
                              -Wno-restrict>  # false positives in std::string, g++ 12 (PR 105651)
  $<$<COMPILE_LANGUAGE:CXX>:-ffp-contract=off -fno-math-errno -fno-trapping-math>)
# nvcc's own rewriting of host code warns where the source does not; the C++ compiler sees the same files for the shim.
target_compile_options(frugal_options INTERFACE
  $<$<COMPILE_LANGUAGE:CUDA>:--expt-relaxed-constexpr -Xcompiler=-Wall,-Wextra,-ffp-contract=off>)
# Functions of shared libraries are looked up when the program starts, not at their first call: every cell of a sweep is a
# fork of one process, and would look them up again.
target_link_options(frugal_options INTERFACE -Wl,-z,now)
if(FRUGAL_WARNINGS_AS_ERRORS)
  target_compile_options(frugal_options INTERFACE $<$<COMPILE_LANGUAGE:CUDA>:-Werror=all-warnings -Xcompiler=-Werror>)
  target_compile_options(frugal_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:-Werror>)
endif()
if(FRUGAL_ASSERTIONS)
  target_compile_options(frugal_options INTERFACE -UNDEBUG)
  target_compile_definitions(frugal_options INTERFACE _GLIBCXX_ASSERTIONS)
endif()
if(FRUGAL_SANITIZE)
  # Instrumented, g++ 12 takes std::regex for uninitialised.
  add_compile_options(-fsanitize=${FRUGAL_SANITIZE} -fno-omit-frame-pointer -Wno-maybe-uninitialized)
  add_link_options(-fsanitize=${FRUGAL_SANITIZE})
endif()

# frugal_library(NAME DEPS...): a static library of every .cpp in and below the current folder.
function(frugal_library name)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC frugal_options ${ARGN})
endfunction()
