# Load generators for `make show-first-light` and by hand; see tests/bench/README.md.
load_names := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/load_*.c))
load_bin := $(patsubst %,$(BUILD)/bench/%,$(load_names))
load_common := $(call obj,$(wildcard tests/bench/load/*.c))
load_libs := $(foreach r,fw-link net sdk crypto wire base,$(call room_lib,$(r)))

$(load_bin): $(BUILD)/bench/load_%: $(BUILD)/obj/tests/bench/load_%.o $(load_common) $(load_libs)
	@mkdir -p $(@D)
	@echo "  link $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

.PHONY: load show-first-light
## load       build the load generators of tests/bench
load: $(load_bin)

## show-first-light  measure every point of the first slice on a fresh build (SHOW=3,4 picks points)
show-first-light: deps
	@node scripts/show-first-light.mjs
