# The tests. A unit test of stage X is tests/unit/X/test_*.c; it links X and the stages X uses, nothing else, and becomes one
# Criterion program.

UNIT_SRC := $(wildcard tests/unit/*/test_*.c)
UNIT_BIN := $(patsubst tests/unit/%.c,$(O)/tests/unit/%,$(UNIT_SRC))
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
PROOF_SRC := $(wildcard tests/proof/*.c)
PROOF_BIN := $(patsubst tests/proof/%.c,$(O)/tests/proof/%,$(PROOF_SRC))

stage_of = $(firstword $(subst /, ,$(patsubst tests/unit/%,%,$(1))))

$(O)/tests/%.o: tests/%.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(OUR_CFLAGS) -MMD -MP -c -o $@ $<

define unit_rule
$(O)/tests/unit/$(1): $(O)/tests/unit/$(1).o $(call archives,$(2) $(uses_$(2)))
	$$(call say,LINK,$$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(OUR_LDFLAGS) -o $$@ $$^ -lcriterion $$(LIB_LIBS)
endef
$(foreach s,$(UNIT_SRC),$(eval $(call unit_rule,$(patsubst tests/unit/%.c,%,$(s)),$(call stage_of,$(s)))))

# What loads kernel programs.
$(patsubst %.c,$(O)/%.o,$(wildcard tests/unit/probe/*.c)): | $(SKELETONS)

# Programs that prove something over whole binaries; run by the bats files in tests/e2e.
$(O)/tests/proof/%: $(O)/tests/proof/%.o $(call archives,probe gate diff audit sites predict recording unwind symbolize base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(OUR_LDFLAGS) -o $@ $^ $(LIB_LIBS)

.PHONY: test unit e2e proof fuzz bench random kernels debian13
proof: $(PROOF_BIN)

unit: $(UNIT_BIN)
	$(Q)tests/run-unit $(UNIT_BIN)

# One stage's unit tests only: make unit-symbolize
unit-%:
	$(Q)$(MAKE) --no-print-directory unit UNIT_SRC='$(wildcard tests/unit/$*/test_*.c)'

e2e: build proof
	$(Q)tests/run-e2e $(O)

# One random program: make random SEED=7 GO=1.27 STATEMENTS=200
random: build
	$(Q)ESCAUDIT_BUILD=$(abspath $(O)) tests/random $(or $(SEED),1) $(or $(GO),1.27) $(or $(STATEMENTS),200)

fuzz:
	$(Q)tests/run-fuzz $(O)

# The programs of another clang are other programs to a verifier. The kernels are skipped, with the reason, where none could be
# fetched; with CI=true that is a failure.
KERNELS_CLANG := clang-19
KERNELS_O := $(O)-$(KERNELS_CLANG)
kernels: build proof
	$(Q)scripts/kernels >/dev/null || [ "$$CI" != true ]
	$(Q)$(if $(shell command -v $(KERNELS_CLANG)),$(MAKE) --no-print-directory O=$(KERNELS_O) CLANG=$(KERNELS_CLANG) build,\
		echo "kernels: no $(KERNELS_CLANG): run make deps" >&2; [ "$$CI" != true ])
	$(Q)$(MAKE) --no-print-directory $(O)/dist/escaudit || [ "$$CI" != true ]
	$(Q)tests/run-kernels $(O) $(if $(shell command -v $(KERNELS_CLANG)),$(KERNELS_O))

test:
	$(Q)scripts/deps
	$(Q)scripts/toolchains
	$(Q)scripts/daemons
	$(Q)scripts/kernels || [ "$$CI" != true ]
	$(Q)$(MAKE) --no-print-directory build unit
	$(Q)$(MAKE) --no-print-directory SANITIZE=address,undefined unit
	$(Q)$(MAKE) --no-print-directory fuzz
	$(Q)$(MAKE) --no-print-directory e2e
	$(Q)$(MAKE) --no-print-directory kernels

# The other release of Debian: its compilers and libraries, this machine's kernel.
debian13:
	$(Q)scripts/debian13

$(O)/tests/bench/floor: $(O)/tests/bench/floor.o $(call archives,probe recording unwind symbolize base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(OUR_LDFLAGS) -o $@ $^ $(LIB_LIBS)

$(O)/tests/bench/symbolize: $(O)/tests/bench/symbolize.o $(call archives,symbolize base)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(OUR_LDFLAGS) -o $@ $^ $(LIB_LIBS)

bench: build proof $(O)/tests/bench/floor $(O)/tests/bench/symbolize
	$(Q)tests/bench/run $(O)
