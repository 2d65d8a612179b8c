#!/usr/bin/env bash
# Documentation of the public headers, by Doxygen, to build/doxygen/html; a warning is an error.
#   ci/docs.sh --update [PROGRAM]     writes docs/parameters.md anew instead; default: build/release/frugal
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ "${1:-}" == --update ]]; then
  made=$(mktemp -d)
  trap 'rm -rf "$made"' EXIT
  "${2:-build/release/frugal}" __documents "$made"
  cp "$made/parameters.md" docs/
  exit
fi
ci/setup.sh --docs
mkdir -p build
doxygen Doxyfile
echo "docs: build/doxygen/html/index.html"
