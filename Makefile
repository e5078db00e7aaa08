# SPDX-License-Identifier: Apache-2.0
# A menu; meson.build builds, and tools/ does what stands here.
BUILD ?= build
PREFIX ?= /usr/local

.PHONY: all build deps run test test-extra bench check fuzz install clean help

all: build

help:
	@echo 'make            build signetd and signet in $(BUILD)/'
	@echo 'make run        install what is needed, build, and show CA and agent at work (ONCE=1: then exit)'
	@echo 'make test       install what is needed, and run every test'
	@echo 'make test-extra public test vectors ($$SIGNET_VECTORS) and long runs'
	@echo 'make bench      certificates per second, and what each costs (BENCH=--help: options)'
	@echo 'make check      the quick part of the tests, for use while working'
	@echo 'make fuzz       run every fuzzer for a while (FUZZ_S=60 seconds each)'
	@echo 'make install    install to $(PREFIX) (PREFIX=, DESTDIR=)'
	@echo 'make clean      delete what make built'

$(BUILD)/build.ninja:
	@meson setup $(BUILD) --prefix $(PREFIX) > /dev/null || meson setup $(BUILD) --prefix $(PREFIX)

build: deps $(BUILD)/build.ninja
	@[ -e $(BUILD)/src/signet ] || echo 'Building in $(BUILD)/: some minutes, without a word.'
	@ninja -C $(BUILD) --quiet

deps:
	@tools/install-deps build

run:
	@tools/install-deps build run
	@$(MAKE) --no-print-directory build
	@ONCE=$(ONCE) tools/demo $(BUILD)

test:
	@tools/install-deps build run test
	@tools/test all

test-extra:
	@tools/install-deps build run test
	@tools/test extra

check:
	@tools/check

bench:
	@tools/install-deps build
	@$(MAKE) --no-print-directory build
	@$(BUILD)/tests/bench/bench $(BENCH) $(BUILD)/src/signetd

fuzz:
	@tools/install-deps build test
	@tools/fuzz $(or $(FUZZ_S),60)

install: build
	meson install -C $(BUILD) --no-rebuild

clean:
	rm -rf build build-*
