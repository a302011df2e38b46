# What is built and run to test: unit tests, fuzz targets, benches, sanitizer builds. Included by
# the Makefile. scripts/run-tests.mjs runs them and counts.
TEST_JOBS ?= 2
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600

fuzz_names := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
fuzz_bin := $(patsubst %,$(BUILD)/fuzz/fuzz_%,$(fuzz_names))
bench_bin := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/bench_*.c))
all_libs := $(room_libs) $(cam_libs) $(BUILD)/lib/assets.a
link_all = $(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

$(BUILD)/lib/assets.a: $(ASSET_OBJS)

$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(BUILD)/obj/tests/fuzz/replay.o $(all_libs)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(link_all)

$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(all_libs)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(link_all) -lcmocka

$(BUILD)/libfuzzer/%: $(BUILD)/obj/tests/fuzz/%.o $(all_libs)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(link_all) -fsanitize=fuzzer

# Kept between runs, though made on the way to something else.
.PRECIOUS: $(BUILD)/obj/%.o

# ---- targets ----
.PHONY: deps run test test-now test-programs test-asan test-tsan test-san fuzz fuzz-now bench soak help clean
.PHONY: image

## deps       install what is missing: Debian packages, npm packages
deps:
	@scripts/deps

## run        build, and start the demonstration with 12 simulated cameras
run: deps
	@$(MAKE) --no-print-directory all
	@exec $(BUILD)/skep serve --fleet 12 --core-data-dir demo-data

## test       everything that a change must pass (two or three minutes on two cores)
test: deps
	@$(MAKE) --no-print-directory test-now

test-programs: $(BUILD)/skep $(unit_bin) $(fuzz_bin) $(BUILD)/host/check_embed

# Narrow it with TEST=PART-OF-A-NAME or TEST_KINDS=unit,fuzz,web,flow,browser.
TEST_KINDS ?= unit,fuzz,lint,web,flow,browser
test-now:
	@$(MAKE) --no-print-directory -k -j$(TEST_JOBS) test-programs || { echo "0 passed, 1 failed"; exit 1; }
	@node scripts/run-tests.mjs --build $(BUILD) --jobs $(TEST_JOBS) --kinds $(TEST_KINDS) $(TEST)

## test-asan  unit tests, fuzz corpora and flows under AddressSanitizer and UBSan
test-asan:
	@$(MAKE) --no-print-directory MODE=asan BUILD=$(BUILD)/asan test-san
## test-tsan  the same under ThreadSanitizer
test-tsan:
	@$(MAKE) --no-print-directory MODE=tsan BUILD=$(BUILD)/tsan test-san

san := $(abspath tests/sanitizer)
# The sandbox is left off: at exit the leak check traces its own process.
test-san: export SKEP_CORE_SANDBOX := false
test-san: export SKEP_SLOW := $(if $(filter tsan,$(MODE)),8,4)
test-san: export ASAN_OPTIONS := abort_on_error=1:detect_stack_use_after_return=1:strict_string_checks=1
test-san: export LSAN_OPTIONS := suppressions=$(san)/lsan.supp:print_suppressions=0
test-san: export UBSAN_OPTIONS := print_stacktrace=1
test-san: export TSAN_OPTIONS := suppressions=$(san)/tsan.supp:halt_on_error=1:second_deadlock_stack=1
test-san:
	@$(MAKE) --no-print-directory TEST_KINDS=unit,fuzz,flow test-now

## fuzz       libFuzzer on every target, FUZZ_SECONDS (60) each; needs clang
fuzz:
	@command -v clang >/dev/null || { echo "make fuzz: needs clang (apt-get install clang)"; exit 1; }
	@$(MAKE) --no-print-directory CC=clang MODE=fuzz BUILD=$(BUILD)/clang fuzz-now
fuzz-now: $(patsubst %,$(BUILD)/libfuzzer/fuzz_%,$(fuzz_names))
	@set -e; for name in $(fuzz_names); do \
		echo "# fuzz_$$name for $(FUZZ_SECONDS) s"; \
		mkdir -p $(BUILD)/corpus/$$name; \
		$(BUILD)/libfuzzer/fuzz_$$name -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
			-print_final_stats=1 -verbosity=0 -artifact_prefix=$(BUILD)/corpus/crash-$$name- \
			$(BUILD)/corpus/$$name tests/fuzz/corpus/$$name; \
	done

## bench      build and run the benches: lines of "name value unit"
bench: $(bench_bin)
	@set -e; for b in $(bench_bin); do echo "# $$(basename $$b)"; mkdir -p $(BUILD)/bench-data; \
		case $$b in *bench_store|*bench_audit) $$b $(BUILD)/bench-data;; *) $$b;; esac; done

## soak       cameras and viewers for SOAK_SECONDS (600), watching what the server holds
soak: $(BUILD)/skep
	@SKEP_BIN=$(abspath $(BUILD)/skep) node tests/soak/fleet.mjs $(SOAK_SECONDS)

## show-front-door  measure what the front door promises on a fresh build (SHOW=3 picks points)
.PHONY: show-front-door
show-front-door: deps
	@rm -rf $(BUILD)/show
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/show WEB=no all
	@SKEP_BIN=$(abspath $(BUILD)/show/skep) node scripts/show-front-door.mjs

## scan       scanners of Debian against a live box; what they may find stands in tests/scan/expected
.PHONY: scan
scan: $(BUILD)/skep
	@scripts/deps --scan
	@SKEP_BIN=$${SKEP_BIN:-$(abspath $(BUILD)/skep)} tests/scan/run

## image      build the container image on a Debian 13 base and try it (needs root, buildah, debootstrap)
image:
	@scripts/image

## clean      remove what was built
clean:
	rm -rf $(BUILD)

help:
	@echo "make            build $(BUILD)/skep"
	@sed -n 's/^## /make /p' tests.mk tests/bench/load.mk
	@echo "make lint       layers, banned calls, SQL, formatting, sizes"
	@echo "make format     rewrite the C files as .clang-format has it"
	@echo "make unit-ROOM  one room's unit tests"

-include tests/bench/load.mk
