# escaudit: see README.md for the tour. `make help` lists the targets.
#
#   make V=1                          show the commands
#   make SANITIZE=address,undefined   everything with sanitizers, in a build directory of its own
#   make O=DIR                        build elsewhere

V ?= 0
SANITIZE ?=
O ?= build$(if $(SANITIZE),-sanitize)
PREFIX ?= /usr/local
DESTDIR ?=
# Debian's zsh looks in vendor-completions.
ZSH_FUNCTIONS ?= site-functions
CC ?= gcc
CLANG ?= clang
BPFTOOL ?= $(firstword $(wildcard /usr/sbin/bpftool /sbin/bpftool) bpftool)
PKG_CONFIG ?= pkg-config

VERSION := 0.1.0

ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2)
else
Q :=
say = @:
endif

.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

# ---- what is needed to build --------------------------------------------------------------------------------------------

LIBS := libbpf libelf libdw libunwind-generic zlib jansson libprotobuf-c ncursesw
ifeq ($(filter deps help clean format toolchains demo test debian13,$(MAKECMDGOALS)),)
have_libs := $(shell $(PKG_CONFIG) --exists $(LIBS) && echo yes)
ifneq ($(have_libs),yes)
$(error missing libraries: $(shell $(PKG_CONFIG) --print-errors --exists $(LIBS) 2>&1 | sed -n "s/^Package \([^ ]*\) was not found.*/\1/p" | tr '\n' ' '): run "make deps" as root)
endif
endif
LIB_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(LIBS))
LIB_LIBS = $(shell $(PKG_CONFIG) --libs $(LIBS)) -lZydis -liberty -lm

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	-Wformat=2 -Wundef -Wwrite-strings -Wimplicit-fallthrough
CFLAGS ?= -O2 -g
OUR_CFLAGS = -std=gnu17 -D_GNU_SOURCE -I. -I$(O) $(WARNINGS) $(LIB_CFLAGS) -DESCAUDIT_VERSION='"$(VERSION)"' \
	-fstack-protector-strong $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer)
OUR_LDFLAGS = $(if $(SANITIZE),-fsanitize=$(SANITIZE))

# ---- the stages, in the order of the data: each may use those before it, never those after --------------------------------

STAGES := base symbolize unwind recording predict sites audit probe diff gate report cli
uses_base :=
uses_symbolize := base
uses_unwind := symbolize base
uses_recording := symbolize base
uses_predict := symbolize base
uses_sites := predict recording symbolize base
uses_audit := predict recording symbolize base
uses_diff := audit predict recording symbolize base
uses_gate := diff audit predict recording symbolize base
uses_probe := recording unwind symbolize base
uses_report := diff audit predict recording symbolize base
uses_cli := report gate diff probe audit sites predict recording unwind symbolize base

stage_dirs = $(1) $(if $(filter probe,$(1)),probe/sampling)
stage_src = $(filter-out cli/main.c,$(wildcard $(addsuffix /*.c,$(call stage_dirs,$(1)))))
stage_obj = $(patsubst %.c,$(O)/%.o,$(call stage_src,$(1))) $(if $(filter recording,$(1)),$(O)/recording/profile.pb-c.o)
archives = $(foreach s,$(1),$(O)/lib$(s).a)

.PHONY: all build
all: build
build: $(O)/escaudit

$(O)/escaudit: $(O)/cli/main.o $(call archives,cli $(uses_cli))
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(OUR_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS)

define stage_rules
$(O)/lib$(1).a: $(call stage_obj,$(1))
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && ar rcsD $$@ $$^
endef
$(foreach s,$(STAGES),$(eval $(call stage_rules,$(s))))

$(O)/%.o: %.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) -MMD -MP -c -o $@ $<

# ---- the recording's format ------------------------------------------------------------------------------------------------

$(O)/recording/profile.pb-c.c $(O)/recording/profile.pb-c.h &: recording/profile.proto
	$(call say,PROTOC,$<)
	@mkdir -p $(O)
	$(Q)protoc --c_out=$(O) $<

# Generated code is compiled with its author's warnings, not ours.
$(O)/recording/profile.pb-c.o: $(O)/recording/profile.pb-c.c
	$(call say,CC,$@)
	$(Q)$(CC) $(CFLAGS) -std=gnu17 -I$(O) -fmacro-prefix-map=$(O)/= -MMD -MP -c -o $@ $<
$(call stage_obj,recording) $(O)/tests/unit/recording/test_recording.o: | $(O)/recording/profile.pb-c.h

# ---- the page of export --format=html --------------------------------------------------------------------------------------

$(O)/report/html_page.h: report/html/embed $(wildcard report/html/page.*)
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)report/html/embed report/html > $@
$(O)/report/export_html.o: | $(O)/report/html_page.h

# ---- descriptions of terminals, for where there are no files of them --------------------------------------------------------

$(O)/cli/terminals.h: cli/terminals
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)cli/terminals > $@
$(O)/cli/screen.o: | $(O)/cli/terminals.h

# ---- kernel programs ---------------------------------------------------------------------------------------------------------

# No vmlinux.h and no CO-RE: the programs touch nothing of the kernel's but struct pt_regs, which is user-space ABI. So they load on kernels without BTF.
BPF_CFLAGS := -O2 -g -ffile-prefix-map=$(CURDIR)=. -target bpf -D__TARGET_ARCH_x86 -I. -I/usr/include/$(shell uname -m)-linux-gnu -Wall -Wextra -Werror

$(O)/bpf/%.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
	$(Q)llvm-strip -g $@

# The same programs for kernels without attach cookies and fetched atomics.
$(O)/bpf/%.old.bpf.o: bpf/%.bpf.c
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -DBEFORE_LINUX_5_15 -MMD -MP -c -o $@ $<
	$(Q)llvm-strip -g $@

$(O)/bpf/%.skel.h: $(O)/bpf/%.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name $(subst .,_,$*)_bpf > $@

SKELETONS := $(patsubst bpf/%.bpf.c,$(O)/bpf/%.skel.h,$(wildcard bpf/*.bpf.c)) $(patsubst bpf/%.bpf.c,$(O)/bpf/%.old.skel.h,$(wildcard bpf/*.bpf.c))
$(call stage_obj,probe): | $(SKELETONS)

# ---- tests ---------------------------------------------------------------------------------------------------------------------

include tests/tests.mk
include scripts/dist.mk

# ---- upkeep --------------------------------------------------------------------------------------------------------------------

OUR_C := $(wildcard bpf/*.c cli/static/*.c $(addsuffix /*.c,$(STAGES) probe/sampling) tests/*/*.c tests/*/*/*.c)
OUR_H := $(wildcard bpf/*.h $(addsuffix /*.h,$(STAGES) probe/sampling) tests/*/*.h tests/*/*/*.h)

.PHONY: format lint check-headers check-order deps toolchains install install-files clean help demo
format:
	$(Q)scripts/format $(OUR_C) $(OUR_H)

lint: check-headers check-order
	$(Q)scripts/format --check $(OUR_C) $(OUR_H)
	$(Q)scripts/lint

# Every header compiles on its own.
check-headers: $(O)/recording/profile.pb-c.h $(O)/report/html_page.h $(O)/cli/terminals.h $(SKELETONS)
	$(Q)for h in $(filter-out %.bpf.h,$(OUR_H)); do \
		$(CC) $(OUR_CFLAGS) -Wno-unused-macros -fsyntax-only -x c $$h || { echo "check-headers: $$h does not compile alone" >&2; exit 1; }; \
	done
	$(Q)for h in $(filter %.bpf.h,$(OUR_H)); do \
		$(CLANG) $(BPF_CFLAGS) -Wno-unused-function -fsyntax-only -x c $$h || { echo "check-headers: $$h does not compile alone" >&2; exit 1; }; \
	done

# A stage includes headers of its own and of the stages it uses; what loads kernel programs shares their records.
check-order:
	$(Q)scripts/check-order $(foreach s,$(STAGES),'$(s): $(uses_$(s))$(if $(filter probe,$(s)), bpf)')

deps:
	$(Q)scripts/deps

toolchains:
	$(Q)scripts/toolchains

demo:
	$(Q)scripts/deps --build
	$(Q)$(MAKE) --no-print-directory build
	$(Q)scripts/demo $(O)/escaudit

install: build
	$(Q)$(MAKE) --no-print-directory install-files PROGRAM=$(O)/escaudit

# PROGRAM, and what comes with it.
install-files:
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/escaudit
	install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions $(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_FUNCTIONS)
	$(PROGRAM) --completion=bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/escaudit
	$(PROGRAM) --completion=zsh > $(DESTDIR)$(PREFIX)/share/zsh/$(ZSH_FUNCTIONS)/_escaudit
	install -D -m 644 share/schema/escaudit.schema.json $(DESTDIR)$(PREFIX)/share/escaudit/escaudit.schema.json
	install -D -m 644 share/systemd/escaudit@.service $(DESTDIR)$(PREFIX)/lib/systemd/system/escaudit@.service
	for page in man/*.1; do install -D -m 644 $$page $(DESTDIR)$(PREFIX)/share/man/man1/$$(basename $$page); done

clean:
	$(Q)rm -rf build build-sanitize build-fuzz build-$(KERNELS_CLANG)

help:
	@echo 'build (default)  build/escaudit'
	@echo 'demo             install what is missing, build, audit a bundled Go program, show the report'
	@echo 'test             install what is missing, run every test'
	@echo 'unit e2e fuzz    parts of it; proof builds what e2e compares with'
	@echo 'random           audit one random program: SEED=7 GO=1.27 STATEMENTS=200'
	@echo 'kernels          boot kernels of Debian 11 to 14 under qemu, with escaudit in them'
	@echo 'debian13         build, unit tests, lint and demo once more in a chroot of Debian 13; as root'
	@echo 'bench            measure; prints ratios'
	@echo 'dist deb         a static program in one archive; a Debian package: into build/, see README.md'
	@echo 'deps toolchains  Debian packages; Go 1.19 and 1.21 to 1.27 into a cache folder'
	@echo 'lint format check-headers install clean'

-include $(shell find $(O) -path $(O)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
