#!/usr/bin/env bash
# Installs what a bare Debian 12 / Ubuntu 24.04 machine lacks. Idempotent, quiet; prints only what it does.
#   ci/setup.sh                what building and testing need
#   ci/setup.sh --lint         also what ci/lint.sh needs; likewise --records, --docs, --tidy, --slurm, --mpi, --fuzz, --tsan,
#                              --coverage, --tex: the LaTeX that a test of tables compiles, --page: what looks at pages
#                              and figures, --consumers: the tools that read what reports write for them, --peers,
#                              --emulate: instructions that the processor lacks (may be combined; Ubuntu has no
#                              Chromium for apt)
# Debian packages come through apt. From PyPI, pinned by hash, come oneDNN 3 (Debian 12 has 2.6.3, which speaks the
# retired v2 API) and clang-format, so that everyone formats alike (Debian 12 has version 14, Ubuntu 24.04 has 18).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

packages=(g++ cmake ninja-build git ca-certificates python3 python3-pip
  libeigen3-dev libyaml-cpp-dev libboost-program-options-dev libgtest-dev libgmock-dev libbenchmark-dev
  librandom123-dev nlohmann-json3-dev libfmt-dev libpng-dev libjpeg-dev libsndfile1-dev libssl-dev libarchive-dev)
lint=
consumers=
for option in "$@"; do
  case $option in
    --lint) lint=yes packages+=(shellcheck pyflakes3 python3-yaml) ;;
    --records) packages+=(python3-jsonschema) ;;
    --consumers) consumers=yes packages+=(python3-venv) ;;
    --peers) packages+=(python3-venv python3-dev default-jre-headless) ;; # Inductor compiles against Python.h; Spark
    --docs) packages+=(doxygen) ;;
    --tidy) packages+=(clang-tidy) ;;
    --mpi) packages+=(libopenmpi-dev openmpi-bin) ;;
    --slurm) packages+=(slurm-wlm munge) ;;
    --fuzz) packages+=(clang libclang-rt-dev llvm) ;;
    --tsan) packages+=(libomp-dev) ;;
    --coverage) packages+=(gcovr) ;;
    --page) packages+=(chromium python3-matplotlib) ;;
    --emulate) packages+=(libsimde-dev) ;;
    --tex) packages+=(texlive-latex-extra texlive-science) ;;
    *) echo "usage: ci/setup.sh [--lint] [--records] [--docs] [--tidy] [--slurm] [--mpi] [--fuzz] [--tsan] [--coverage] [--page] [--tex] [--emulate] [--consumers] [--peers]" >&2; exit 2 ;;
  esac
done

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done

if ((${#missing[@]})); then
  if ! command -v apt-get >/dev/null; then
    echo "ci/setup.sh: needs Debian 12 or Ubuntu 24.04 (apt-get not found). Install by hand: ${missing[*]}" >&2
    exit 4
  fi
  sudo=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "ci/setup.sh: not root, and these packages are missing: ${missing[*]}" >&2
      echo "  run: sudo ci/setup.sh" >&2
      exit 4
    fi
    sudo=(sudo)
  fi
  echo "ci/setup.sh: installing ${missing[*]}" >&2
  log=$(mktemp)
  if ! { "${sudo[@]}" apt-get update -qq &&
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "ci/setup.sh: apt-get failed (offline?). Full log: $log" >&2
    exit 4
  fi
  rm -f "$log"
fi

cmake_version=$(cmake --version | head -n 1 | grep -oE '[0-9]+\.[0-9]+')
if [[ "$(printf '%s\n' 3.25 "$cmake_version" | sort -V | head -n 1)" != 3.25 ]]; then
  echo "ci/setup.sh: CMake 3.25 or newer is needed, this machine has $cmake_version (Debian 12 and Ubuntu 24.04 are new enough)" >&2
  exit 4
fi

# fetch_wheels NAME REQUIREMENT...: unpacks wheels of PyPI, each checked by its hash, side by side below $unpacked.
scratch=
trap 'rm -rf "$scratch"' EXIT
fetch_wheels() {
  echo "ci/setup.sh: fetching $1 from PyPI" >&2
  rm -rf "$scratch"
  scratch=$(mktemp -d)
  unpacked=$scratch/unpacked
  printf '%s\n' "${@:2}" >"$scratch/requirements.txt"
  if ! python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
    -d "$scratch" -r "$scratch/requirements.txt"; then
    echo "ci/setup.sh: could not fetch $1 from PyPI (offline?)" >&2
    exit 4
  fi
  for wheel in "$scratch"/*.whl; do python3 -m zipfile -e "$wheel" "$unpacked"; done
}

prefix=.deps/onednn
version=2023.2.0
if [[ "$(cat "$prefix/.version" 2>/dev/null)" != "$version" ]]; then
  fetch_wheels "oneDNN 3.2" \
    "onednn-cpu-gomp==$version --hash=sha256:2f22a54d6a890ed14bfa185d42a4be65d8b5b1df85dc1f0f3a9abe31620416fb" \
    "onednn-devel-cpu-gomp==$version --hash=sha256:9763c69e8c907e119056bd52ad918ca84ac9ba939d130a99dfa95ccca3e5e284"
  rm -rf "$prefix" && mkdir -p "$prefix"
  for data in "$unpacked"/*.data/data; do cp -r "$data/." "$prefix/"; done
  # A wheel cannot hold links, so the library comes three times: keep one.
  ln -sf libdnnl.so.3.2 "$prefix/lib/libdnnl.so.3"
  ln -sf libdnnl.so.3 "$prefix/lib/libdnnl.so"
  echo "$version" >"$prefix/.version"
fi

prefix=.deps/clang-format
version=14.0.6
if [[ -n "$lint" && "$(cat "$prefix/.version" 2>/dev/null)" != "$version" ]]; then
  fetch_wheels "clang-format $version" \
    "clang-format==$version --hash=sha256:d7c1c5e404c58e55f0170f01b3c5611dce6c119e62b5d1020347e0ad97d5a047"
  rm -rf "$prefix" && mkdir -p "$prefix"
  install -m 755 "$unpacked/clang_format/data/bin/clang-format" "$prefix/"
  echo "$version" >"$prefix/.version"
fi

requirements=tests/end_to_end/consumers.txt
if [[ -n "$consumers" ]] && ! cmp -s "$requirements" .deps/consumers/installed.txt; then
  echo "ci/setup.sh: installing $requirements from PyPI" >&2
  rm -rf .deps/consumers
  python3 -m venv .deps/consumers
  if ! .deps/consumers/bin/pip install --quiet --disable-pip-version-check --requirement "$requirements"; then
    echo "ci/setup.sh: could not install $requirements from PyPI (offline?)" >&2
    exit 4
  fi
  cp "$requirements" .deps/consumers/installed.txt
fi
