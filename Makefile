# One word per wish; `make help` lists them.
V       := $(shell cat VERSION)
B       ?= build
PREFIX  ?= /usr
QUIET   := $(if $(VERBOSE),,@)
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
HARDEN   := $(HARDEN)# the compiler is asked once, not per file
LINK     ?= -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,separate-code -Wl,--as-needed
WERROR   ?= -Werror
CPPFLAGS += -D_GNU_SOURCE -DVERSION='"$(V)"' -DPATHS_PREFIX='"$(PREFIX)"' -Iorchestrator -I.

PROGRAMS := ipam-orch ipam-orchd ipam-sandboxd ipam-init ipam-worker
BIN      := $(PROGRAMS:%=$(B)/%)
ROOMS    := orchestrator/base orchestrator/model orchestrator/compose orchestrator/engine \
            orchestrator/runtime orchestrator/logs orchestrator/control orchestrator/preflight \
            orchestrator/ops orchestrator/verify orchestrator/cli units sandbox

pkg       = $(shell pkg-config --cflags $(1))
libs      = $(shell pkg-config --libs $(1))
PKGS     := libsystemd jansson libseccomp libcap libnl-route-3.0 yaml-0.1 libmariadb hiredis libcurl libssl libcrypto zlib libzstd
CPPFLAGS += $(call pkg,$(PKGS))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all
all: $(BIN) ## build the programs into $(B)/

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(PROBED) $(WERROR) $(HARDEN) $(CFLAGS) -MMD -MP -c $< -o $@

# One archive per room: a program names the rooms it may use, and the linker takes what it needs.
define room
$(B)/$(1).a: $(patsubst %.c,$(B)/%.o,$(filter-out $(wildcard orchestrator/main_*.c units/main_*.c sandbox/main_*.c),$(wildcard $(1)/*.c)))
	@mkdir -p $$(@D)
	@rm -f $$@
	$(QUIET)$(AR) rcsD $$@ $$^
endef
$(foreach r,$(ROOMS),$(eval $(call room,$(r))))

# program: main object, rooms in link order, pkg-config names, other libraries
define program
$(B)/$(1): $(B)/$(2).o $(foreach r,$(3),$(B)/$(r).a)
	$(QUIET)$(CC) $(HARDEN) $(CFLAGS) $(LINK) $$^ $(call libs,$(4)) $(5) -o $$@
endef
O := orchestrator
$(eval $(call program,ipam-orch,$(O)/main_cli,$(O)/cli $(O)/verify $(O)/ops $(O)/preflight $(O)/compose $(O)/control $(O)/logs $(O)/model $(O)/base,yaml-0.1 jansson libssl libcrypto libseccomp zlib libzstd))
$(eval $(call program,ipam-orchd,$(O)/main_orchd,$(O)/control $(O)/engine $(O)/runtime $(O)/logs sandbox $(O)/model $(O)/base,libsystemd jansson zlib,-lunistring))
$(eval $(call program,ipam-sandboxd,sandbox/main_sandboxd,sandbox $(O)/base,libsystemd jansson libseccomp libcap libnl-route-3.0))
$(eval $(call program,ipam-init,sandbox/main_init,sandbox $(O)/base,libcap))
$(eval $(call program,ipam-worker,units/main_worker,units $(O)/base,jansson libcurl libmariadb hiredis libssl libcrypto zlib))

# set for sanitizers only, see tests/fakes/no_leak_check.c
BEHIND_FILTER ?=
$(B)/ipam-init: $(BEHIND_FILTER)

TESTS := $(patsubst tests/unit/%.c,$(B)/tests/unit/%,$(wildcard tests/unit/test_*.c))
FAKES := $(patsubst %.c,$(B)/%.o,$(wildcard tests/fakes/fake_*.c))
# stories count which answers of the state machine they take
$(B)/tests/unit/test_stories: LINK += -Wl,--wrap=fsm_step
$(B)/tests/unit/test_%: $(B)/tests/unit/test_%.o $(FAKES) $(foreach r,$(O)/cli $(O)/verify $(O)/ops $(O)/preflight $(O)/compose units $(O)/control $(O)/engine $(O)/runtime $(O)/logs sandbox $(O)/model $(O)/base,$(B)/$(r).a)
	@mkdir -p $(@D)
	$(QUIET)$(CC) $(HARDEN) $(CFLAGS) $(LINK) $^ $(call libs,$(PKGS) cmocka) -lunistring -o $@

# ---- tests: what each needs is in its line of `make help` ----

export IPAM_ORCH_BUILD := $(abspath $(B))
export IPAM_ORCH_SOURCE := $(CURDIR)
FRONTEND := examples/ipam/frontend
DIST     := $(FRONTEND)/dist/index.html
# programs that root tests start: guests with one vice each, drivers of one seam
GUESTS   := $(patsubst tests/fakes/%.c,$(B)/tests/fakes/%,$(wildcard tests/fakes/guest_*.c \
              tests/fakes/*_driver.c))

$(patsubst tests/fakes/%.c,$(B)/tests/fakes/%,$(wildcard tests/fakes/guest_*.c)): $(BEHIND_FILTER)

$(B)/tests/fakes/%: $(B)/tests/fakes/%.o $(B)/sandbox.a $(B)/orchestrator/base.a
	$(QUIET)$(CC) $(HARDEN) $(CFLAGS) $(LINK) $^ $(call libs,libsystemd jansson libseccomp libcap libnl-route-3.0) -o $@

# what tests load before a program of ours
$(B)/tests/fakes/%.so: tests/fakes/%.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=gnu17 $(CPPFLAGS) $(WARN) $(WERROR) -O2 -fPIC -shared $< -o $@

.PHONY: check check-unit check-cli check-compose check-root check-app check-e2e
check: lint check-unit check-cli check-compose fuzz-regress ## lint, unit, cli, compose cases, fuzz corpora: what to run before a commit; no privilege

stories: $(B)/tests/unit/test_stories ## write the courses of tests/stories anew, to be read before they are committed
	@STORIES_WRITE=1 tests/run-unit $<

check-unit: $(TESTS) ## unit tests; no privilege
	@tests/run-unit $(TESTS)

check-cli: $(BIN) ## the command line without its daemons; no privilege
	@tests/run-bats cli

check-compose: $(B)/ipam-orch ## what `config` makes of some four hundred compose files
	@tests/compose/run

# the programs, such that every step of theirs can be the last: sandbox/failpoint.h, base/moment.h
.PHONY: failpoints
failpoints:
	$(QUIET)$(MAKE) --no-print-directory B=$(B)/failpoints CFLAGS='$(CFLAGS) -DIPAM_FAILPOINTS' \
	    $(PROGRAMS:%=$(B)/failpoints/%)

check-root: $(BIN) $(GUESTS) failpoints ## isolation, cgroups and networks as the kernel shows them; root
	@tests/run-bats root

check-app: ## the IPAM application against its own MariaDB and Redis, and its frontend
	@tests/run-app

check-e2e: $(BIN) $(B)/tests/fakes/moved_clock.so frontend ## the whole stack and a browser, in a private network namespace; root
	@tests/run-bats e2e

# ---- fuzzing: one target per parser; F=NAME chooses one, T=SECONDS is the time for each ----

FUZZ     := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
F        ?= $(FUZZ)
T        ?= 60
FUZZ_LIBS = $(foreach r,$(O)/compose $(O)/model sandbox $(O)/base,$(B)/$(r).a)
FUZZ_PKGS := yaml-0.1 jansson libcrypto libsystemd libseccomp libcap libnl-route-3.0
LIBFUZZER = -fsanitize=fuzzer

$(B)/tests/fuzz/replay_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/replay.o $(B)/tests/fuzz/pipeline.o $(FUZZ_LIBS)
	$(QUIET)$(CC) $(HARDEN) $(CFLAGS) $(LINK) $^ $(call libs,$(FUZZ_PKGS)) -o $@

$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(B)/tests/fuzz/pipeline.o $(FUZZ_LIBS)
	$(QUIET)$(CC) $(HARDEN) $(LIBFUZZER) $(CFLAGS) $(LINK) $^ $(call libs,$(FUZZ_PKGS)) -o $@

.PHONY: fuzz fuzz-regress
fuzz-regress: $(FUZZ:%=$(B)/tests/fuzz/replay_%) ## what fuzzing found once, and its seeds
	@tests/run-fuzz regress $(B) $(FUZZ)

fuzz: ## look for inputs that break a parser, F=NAME T=SECONDS; clang
	$(MAKE) B=build/fuzz CC=clang LINK= WERROR= HARDEN='-O1 -g -fno-omit-frame-pointer \
	    -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all' $(F:%=build/fuzz/tests/fuzz/fuzz_%)
	@tests/run-fuzz search build/fuzz $(T) $(F)

SANITIZE := -O1 -g -fPIE -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
.PHONY: asan analyze cov
asan: ## rebuild with address and undefined-behaviour sanitizers below build/asan, then test; root
	$(MAKE) B=build/asan LINK=-pie WERROR= HARDEN='$(SANITIZE)' \
	    BEHIND_FILTER=build/asan/tests/fakes/no_leak_check.o \
	    check-unit check-cli check-compose fuzz-regress check-root

.PHONY: bench
bench: $(BIN) $(GUESTS) frontend failpoints ## time of config, up, down, ps, one launch and many, memory of our processes; root, an idle machine
	@tests/bench/config
	@tests/bench/stack
	@tests/bench/launch
	@tests/bench/up50
	@tests/bench/scale
	@tests/bench/supervise
	@tests/bench/capture

# Off in gcc 12 and cppcheck, as in .clang-tidy: what they cannot know of cleanup variables, of lists
# that own their elements, and of out parameters that a function of another file sets.
UNKNOWING := malloc-leak null-dereference null-argument possible-null-argument use-of-uninitialized-value
SOURCES := $(foreach r,$(ROOMS),$(wildcard $(r)/*.c)) $(wildcard orchestrator/main_*.c)
analyze: $(SOURCES:%.c=$(B)/%.analyzed) ## gcc -fanalyzer, cppcheck and clang-tidy; minutes
	cppcheck -q --std=c11 --enable=warning,portability,performance --inline-suppr --error-exitcode=2 \
	    --suppress=missingIncludeSystem --suppress=memleak --suppress=uninitvar \
	    -Iorchestrator -I. -D_GNU_SOURCE --include=/usr/include/uthash.h --include=/usr/include/utlist.h $(SOURCES)
	clang-tidy --quiet $(SOURCES) -- -std=gnu17 $(CPPFLAGS)

$(B)/%.analyzed: %.c
	@mkdir -p $(@D)
	$(QUIET)$(CC) -std=gnu17 $(CPPFLAGS) -O1 -fanalyzer $(UNKNOWING:%=-Wno-analyzer-%) -Werror -S $< -o $@

cov: ## line coverage of the unit and cli tests, per folder
	$(MAKE) B=build/cov LINK=-pie WERROR= HARDEN='-O0 -g -fPIE --coverage' check-unit check-cli
	@tests/coverage build/cov $(ROOMS)

.PHONY: lint format
lint: ## format, include rules, sizes, forbidden calls, the tree, shell scripts, spelling
	@tests/lint/run.sh

format: ## clang-format in place
	clang-format -i $(shell find orchestrator units sandbox tests -name '*.[ch]')

# ---- what is built besides the programs ----

ifneq ($(wildcard $(FRONTEND)/package.json),)
.PHONY: frontend
frontend: $(DIST) ## the web pages of the IPAM application, with npm

$(FRONTEND)/node_modules/.package-lock.json: $(FRONTEND)/package-lock.json
	cd $(FRONTEND) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(DIST): $(FRONTEND)/node_modules/.package-lock.json $(FRONTEND)/package.json \
         $(shell find $(FRONTEND)/src $(FRONTEND)/public $(wildcard $(FRONTEND)/index.html \
                 $(FRONTEND)/*.ts $(FRONTEND)/*.js $(FRONTEND)/tsconfig*.json) -type f 2>/dev/null)
	cd $(FRONTEND) && npm run build --silent
	@touch $@
endif

PAGES := $(patsubst docs/man/%.scd,$(B)/man/%,$(wildcard docs/man/*.scd))
.PHONY: docs
docs: $(B)/ipam-orch ## docs/COMPOSE-SUPPORT.md from the tables of the compose engine
	@printf 'services: {a: {image: a}}' | $(B)/ipam-orch -p docs -f - config --explain=markdown >docs/COMPOSE-SUPPORT.md

.PHONY: man
man: $(PAGES) ## manual pages, with scdoc

$(B)/man/%: docs/man/%.scd
	@mkdir -p $(@D)
	scdoc <$< >$@

LIBDIR   = $(DESTDIR)$(PREFIX)/lib/ipam-orch
SHAREDIR = $(DESTDIR)$(PREFIX)/share/ipam-orch
CONFDIR  = /etc/ipam-orch
MANDIR   = $(DESTDIR)$(PREFIX)/share/man
DOCDIR   = $(DESTDIR)$(PREFIX)/share/doc/ipam-orch
UNITDIR  = $(DESTDIR)$(if $(filter /usr,$(PREFIX)),/lib,$(PREFIX)/lib)/systemd/system
# what a deployment needs of the example: no sources, no tests, no secrets
EXAMPLE_FILES = cd examples && find ipam -type f -not -path '*/node_modules/*' \
    -not -path '*/__pycache__/*' -not -path '*/.pytest_cache/*' -not -path '*/tests/*' \
    -not -name '.env*' -not -name '*.key' -not -name '*.crt' \
    \( -not -path 'ipam/frontend/*' -o -path 'ipam/frontend/dist/*' \)

.PHONY: install
install: $(BIN) ## install below DESTDIR and PREFIX; build the frontend first
	@test -f $(DIST) || { echo "the frontend is not built: make frontend" >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/bin $(LIBDIR) $(SHAREDIR) $(UNITDIR) $(DOCDIR)
	install -m 755 $(B)/ipam-orch $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(filter-out $(B)/ipam-orch,$(BIN)) $(LIBDIR)/
	@rm -rf $(SHAREDIR)/units $(SHAREDIR)/configs $(SHAREDIR)/examples
	find units/catalog configs -type f -exec install -D -m 644 {} $(SHAREDIR)/{} \;
	install -m 755 units/acme-hook.sh $(SHAREDIR)/units/
	($(EXAMPLE_FILES)) | while read -r f; do install -D -m 644 "examples/$$f" "$(SHAREDIR)/examples/$$f"; done
	for unit in packaging/systemd/*.service; do \
	    sed 's,/usr/lib/ipam-orch,$(PREFIX)/lib/ipam-orch,' "$$unit" >"$(UNITDIR)/$${unit##*/}"; done
	install -D -m 644 packaging/sysusers.d/ipam-orch.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d/ipam-orch.conf
	install -D -m 644 packaging/tmpfiles.d/ipam-orch.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/ipam-orch.conf
	test -e $(DESTDIR)$(CONFDIR)/policy.conf || install -D -m 644 packaging/policy.conf $(DESTDIR)$(CONFDIR)/policy.conf
	install -m 644 README.md README.zh-CN.md CHANGELOG.md LICENSE NOTICE $(DOCDIR)/
	for page in $(if $(shell command -v scdoc),$(PAGES)); do $(MAKE) --no-print-directory "$$page" && \
	    install -D -m 644 "$$page" "$(MANDIR)/man$${page##*.}/$${page##*/}"; done
	if [ -f packaging/completions/ipam-orch.bash ]; then install -D -m 644 \
	    packaging/completions/ipam-orch.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/ipam-orch; fi

.PHONY: deb
deb: $(BIN) frontend ## the Debian package, reproducible, into build/
	+@packaging/debian/make-deb "$(V)" "$(B)"

.PHONY: clean help
clean: ## remove what was built
	rm -rf build $(FRONTEND)/dist $(FRONTEND)/node_modules

help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | sort | \
	    awk -F '\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

-include $(shell find $(B) -name '*.d' -type f 2>/dev/null)
