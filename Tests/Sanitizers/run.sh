#!/bin/bash
# Runs the tests of queues, ledger and runner under ThreadSanitizer, then under AddressSanitizer;
# any report fails. First the sanitizer must find a planted race, and nothing where there is none.
#
#     Tests/Sanitizers/run.sh [thread] [address]
#
# Our modules and the Swift packages are instrumented, the C libraries that those bring are not: one
# build folder then serves both kinds, and the C libraries, most of the work, are compiled once.
set -euo pipefail
cd "$(dirname "$0")/../.."
export SWIFT_BACKTRACE=enable=no ANAGEN_SANITIZED=1
here=Tests/Sanitizers
suites='^(BoundedQueuesTests|LedgerTests|PipelineRunnerTests)\.'
# What measures time and memory says nothing in an instrumented process. The suites run one after
# another, since their time limits are those of a process that is some ten times quicker.
measuring='QueueBenchmark|CeilingTests|MemoryLimitTests'

annotations=$PWD/.build/sanitizers/libmutex_annotations.so
with_annotations() { LD_PRELOAD=$annotations "$@"; }

prove_that_races_are_found() {
  mkdir -p .build/sanitizers
  clang -O2 -Wall -Wextra -Werror -fPIC -shared "$here/mutex_annotations.c" -o "$annotations"
  swiftc -parse-as-library -sanitize=thread "$here/planted_race.swift" -o .build/sanitizers/planted_race
  if ! with_annotations .build/sanitizers/planted_race; then
    echo "error: a race is reported where a lock guards everything" >&2
    exit 1
  fi
  if with_annotations .build/sanitizers/planted_race race 2>.build/sanitizers/report; then
    echo "error: the planted race was not found" >&2
    exit 1
  fi
  grep -q "WARNING: ThreadSanitizer" .build/sanitizers/report
  echo "the planted race was found, and nothing where a lock guards"
}

run() {
  local kind=$1 start=$SECONDS
  shift
  echo "== $kind sanitizer: build"
  swift build --quiet --build-tests -Xswiftc -sanitize="$kind" --scratch-path .build/sanitizers/build
  echo "== $kind sanitizer: run ($((SECONDS - start)) s to build)"
  "$@" swift test --quiet -Xswiftc -sanitize="$kind" --scratch-path .build/sanitizers/build \
    --skip-build --disable-xctest --no-parallel --filter "$suites" --skip "$measuring"
  echo "== $kind sanitizer: clean ($((SECONDS - start)) s)"
}

if [ $# -eq 0 ]; then set -- thread address; fi
for kind in "$@"; do
  case $kind in
  thread)
    prove_that_races_are_found
    run thread with_annotations
    ;;
  address) run address env LSAN_OPTIONS=suppressions="$PWD/$here/leaks.supp" ;;
  *)
    echo "usage: run.sh [thread] [address]" >&2
    exit 64
    ;;
  esac
done
