# Tests: each tests/unit/<room>/test_*.c is a program of its own, linked with all rooms' libraries
# (the linker takes what is used; layer order is checked by scripts/check-layers).
unit_src := $(wildcard tests/unit/*/test_*.c)
unit_bin := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(unit_src))
# The libraries that a unit test may use: its own room and the layers below it.
below_base := base
below_wire := wire base
below_crypto := crypto wire base
below_sdk := sdk crypto wire base
below_net := net crypto wire base
below_store := store crypto base
below_core := core store net crypto wire base
below_edge := edge core store net crypto wire base
below_outbound := outbound core store net crypto wire base
below_guard := guard http edge core store net crypto wire base
below_monitor := monitor http edge core store net crypto wire base
below_http := http edge core store net crypto wire base
below_cam := fw-cam base
below_link := fw-link fw-cam net sdk crypto wire base
below_fleet := fw-fleet fw-link fw-cam net sdk crypto wire base
below = $(or $(below_$(1)),$(1) device account outbound http edge core store net sdk crypto wire base)
libs_of = $(foreach r,$(call below,$(1)),$(call room_lib,$(r)))

define unit_rule
$(BUILD)/unit/$(1): $(BUILD)/obj/tests/unit/$(1).o $(filter $(call libs_of,$(firstword $(subst /, ,$(1)))),$(room_libs) $(cam_libs))
	@mkdir -p $$(@D)
	@echo "  link $$@"
	@$(CC) $(LDFLAGS) -o $$@ $$< -Wl,--start-group $$(filter %.a,$$^) -Wl,--end-group -lcmocka $(LIBS)
endef
$(foreach t,$(patsubst tests/unit/%.c,%,$(unit_src)),$(eval $(call unit_rule,$(t))))

.PHONY: unit-%
# make unit-wire: build and run one room's unit tests
unit-%:
	@$(MAKE) --no-print-directory $(filter $(BUILD)/unit/$*/%,$(unit_bin))
	@for t in $(filter $(BUILD)/unit/$*/%,$(unit_bin)); do echo "# $$t"; CMOCKA_MESSAGE_OUTPUT=STDOUT $$t || exit 1; done
