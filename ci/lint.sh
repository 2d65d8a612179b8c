#!/usr/bin/env bash
# What can be said of the sources without building them: layout, direction of the includes, shell, Python, YAML, links,
# whether each planted error of tests/mutants.tsv still has its place, and whether what the READMEs claim follows from the
# committed records.
#   ci/lint.sh [format|arrows|shell|python|yaml|docs|mutants|claims]...      default: all
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
ci/setup.sh --lint

lint() {
  case $1 in
    format) ci/format.sh ;;
    arrows) python3 ci/arrows.py ;;
    shell) git grep -lz '^#!/usr/bin/env bash' | xargs -0 shellcheck ;;
    python) git ls-files -z '*.py' | xargs -0 pyflakes3 ;;
    # The system's Python has the system's yaml. An error names file, line and column.
    yaml) git ls-files -z '*.yaml' '*.cff' .clang-format .clang-tidy ':!tests/fuzz' | xargs -0 /usr/bin/python3 -c '
import sys, yaml
for name in sys.argv[1:]:
    try:
        with open(name, encoding="utf-8") as stream:
            list(yaml.safe_load_all(stream))
    except yaml.YAMLError as error:
        sys.exit(str(error))' ;;
    docs) /usr/bin/python3 ci/check_docs.py ;;
    mutants) python3 ci/mutants.py --check ;;
    claims) /usr/bin/python3 ci/claims.py ;;
    *) echo "ci/lint.sh: there is format, arrows, shell, python, yaml, docs, mutants, claims" >&2; exit 2 ;;
  esac
}

parts=("$@")
if ((${#parts[@]} == 0)); then parts=(format arrows shell python yaml docs mutants claims); fi
failed=0
for part in "${parts[@]}"; do
  if lint "$part"; then
    echo "lint $part: ok"
  else
    echo "lint $part: failed$([[ $part != format ]] || echo '; ci/format.sh --fix mends it')" >&2
    failed=1
  fi
done
exit "$failed"
