# One word per wish; `make help` lists them.
V       := $(shell cat VERSION)
B       ?= build
PREFIX  ?= /usr
CC      ?= gcc

WARN     := -Wall -Wextra -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings \
            -Wswitch-enum -Wnull-dereference -Wdate-time
try       = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
PROBED   := $(foreach f,-Wformat-signedness -Wlogical-op -Wduplicated-cond -Wduplicated-branches \
            -Wjump-misses-init -Walloc-zero -Wbidi-chars=any,$(call try,$(f)))
HARDEN   ?= -O2 -g -D_FORTIFY_SOURCE=3 -fPIE -fstack-protector-strong -fno-common \
            $(foreach f,-fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero \
            -fzero-call-used-regs=used-gpr -fstrict-flex-arrays=3,$(call try,$(f)))
LINK     ?= -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed
WERROR   ?= -Werror
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(V)"' -DPATHS_PREFIX='"$(PREFIX)"' -Iorchestrator -I.

PROGRAMS := ipam-orch ipam-orchd ipam-sandboxd ipam-init ipam-worker
BIN      := $(PROGRAMS:%=$(B)/%)
ROOMS    := orchestrator/base orchestrator/model orchestrator/compose orchestrator/engine \
            orchestrator/runtime orchestrator/logs orchestrator/control orchestrator/cli units sandbox

pkg       = $(shell pkg-config --cflags $(1))
libs      = $(shell pkg-config --libs $(1))
PKGS     := libsystemd jansson libseccomp libcap libnl-route-3.0 yaml-0.1 libmariadb hiredis libcurl libcrypto
CPPFLAGS += $(call pkg,$(PKGS))

.DEFAULT_GOAL := all
.PHONY: all
all: $(BIN) ## build the programs into $(B)/

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(PROBED) $(WERROR) $(HARDEN) $(CFLAGS) -MMD -MP -c $< -o $@

# One archive per room: a program names the rooms it may use, and the linker takes what it needs.
define room
$(B)/$(1).a: $(patsubst %.c,$(B)/%.o,$(filter-out $(wildcard orchestrator/main_*.c units/main_*.c sandbox/main_*.c),$(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(AR) rcsD $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# program: main object, rooms in link order, pkg-config names
define program
$(B)/$(1): $(B)/$(2).o $(foreach r,$(3),$(B)/$(r).a)
	$(CC) $(HARDEN) $(CFLAGS) $(LINK) $$^ $(call libs,$(4)) -o $$@
endef
O := orchestrator
$(eval $(call program,ipam-orch,$(O)/main_cli,$(O)/cli $(O)/compose units $(O)/control $(O)/model $(O)/base,yaml-0.1 jansson))
$(eval $(call program,ipam-orchd,$(O)/main_orchd,$(O)/control $(O)/engine $(O)/runtime $(O)/logs sandbox $(O)/model $(O)/base,libsystemd jansson))
$(eval $(call program,ipam-sandboxd,sandbox/main_sandboxd,sandbox $(O)/base,libsystemd jansson libseccomp libcap libnl-route-3.0))
$(eval $(call program,ipam-init,sandbox/main_init,sandbox $(O)/base,libcap))
$(eval $(call program,ipam-worker,units/main_worker,units $(O)/base,jansson libcurl libmariadb hiredis libcrypto))

TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(foreach r,$(O)/cli $(O)/compose units $(O)/control $(O)/engine $(O)/runtime $(O)/logs sandbox $(O)/model $(O)/base,$(B)/$(r).a)
	@mkdir -p $(@D)
	$(CC) $(HARDEN) $(CFLAGS) $(LINK) $^ $(call libs,$(PKGS) cmocka) -o $@

.PHONY: check-unit
check-unit: $(TESTS) ## unit tests, no privilege
	@tests/run-unit $(TESTS)

-include $(shell find $(B) -name '*.d' 2>/dev/null)
