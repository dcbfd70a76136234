# Every target can be run on its own from a clean clone; `make` shows what there is.
#
# One configuration, release, serves the program, the demo and the tests: a second one would build
# every dependency twice, and pixel code is some fifty times slower without optimisation.

SWIFT  ?= swift
PREFIX ?= /usr/local
# How long made-up bytes are fed to what reads those of stages; a night finds more.
FUZZING_SECONDS ?= 30
# Where the demo writes; a folder that exists is continued, not overwritten.
DEMO   ?= demo-output

# The C libraries behind the image codecs and the ledger; the cameras.
PACKAGES := libjpeg-dev libpng-dev libtiff-dev liblcms2-dev libsqlite3-dev \
  libudev-dev linux-libc-dev
# What tests ask of the machine: a reader of OpenMetrics, curl, the checker of unit files.
TEST_PACKAGES := python3-prometheus-client curl systemd
# The guest's kernel is built from its source; udev and v4l-utils run in the guest.
HARDWARE_PACKAGES := linux-source gcc make bc bison flex perl udev v4l-utils xz-utils
# What the examples' authors need beside a Swift toolchain and a C compiler.
PLUGIN_PACKAGES := python3-pip python3-numpy mypy make gcc libc6-dev
# What the scorer's own tests need.
SCORER_PACKAGES := python3-numpy python3-scipy

# A crash then ends at once: the interactive backtracer waits on a pipe that nobody reads.
export SWIFT_BACKTRACE := enable=no
# Tests at a time in one process. Without a bound all start at once and share two threads, and a
# test's time limit then measures the others.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH := 4

.PHONY: help setup build demo damaged-frames test test-swift test-scorer test-pipelines test-plugins \
  test-memory test-hardware \
  test-sanitizers benchmark faults lint install clean

help:
	@echo "make demo     render scalps, measure them, end with a table and a report ($(DEMO)/)"
	@echo "make test     install what is needed, build, run every test"
	@echo "make build    build .build/release/anagen"
	@echo "make faults   kill, cut and fail everything that can be (docs/faults.md)"
	@echo "make damaged-frames   a thousand frames damaged in each of 17 ways"
	@echo "make lint     check the formatting"
	@echo "make test-hardware    cameras, on a kernel of its own with simulated dermatoscopes"
	@echo "make test-sanitizers  queues, ledger and runner under ThreadSanitizer and AddressSanitizer,"
	@echo "                      and made-up bytes for the stage protocol (FUZZING_SECONDS=30)"
	@echo "make benchmark        how quick the runner is (minutes; 3 GB below TMPDIR)"
	@echo "make install  copy anagen to $(PREFIX)/bin, its service to $(PREFIX)/lib/systemd,"
	@echo "              the rules for cameras to /etc/udev/rules.d"
	@echo "make clean    remove what was built and $(DEMO)/"

setup:
	@.ci/install-packages $(PACKAGES)

build: setup
	@echo "== build (the first takes some minutes)"
	@$(SWIFT) build --quiet -c release --product anagen

demo: build
	@echo "== demo"
	@# A picture has its subject's number burned in on purpose: it is held, and its row released,
	@# so the run ends with 1, "done with records set aside".
	@.build/release/anagen run Pipelines/demo.yaml --var data="$(DEMO)" || [ $$? -eq 1 ]

test: test-scorer test-pipelines test-plugins test-swift

test-swift: setup
	@.ci/install-packages $(TEST_PACKAGES)
	@echo "== build the tests (the first takes some minutes)"
	@$(SWIFT) build --quiet -c release --build-tests
	@echo "== run the tests"
	@# Tests that wait for a child hold a thread each, and those of sockets must be answered in time:
	@# in one process they would starve each other.
	@$(SWIFT) test --quiet -c release --skip-build --disable-xctest --filter LocalSocketsTests
	@$(SWIFT) test --quiet -c release --skip-build --disable-xctest --filter 'CommandTests|EndToEndTests'
	@$(SWIFT) test --quiet -c release --skip-build --disable-xctest \
	  --skip 'CommandTests|EndToEndTests|LocalSocketsTests'

# Every boundary, every cut, every failing call, 2,000 kills of runs and 10,000 of stages' processes;
# `make test` plays some of each.
faults: setup
	@echo "== build the tests"
	@$(SWIFT) build --quiet -c release --build-tests
	@echo "== make every fault (some hours)"
	@ANAGEN_FAULTS=all $(SWIFT) test -c release --skip-build --disable-xctest \
	  --filter 'KillPoint|Sigkill|ProcessKill|PowerCut|CutLedger|Disk(Fault|Reserve)|MemoryLimit|BadLedger|BadPlace'

# A thousand frames damaged in each way; `make test` plays 100.
damaged-frames: setup
	@$(SWIFT) build --quiet -c release --build-tests
	@ANAGEN_DAMAGED_FRAMES=1000 $(SWIFT) test -c release --skip-build --disable-xctest \
	  --filter DamageCampaignTests | grep -v '^.. Test case'

# A Python that is not Debian's does not see Debian's packages, hence the two places.
test-scorer:
	@python3 -c 'import numpy, scipy' 2>/dev/null || .ci/install-packages $(SCORER_PACKAGES)
	@echo "== run the scorer's tests"
	@for python in python3 /usr/bin/python3; do \
	  if $$python -c 'import numpy, scipy' 2>/dev/null; then \
	    exec $$python -m unittest discover -q -s Benchmarks; \
	  fi; \
	done; \
	echo "error: no python3 with numpy and scipy; pip install -r Benchmarks/requirements.txt" >&2; \
	exit 69

# The tests that the pipelines hold.
test-pipelines: build
	@echo "== run the pipelines' tests"
	@for pipeline in Pipelines/*.yaml; do \
	  echo "$$pipeline"; .build/release/anagen test "$$pipeline" || exit 1; \
	done

# New plugins and the examples, as outsiders build and test them.
test-plugins: build
	@.ci/install-packages $(PLUGIN_PACKAGES)
	@echo "== build and test plugins as their authors do"
	@Examples/check

# 300 pictures; Benchmarks/README.md has the last result of 20,000.
test-memory: build
	@echo "== hold a run to its memory ceiling"
	@Benchmarks/memory_ceiling.py --count 300

test-sanitizers: setup
	@Tests/Sanitizers/run.sh
	@Fuzzing/run $(FUZZING_SECONDS)

benchmark: setup
	@$(SWIFT) build --quiet -c release --product runner-benchmark
	@for job in copy records ledger recovery frames; do .build/release/runner-benchmark $$job; done

# The first builds the guest's kernel, some 6 minutes of one core.
test-hardware: setup
	@.ci/install-packages $(HARDWARE_PACKAGES)
	@echo "== build the tests"
	@$(SWIFT) build --quiet -c release --build-tests
	@Tests/Hardware/check

lint:
	@echo "== lint"
	@$(SWIFT) format lint --strict --parallel -r Sources Plugins Tests Benchmarks Package.swift \
	  Examples/*/Package.swift Examples/*/Sources Examples/*/Tests

install: build
	install -D -m 0755 .build/release/anagen "$(DESTDIR)$(PREFIX)/bin/anagen"
	install -D -m 0644 -t "$(DESTDIR)$(PREFIX)/lib/systemd/system" Packaging/systemd/anagen@.service
	install -D -m 0644 -t "$(DESTDIR)/etc/udev/rules.d" udev/70-dermatoscope.rules

clean:
	rm -rf .build "$(DEMO)"
