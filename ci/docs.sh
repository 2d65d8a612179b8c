#!/usr/bin/env bash
# Documentation of the public headers, by Doxygen, to build/doxygen/html; a warning is an error.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --docs
mkdir -p build
doxygen Doxyfile
echo "docs: build/doxygen/html/index.html"
