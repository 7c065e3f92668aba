# make demo   build, and caption a dozen pictures with the simulated provider
# make test   run every test
# make test-fresh  what the demo does, in a new, minimal Debian
# make bench      what parts of the engine cost, and how fast images are sent beside wrk, aiohttp and the openai SDK
# make bench-images  how fast photographs are prepared, beside vipsthumbnail, and the most memory that images take
# make measure    how much of a server's limits the scheduler uses, about an hour
# make crash      kill it a thousand times, and compare the store with the provider's books
# make chaos      run against every fault of the simulated provider, and kill, stop and interrupt it
# make fuzz       feed the readers of image files and archives with hostile bytes
# make million    plan, resume and export a million images
# make simulate   run thousands of whole jobs under a fake clock
# Both install what is missing first (Debian and Ubuntu packages; Swift itself they only ask for).

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# What opens images that must be converted, and what the tests and benchmarks compare it with. Releases know some packages
# by other names: .ci/packages takes the one that there is.
IMAGE_PACKAGES := 'libvips42t64|libvips42' libvips-tools

# debug builds faster, release runs faster.
CONFIGURATION ?= release
# What Swift itself needs on a system that has little else, then what the package does.
PACKAGES := git ca-certificates binutils libc6-dev 'libstdc++-*-dev' libncurses6 'libcurl4t64|libcurl4' 'libxml2|libxml2-16' \
	libsqlite3-dev zlib1g-dev
SWIFT_FLAGS := --explicit-target-dependency-import-check error
SOURCES := Package.swift Sources Tests .ci/fuzz

.PHONY: demo test test-fresh bench bench-images chaos crash fuzz million simulate build format lint measure clean setup
.DEFAULT_GOAL := build

setup:
	@if ! command -v swift >/dev/null; then \
		echo "Swift 6.2 or newer is needed and 'swift' is not on the PATH." >&2; \
		echo "Install it from https://www.swift.org/install/linux/ (swiftly: one command), then run make again." >&2; \
		exit 1; \
	fi
	@.ci/packages $(PACKAGES) $(IMAGE_PACKAGES)
	@version=$$(swift --version 2>&1) || { echo "'swift --version' fails: $$version" >&2; exit 1; }; \
	version=$$(sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' <<<"$$version" | head -1); \
	if [ "$$(printf '%s\n6.2\n' "$$version" | sort -V | head -1)" != 6.2 ]; then \
		echo "Swift 6.2 or newer is needed and this is Swift $$version: https://www.swift.org/install/linux/" >&2; \
		exit 1; \
	fi

build: setup
	swift build -c $(CONFIGURATION) --product caption $(SWIFT_FLAGS)

demo: build
	@caption=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption; store=.build/demo.sqlite; \
	rm -f $$store $$store-wal $$store-shm; \
	echo; echo '$$ caption run jobs/demo.yaml'; \
	$$caption run jobs/demo.yaml --store $$store; \
	echo; echo '$$ caption status jobs/demo.yaml'; \
	$$caption status jobs/demo.yaml --store $$store; \
	echo; echo '$$ caption export jobs/demo.yaml | head -5'; \
	$$caption export jobs/demo.yaml --store $$store | head -5; \
	echo; \
	echo "The same with Qwen-VL: export DASHSCOPE_API_KEY=…, then $$caption run jobs/demo.yaml --provider dashscope"

test: PACKAGES += libimage-exiftool-perl
test: setup
	swift test $(SWIFT_FLAGS)

# The first command of the README in a new, minimal Debian; TEST=1 runs every test there, too. As root.
test-fresh:
	.ci/fresh

format:
	swift format --in-place --recursive $(SOURCES)

# Thousands of whole jobs under a fake clock, and the pace's table with twenty seeds each; RUNS=n, or SEED=n to repeat one.
simulate: setup
	CAPTION_PACE_SEEDS=20 CAPTION_SIMULATION_RUNS=$${RUNS:-3000} CAPTION_SIMULATION_SEED=$${SEED:-} \
		swift test $(SWIFT_FLAGS) --filter 'SimulationTests|PaceTableTests'

# Kills the program a thousand times; KILLS=n.
crash: build
	CAPTION_KILLS=$${KILLS:-1000} CAPTION_PROGRAM=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption \
		swift test $(SWIFT_FLAGS) --filter CrashTests

# Every fault, or some: make chaos SCENARIOS="usage kill", or SCENARIOS=--short
chaos: PACKAGES += python3
chaos: build
	CAPTION=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption .ci/chaos $(SCENARIOS)

# Plans, resumes and exports a million images, about 10 minutes and 4 GB of disk; ITEMS=n.
million: build
	CAPTION=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption python3 .ci/million.py --items $${ITEMS:-1000000}

# Feeds the readers of image files and archives with hostile bytes; SECONDS_TO_RUN=n for each, 30 by default.
fuzz: PACKAGES += python3
fuzz: setup
	.ci/fuzz/run

lint:
	swift format lint --strict --recursive $(SOURCES)

bench: build
	swift run -c release CaptioningBenchmarks
	CAPTION=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption python3 .ci/bench_http.py

# Prepares photographs of 12 megapixels beside vipsthumbnail; IMAGES=n.
bench-images: build
	CAPTION=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption python3 .ci/bench_images.py --images $${IMAGES:-200}
	CAPTION=$$(swift build -c $(CONFIGURATION) --show-bin-path)/caption python3 .ci/image_memory.py

# Every scenario, or some: make measure SCENARIOS="known-600 burst"
measure: build
	CONFIGURATION=$(CONFIGURATION) .ci/measure $(SCENARIOS)

clean:
	rm -rf .build
