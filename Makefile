# One non-recursive Makefile. `make` builds build/skep, `make run` starts the demonstration,
# `make test` runs everything that a change must pass; `make help` lists the rest.
.SUFFIXES:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash

CC ?= cc
BUILD ?= build
MODE ?= release
VERSION := $(shell cat VERSION 2>/dev/null || echo 0.0.0)

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Werror
HARDEN := -fstack-protector-strong -fPIE $(if $(filter fuzz,$(MODE)),,-ftrivial-auto-var-init=zero)
OPT_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-clash-protection -fcf-protection
OPT_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread
OPT_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined
OPT := $(OPT_$(MODE))
LD_release := -Wl,-z,relro,-z,now,-z,noexecstack -pie
LD_asan := -fsanitize=address,undefined
LD_tsan := -fsanitize=thread
LD_fuzz := -fsanitize=address,undefined
LDFLAGS := $(LD_$(MODE)) -pthread
CFLAGS := -std=c11 -D_GNU_SOURCE $(WARN) $(OPT) $(HARDEN) -pthread
CPPFLAGS := -Isrc -I. -I$(BUILD)/gen -DSKEP_VERSION='"$(VERSION)"' $(EXTRA_CPPFLAGS)

# Rooms from the lowest to the highest; a library may call only into those on its right at link.
ROOMS := cli alert monitor guard bulletin backup audit relay share device app sso account outbound http edge core store net sdk crypto wire base
CAM_LIBS := fleet link cam
LIBS_mbedtls := -lmbedtls -lmbedx509 -lmbedcrypto
LIBS_av := -lavformat -lavcodec -lswscale -lavutil
LIBS := $(LIBS_av) -lcivetweb -lsqlite3 -lwslay -linih -lcurl -largon2 -lzxcvbn -luv -ljansson $(LIBS_mbedtls) -lz -lm -ldl

rooms_present := $(foreach r,$(ROOMS),$(if $(wildcard src/$(r)/*.c),$(r)))
cam_present := $(foreach r,$(CAM_LIBS),$(if $(wildcard firmware-sim/$(r)/*.c),$(r)))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
room_lib = $(BUILD)/lib/$(1).a
room_libs := $(foreach r,$(rooms_present),$(call room_lib,$(r)))
cam_libs := $(foreach r,$(cam_present),$(call room_lib,fw-$(r)))

-include scripts.mk

.PHONY: all
all: $(BUILD)/skep

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  cc   $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

define room_rules
$(call room_lib,$(1)): $(call obj,$(wildcard src/$(1)/*.c))
endef
$(foreach r,$(rooms_present),$(eval $(call room_rules,$(r))))
define cam_rules
$(call room_lib,fw-$(1)): $(call obj,$(wildcard firmware-sim/$(1)/*.c))
endef
$(foreach r,$(cam_present),$(eval $(call cam_rules,$(r))))
$(BUILD)/lib/%.a:
	@mkdir -p $(@D)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/skep: $(BUILD)/obj/src/main.o $(BUILD)/obj/src/rooms.o $(room_libs) $(cam_libs) $(ASSET_OBJS)
	@echo "  link $@"
	@$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)

-include build.mk
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
-include tests.mk

.PHONY: ref
# make ref: docs/ref from the program itself
ref: $(BUILD)/skep
	@node scripts/gen-ref.mjs $(BUILD)/skep
