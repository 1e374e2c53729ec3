# catchmap: `make` builds build/catchmap, `make demo` shows it, `make test` tests it. `make help` lists the rest.
# Variants live in folders of their own: `make B=build/asan SAN=address,undefined build/asan/catchmap`.

PREFIX ?= /usr/local
SETCAP ?= setcap
DESTDIR ?=
CC ?= gcc
B ?= build
SECS ?= 20
MINUTES ?= 20
V ?= 0
VERSION := 0.1.0

PKGS := libpcap libuv libmnl jansson libzstd zlib smartcols inih libcap-ng libsodium nettle
# Without libxdp, --send xdp says so.
ifeq ($(shell pkg-config --exists libxdp && echo yes),yes)
PKGS += libxdp
CPPFLAGS += -DCATCHMAP_XDP
endif
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) 2>/dev/null)
PKG_LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lnet -lcsv -lbz2 -lm
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wdouble-promotion -Wconversion \
	-Wswitch-enum
OPT ?= -O2 -g
HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
ifdef SAN
OPT := -O1 -g -fno-omit-frame-pointer -fsanitize=$(SAN) -fno-sanitize-recover=all
HARDEN := -fPIE
endif
STD := -std=c11 -D_DEFAULT_SOURCE -D_GNU_SOURCE
CPPFLAGS_ALL = -Iinclude -DCATCHMAP_VERSION='"$(VERSION)"' -DCATCHMAP_DATADIR='"$(PREFIX)/share/catchmap"' $(CPPFLAGS)
CFLAGS_ALL = $(STD) $(OPT) $(HARDEN) $(WARN) $(WERROR) $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL = -pie $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

ifeq ($(V),0)
Q := @
say = @printf '  %-7s %s\n' $(1) $(2);
else
Q :=
say =
endif

SRC := $(sort $(wildcard src/*/*.c))
LIB_SRC := $(filter-out src/cmd/main.c,$(SRC))
UNIT := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/*_test.c)))
FUZZ := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

all: $(B)/catchmap

help:
	@echo 'make            build $(B)/catchmap'
	@echo 'make demo       the main job with no Internet, in network namespaces'
	@echo 'make test       all tests (installs what is missing)'
	@echo 'make asan       the tests under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make lint       layers, cppcheck, clang-tidy, clang-format'
	@echo 'make fuzz SECS=60   each fuzz harness for so long'
	@echo 'make bench      speeds, beside its peers (QUICK=1: two minutes)'
	@echo 'make soak MINUTES=20   a long run: memory, descriptors, rotation, nothing lost'
	@echo 'make page       build src/report/page.html anew, with node and npm'
	@echo 'make deps       install the packages that building and testing need'
	@echo 'make install    PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)'
	@echo 'make deb        a Debian package of it, in $(B)'
	@echo 'make format     let clang-format lay out the code'

$(B)/obj/%.o: src/%.c | deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Called where the machine has it.
ifneq ($(findstring x86_64,$(shell $(CC) -dumpmachine)),)
$(B)/obj/infer/sweeps_avx2.o: CFLAGS_ALL += -mavx2
endif

# The page is part of the program.
$(B)/obj/report/html.o: src/report/page.html

$(B)/libcatchmap.a: $(LIB_SRC:src/%.c=$(B)/obj/%.o)
	@rm -f $@
	$(call say,AR,$@)ar rcs $@ $^

$(B)/catchmap: $(B)/obj/cmd/main.o $(B)/libcatchmap.a
	$(call say,LD,$@)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(B)/tests/%_test: tests/unit/%_test.c $(B)/libcatchmap.a | deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS_ALL) -Itests/unit $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< $(B)/libcatchmap.a $(PKG_LIBS) -lcmocka -lldns -lproj

# A fuzz harness is one function; here it is linked with a main that feeds it the files of its corpus.
$(B)/tests/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/replay_corpus.c $(B)/libcatchmap.a | deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) $(B)/libcatchmap.a $(PKG_LIBS)

# The same under libFuzzer; parsers know nothing of the commands, whose table is the program's.
FUZZ_SRC := $(filter-out src/cmd/%,$(LIB_SRC))
$(B)/fuzz/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_SRC) | deps
	@mkdir -p $(@D)
	$(call say,FUZZ,$@)clang $(CPPFLAGS_ALL) $(STD) -O1 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		$(PKG_CFLAGS) -o $@ $< $(FUZZ_SRC) $(PKG_LIBS)

TOOLS := $(patsubst tests/tools/%.c,%,$(sort $(wildcard tests/tools/*.c)))
$(B)/tools/%: tests/tools/%.c $(B)/libcatchmap.a | deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS_ALL) -Itests/lab $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $(filter %.c,$^) $(B)/libcatchmap.a $(PKG_LIBS)
# The lab's tier 1 and what measures it.
$(B)/tools/world $(B)/tools/world_load: $(wildcard tests/lab/world_*.c) $(wildcard tests/lab/world_*.h)

BENCH := $(patsubst tests/bench/%.c,%,$(sort $(wildcard tests/bench/*.c)))
$(B)/bench/%: tests/bench/%.c $(B)/libcatchmap.a | deps
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP $(LDFLAGS_ALL) -o $@ $< $(B)/libcatchmap.a $(PKG_LIBS)

test-programs: $(B)/catchmap $(UNIT:%=$(B)/tests/%) $(FUZZ:%=$(B)/tests/%) $(TOOLS:%=$(B)/tools/%)

test: deps-test
	$(Q)$(MAKE) --no-print-directory test-programs
	$(Q)B=$(B) tests/run

asan: deps-test
	$(Q)$(MAKE) --no-print-directory B=build/asan SAN=address,undefined,float-cast-overflow,float-divide-by-zero test-programs
	$(Q)B=build/asan tests/run

fuzz: deps-test $(FUZZ:%=$(B)/fuzz/%)
	$(Q)SECS=$(SECS) B=$(B) tests/fuzz/run $(FUZZ)

demo: deps-test
	$(Q)$(MAKE) --no-print-directory $(B)/catchmap $(TOOLS:%=$(B)/tools/%)
	$(Q)B=$(B) tests/demo

bench: deps-bench
	$(Q)$(MAKE) --no-print-directory $(B)/catchmap $(TOOLS:%=$(B)/tools/%) $(BENCH:%=$(B)/bench/%)
	$(Q)B=$(B) QUICK=$(QUICK) tests/bench/run

soak: deps-test
	$(Q)$(MAKE) --no-print-directory $(B)/catchmap $(TOOLS:%=$(B)/tools/%)
	$(Q)B=$(B) MINUTES=$(MINUTES) tests/soak

# The page that `report` fills is committed: only who changes src/report/page needs this, node and npm.
page:
	$(Q)B=$(B) scripts/page

lint: deps-test
	$(Q)CC="$(CC)" CPPFLAGS='$(CPPFLAGS_ALL)' STD='$(STD)' WARN='$(WARN)' PKG_CFLAGS='$(PKG_CFLAGS)' scripts/lint

format:
	$(Q)clang-format -i $$(git ls-files --cached --others --exclude-standard '*.c' '*.h')

# `deps` is cheap when nothing is missing: one dpkg-query.
deps:
	$(Q)scripts/deps build
deps-bench:
	$(Q)scripts/deps build test bench
deps-test:
	$(Q)scripts/deps build test

install: $(B)/catchmap
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/catchmap' '$(DESTDIR)$(PREFIX)/share/man/man1' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions'
	install -m 0755 $(B)/catchmap '$(DESTDIR)$(PREFIX)/bin/catchmap'
	cp -R targets '$(DESTDIR)$(PREFIX)/share/catchmap/'
	$(B)/catchmap help --man > '$(DESTDIR)$(PREFIX)/share/man/man1/catchmap.1'
	$(B)/catchmap help --completion > '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/catchmap'
	install -d '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	for unit in scripts/systemd/*; do \
		sed 's|@PREFIX@|$(PREFIX)|g' "$$unit" > "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; done
	$(SETCAP) cap_net_raw=ep '$(DESTDIR)$(PREFIX)/bin/catchmap' || \
		echo "no file capability set (not root?): run 'setcap cap_net_raw=ep $(PREFIX)/bin/catchmap' as root"

# A Debian package in $(B).
deb: $(B)/catchmap
	$(Q)B=$(B) scripts/package $(VERSION) $(B)

uninstall:
	rm -f '$(DESTDIR)$(PREFIX)/bin/catchmap' '$(DESTDIR)$(PREFIX)/share/man/man1/catchmap.1' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/catchmap'
	for unit in scripts/systemd/*; do rm -f "$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/}"; done
	rm -rf '$(DESTDIR)$(PREFIX)/share/catchmap'

clean:
	rm -rf build

.PHONY: all help test asan fuzz demo bench soak page lint format deps deps-bench deps-test install deb uninstall clean test-programs
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
