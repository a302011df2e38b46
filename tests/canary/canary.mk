# Programs of the blindness test; not part of the product:
#   make -f Makefile -f tests/canary/canary.mk BUILD=DIR canary-programs
# skep-secrets: camera and viewer that print their keys and tap their own TLS.
# skep-null:    the same without encryption (SEAL_NULL), to prove that the search finds things.
CANARY_WRAPS := crypto_gcm_new crypto_hkdf_expand crypto_hkdf_expand_parts crypto_p256_reduce \
	sdk_label_from_seed sdk_viewer_talk tls_session_read tls_session_write

.PHONY: canary-programs
canary-programs: $(BUILD)/skep $(BUILD)/canary/search $(BUILD)/canary/skep-secrets $(BUILD)/canary/skep-null

$(BUILD)/canary/search: tests/canary/search.c
	@mkdir -p $(@D)
	@$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -o $@ $<

$(BUILD)/canary/seal_null.o: src/sdk/seal.c src/sdk/seal.h
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -DSEAL_NULL -c -o $@ $<

canary_link = $(CC) $(LDFLAGS) $(CANARY_WRAPS:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) \
	-Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(LIBS)
canary_parts = $(BUILD)/obj/tests/canary/wrap.o $(BUILD)/obj/src/main.o $(BUILD)/obj/src/rooms.o \
	$(room_libs) $(cam_libs) $(ASSET_OBJS)

$(BUILD)/canary/skep-secrets: $(canary_parts)
	@mkdir -p $(@D)
	@$(canary_link)
# An object goes before a library's member of the same symbols.
$(BUILD)/canary/skep-null: $(BUILD)/canary/seal_null.o $(canary_parts)
	@mkdir -p $(@D)
	@$(canary_link)
