# What is handed out: `make dist`, one file with a static program in it, and `make deb`, a Debian package. Included by the
# makefile.

DIST := escaudit-$(VERSION)-linux-$(shell uname -m)

# The same objects as build/escaudit, linked once more, and what stands in for files that an empty folder has not. What else it
# needs: see scripts/static-libs.
STATIC_LIBS = $(filter-out -lunwind%,$(shell $(PKG_CONFIG) --static --libs $(LIBS))) -liberty -lm

$(O)/dist/escaudit: $(O)/cli/main.o $(O)/cli/static/utf8.o $(call archives,cli $(uses_cli)) scripts/static-libs
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)archives=$$(CC=$(CC) scripts/static-libs) && \
	$(CC) $(CFLAGS) -static-pie -s -Wl,--gc-sections,--trace -o $@ $(filter %.o %.a,$^) $$archives $(STATIC_LIBS) > $@.linked

.PHONY: dist deb
dist: $(O)/dist/escaudit
	$(call say,TAR,$(O)/$(DIST).tar.gz)
	$(Q)rm -rf $(O)/dist/$(DIST)
	$(Q)$(MAKE) --no-print-directory -s install-files PROGRAM=$< DESTDIR= PREFIX=$(O)/dist/$(DIST)
	$(Q)install -D -m 644 -t $(O)/dist/$(DIST)/share/doc/escaudit LICENSE README.md
	$(Q)install -D -m 644 -t $(O)/dist/$(DIST)/share/doc/escaudit/docs docs/*.md
	$(Q)install -D -m 644 -t $(O)/dist/$(DIST)/share/doc/escaudit/share/container share/container/*
	$(Q)scripts/static-licences $<.linked $(O) > $(O)/dist/$(DIST)/share/doc/escaudit/LICENSES-OF-LIBRARIES
	$(Q)scripts/dist $(O)/dist $(DIST) $(O)/$(DIST).tar.gz

deb:
	$(Q)scripts/deb $(O)/deb $(VERSION)
