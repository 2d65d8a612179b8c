#!/usr/bin/env bash
# Packs what the build needs and a GPU machine without registries lacks: headers, CMake files and shared libraries with
# all they need, laid out as below /usr. The compiler, CMake 3.25, make or ninja, and nvcc must be there; glibc and g++
# no older than here. oneDNN stays behind: ci/gpu.sh builds without the cpu back end.
#   ci/make_gpu_bundle.sh [FILE]      default: build/gpu_bundle.tar.gz
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh
out=${1:-build/gpu_bundle.tar.gz}
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

copy() { # files below /usr, to the same place below the prefix; a link brings what it points to
  while IFS= read -r file; do
    mkdir -p "$prefix/$(dirname "${file#/usr/}")"
    cp -a "$file" "$prefix/${file#/usr/}"
  done
}

packages=(libeigen3-dev libyaml-cpp-dev libgtest-dev libgmock-dev librandom123-dev nlohmann-json3-dev libfmt-dev
  libpng-dev zlib1g-dev libsndfile1-dev libssl-dev libarchive-dev
  "$(dpkg -S libboost_program_options.a | cut -d: -f1)")
mapfile -t files < <(dpkg -L "${packages[@]}" | grep -E '^/usr/(include|lib|share/eigen3|share/cmake)/' | sort -u)
# Static libraries only where there is no shared one (GoogleTest).
for file in "${files[@]}"; do
  [[ -f "$file" || -L "$file" ]] || continue
  [[ "$file" == *.a && -e "${file%.a}.so" ]] || echo "$file"
done | copy

# Headers by architecture: a compiler looks there only below /usr.
for folder in "$prefix"/include/*-linux-gnu; do
  cp -a "$folder/." "$prefix/include/"
  rm -rf "$folder"
done

# Of Boost, the headers that the sources read, and the CMake files.
{
  git grep -h '^#include <boost/' -- benchmarks datasets impl tests | sort -u | g++ -std=c++20 -M -x c++ - |
    tr '\\ ' '\n' | grep '^/usr/include/boost/'
  dpkg -L "$(dpkg -S /usr/include/boost/version.hpp | cut -d: -f1)" | grep -E '/cmake/.*\.cmake$'
} | copy

# A link with an absolute target, as libz.so is, would leave the prefix.
find "$prefix" -type l -lname '/*' | while IFS= read -r link; do ln -sfn "$(basename "$(readlink "$link")")" "$link"; done

# The libraries behind the links, and theirs, but for what comes with a compiler.
mapfile -t libraries < <(find "$prefix" -name '*.so' -printf '/usr/%P\n')
{
  readlink -f "${libraries[@]}"
  ldd "${libraries[@]}" | awk '$2 == "=>" {print $3}' | grep -vE '/(libc|libm|libdl|librt|libpthread|libgcc_s|libstdc\+\+|libgomp)\.so'
} | sort -u | while IFS= read -r file; do
  real=$(readlink -f "$file")
  target=$prefix/lib/$(basename "$(dirname "$real")")
  mkdir -p "$target"
  cp -n "$real" "$target/"
  soname=$(objdump -p "$real" | awk '$1 == "SONAME" {print $2}')
  [[ -e "$target/$soname" ]] || ln -s "$(basename "$real")" "$target/$soname"
done

mkdir -p "$(dirname "$out")"
tar -C "$prefix" -czf "$out" .
echo "$out: $(du -h "$out" | cut -f1), for glibc $(ldd --version | head -n 1 | grep -oE '[0-9.]+$') or newer"
