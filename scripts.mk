# Embedded files and the checks of `make lint`. Included by the Makefile.

# Included before the Makefile's first rule, which stays the one that a bare `make` builds.
.DEFAULT_GOAL := all

# ---- the console ----
# Built when node and its packages are there; WEB=no (or their absence) embeds data/no-console.html.
WEB ?= auto
web_src := $(shell find web -name node_modules -prune -o \( -type f -o -type d \) -print 2>/dev/null)
web_can := $(if $(filter no,$(WEB)),,$(and $(shell command -v node),$(wildcard web/node_modules/esbuild)))

# One stamp per answer, so that installing node later builds the console.
web_stamp := $(BUILD)/web-$(if $(web_can),built,absent).stamp
$(BUILD)/web-built.stamp: $(web_src)
	@mkdir -p $(BUILD)
	@echo "  web  $(BUILD)/web"
	@node web/build.mjs --outdir $(BUILD)/web
	@touch $@
$(BUILD)/web-absent.stamp: data/no-console.html
	@mkdir -p $(BUILD)/no-web
	@echo "  web  no node or no packages: embedding a notice"
	@cp data/no-console.html $(BUILD)/no-web/index.html
	@touch $@

# ---- embedding ----
asset_sql := $(sort $(patsubst %/,%,$(dir $(wildcard src/*/sql/*.sql src/*/*/sql/*.sql))))
asset_args := web=$(BUILD)/$(if $(web_can),web,no-web) data=data \
	$(foreach d,$(asset_sql),sql/$(notdir $(patsubst %/sql,%,$(d)))=$(d))
asset_src := $(shell find data $(asset_sql) -type f -o -type d 2>/dev/null)

# Link these into the program that calls asset_use_embedded().
ASSET_OBJS := $(BUILD)/gen/assets.o $(BUILD)/gen/assets_data.o

$(BUILD)/host/embed: scripts/embed.c src/base/mime.h
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) -std=c11 -D_GNU_SOURCE -O2 $(WARN) -Isrc -o $@ $< -lz

# The arguments are kept beside, so a new room with SQL embeds anew.
$(BUILD)/gen/assets.args: .FORCE
	@mkdir -p $(@D)
	@echo '$(asset_args)' | cmp -s - $@ || echo '$(asset_args)' > $@
.PHONY: .FORCE
.FORCE:

$(BUILD)/gen/assets.c: $(BUILD)/host/embed $(BUILD)/gen/assets.args $(web_stamp) $(asset_src)
	@$(BUILD)/host/embed $(BUILD)/gen $(asset_args)
$(BUILD)/gen/assets.o: $(BUILD)/gen/assets.c src/base/asset.h
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c $< -o $@
$(BUILD)/gen/assets_data.o: $(BUILD)/gen/assets.c
	@$(CC) -c $(BUILD)/gen/assets_data.S -o $@

# Every embedded file against its original, its gzip form and its hash.
.PHONY: check-embed
check-embed: $(BUILD)/host/check_embed
	@$(BUILD)/host/check_embed $(BUILD)/$(if $(web_can),web,no-web)
$(BUILD)/host/check_embed: $(BUILD)/obj/tests/embed/check_embed.o $(ASSET_OBJS) \
		$(call room_lib,crypto) $(call room_lib,base)
	@$(CC) $(LDFLAGS) -o $@ $^ $(LIBS_mbedtls) -ljansson -lz

# ---- benches of the lower rooms ----
$(BUILD)/bench/bench_store: $(BUILD)/obj/tests/bench/bench_store.o $(call room_lib,store) \
		$(call room_lib,crypto) $(call room_lib,base)
	@mkdir -p $(@D)
	@$(CC) $(LDFLAGS) -o $@ $^ -lsqlite3 $(LIBS_mbedtls) -ljansson

.PHONY: bench-store
bench-store: $(BUILD)/bench/bench_store
	@$< $(BUILD)/bench

# ---- lint ----
LINT := layers banned sql generated format sizes
.PHONY: lint
lint:
	@failed=0; for check in $(LINT); do node scripts/check-$$check.mjs || failed=1; done; exit $$failed

# The checks themselves, each on a small tree with one fault.
.PHONY: test-lint
test-lint:
	@node --test tests/lint/

# Rewrite the C files as .clang-format has it.
.PHONY: format
format:
	@node scripts/check-format.mjs --fix

.PHONY: weak-passwords
weak-passwords:
	node scripts/gen-weak-passwords.mjs > data/weak-passwords.txt
