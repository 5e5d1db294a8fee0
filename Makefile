# nudge: MPI parameter sweeps of energy-based learning on imperfect memristors.
# One make file, no configure step. `make help` lists the targets, `make info` every decision.

VERSION := 0.1.0

# ---- choices (a line in config.mk, or on the command line) ------------------------------
-include config.mk
CC      ?= cc
KIND    ?= release#                       release | debug | sanitize | fuzz
MPICC   ?= mpicc
MPI     ?= $(if $(shell command -v $(MPICC) 2>/dev/null),1,0)
PREFIX  ?= /usr/local
KIND    := $(strip $(KIND))
JOBS    ?= $(shell nproc)
Q       := $(if $(V),,@)

# Objects live apart for each kind and compiler; the release program is build/nudge.
CC_NAME := $(if $(findstring clang,$(CC)),clang,gcc)
OBJ     := build/$(KIND)-$(CC_NAME)$(if $(filter 0,$(MPI)),-nompi)
PROGRAM := $(if $(filter build/release-gcc,$(OBJ)),build/nudge,$(OBJ)/nudge)

# ---- flags -------------------------------------------------------------------------------
WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla \
        -Wdouble-promotion -Wundef -Wformat=2 -Wno-format-nonliteral $(if $(CI),-Werror)
# -ffp-contract=off: fused multiply-add is written where it is meant, so that all vector widths
# and compilers give the same bits.
BASE_FLAGS := -std=c11 -D_GNU_SOURCE -ffp-contract=off -fno-math-errno -g -Iinclude -Isrc
FLAGS_release := -O2
FLAGS_debug   := -O0
# -g1: places, but not the variables, whose tracking takes minutes in sanitized kernels
FLAGS_sanitize := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_fuzz := -O1 -g1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS_ALL := $(BASE_FLAGS) $(WARN) $(FLAGS_$(KIND)) $(CFLAGS)
NC_CFLAGS := $(shell nc-config --cflags 2>/dev/null)
NC_LIBS   := $(or $(shell nc-config --libs 2>/dev/null),-lnetcdf)
LDLIBS_ALL := $(NC_LIBS) -lfftw3 -lfftw3f -lyaml -lz -lm $(LDLIBS)
LINK := $(if $(filter 0,$(MPI)),$(CC),OMPI_CC=$(CC) MPICH_CC=$(CC) $(MPICC))

# ---- sources -----------------------------------------------------------------------------
# src/kern/k_*.c are compiled once for each ISA, everything else once.
ISAS := scalar avx2 avx512
# The oracle is plain: gcc 12.2 at -O3 was seen to vectorise a loop over pairs of words wrongly,
# and unrolling its lanes takes minutes; so does any optimisation of what the sanitizers make of it.
FLAGS_scalar := $(if $(filter sanitize,$(KIND)),-O0,-O1 -fno-tree-vectorize -fno-tree-slp-vectorize)
FLAGS_avx2   := -mavx2 -mfma
FLAGS_avx512 := -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512
KERNELS := $(wildcard src/kern/k_*.c)
# Fuzzers are after what reads files, and wait for nothing else.
NOT_IN_KERNELS := $(if $(filter fuzz,$(KIND)),-fsanitize%)
# With or without MPI is a file, not an #ifdef.
NOT_BUILT := $(if $(filter 0,$(MPI)),src/sched/transport_mpi.c,src/sched/transport_none.c)
SOURCES := $(filter-out $(KERNELS) $(NOT_BUILT),$(sort $(wildcard src/*/*.c analysis/*.c)))
LIB_SOURCES := $(filter-out src/cli/main.c,$(SOURCES))
TEMPLATES := $(wildcard analysis/figures/*.gp analysis/report/*)

LIB_OBJECTS := $(LIB_SOURCES:%.c=$(OBJ)/%.o) \
    $(foreach i,$(ISAS),$(KERNELS:src/kern/%.c=$(OBJ)/src/kern/$(i)/%.o)) \
    $(if $(TEMPLATES),$(OBJ)/templates.o)
LIB := $(OBJ)/libnudge.a
UNIT_TESTS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/unit/test_*.c))
FUZZ_TARGETS := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/fuzz/fuzz_*.c))
SCALE := $(patsubst %.c,$(OBJ)/%,$(wildcard tests/bench/*_scale.c))

# Open MPI runs as root only when told to.
MPIRUN ?= $(if $(filter 0,$(shell id -u)),OMPI_ALLOW_RUN_AS_ROOT=1 \
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1) mpirun --oversubscribe --bind-to none
# Targets that install packages go on in a make of their own, which then sees them.
AGAIN = +@$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(JOBS))
SETUP = CC='$(CC)' CFLAGS='$(NC_CFLAGS) $(CFLAGS)' jobs/env/setup
C_FILES = $(wildcard src/*/*.[ch] include/nudge/*.h analysis/*.[ch] tests/*/*.[ch])
SCRIPTS = $(shell grep -lE '^\#!.*sh$$' -r jobs tests .ci analysis 2>/dev/null)

COMMIT := $(shell git describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
BUILD_DEFS = -DND_BUILD_VERSION='"$(VERSION)"' -DND_BUILD_COMMIT='"$(COMMIT)"' \
    -DND_BUILD_FLAGS='"$(FLAGS_$(KIND)) $(CFLAGS)"'

# ---- building ----------------------------------------------------------------------------
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help info tests bench bench-scale bench-ranks packages setup data demo demo-run check check-run check-slurm check-long \
    sanitize fuzz fuzz-run layers format format-check tidy install clean

all: $(PROGRAM) ## build the program (build/nudge)

$(PROGRAM): $(OBJ)/src/cli/main.o $(LIB)
	@echo "  LINK  $@"
	$(Q)$(LINK) $(FLAGS_$(KIND)) $(LDFLAGS) -o $@ $^ $(LDLIBS_ALL)

$(LIB): $(LIB_OBJECTS)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OBJ)/%.o: %.c | packages
	@mkdir -p $(@D)
	@echo "  CC    $<"
	$(Q)$(CC) $(CFLAGS_ALL) $(EXTRA) -MMD -MP -c -o $@ $<

# The commit goes into one small object, rebuilt when it changes.
$(OBJ)/src/base/build.o: EXTRA = $(BUILD_DEFS)
$(OBJ)/src/base/build.o: $(OBJ)/commit
$(OBJ)/commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT) $(VERSION)' | cmp -s - $@ || echo '$(COMMIT) $(VERSION)' >$@
FORCE:

# The one file that includes mpi.h and the one folder that includes netcdf.h.
$(OBJ)/src/sched/transport_mpi.o: EXTRA = $(shell $(MPICC) --showme:compile 2>/dev/null || true)
$(OBJ)/src/store/%.o: EXTRA = $(NC_CFLAGS)
# Long loops in double precision, whose bits do not depend on how they are vectorised.
$(OBJ)/src/num/boltzmann%.o: EXTRA = $(if $(filter release,$(KIND)),-O3)

define KERNEL_RULE
$(OBJ)/src/kern/$(1)/%.o: src/kern/%.c | packages
	@mkdir -p $$(@D)
	@echo "  CC    $$< ($(1))"
	$(Q)$(CC) $(filter-out -O0 -O1 $(NOT_IN_KERNELS),$(CFLAGS_ALL)) -O3 -g1 $(FLAGS_$(1)) -DND_ISA=$(1) \
	    -DND_ISA_$(1) -MMD -MP -c -o $$@ $$<
endef
$(foreach i,$(ISAS),$(eval $(call KERNEL_RULE,$(i))))

# Templates of figures and reports travel inside the program, as C strings.
$(OBJ)/templates.c: $(TEMPLATES) analysis/figures/embed
	@mkdir -p $(@D)
	$(Q)sh analysis/figures/embed $(TEMPLATES) >$@
$(OBJ)/templates.o: $(OBJ)/templates.c
	$(Q)$(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OBJ)/tests/unit/%: tests/unit/%.c $(LIB)
	@mkdir -p $(@D)
	@echo "  TEST  $<"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@.o $<
	$(Q)$(LINK) $(FLAGS_$(KIND)) $(LDFLAGS) -o $@ $@.o $(LIB) $(LDLIBS_ALL) -lcmocka

$(OBJ)/tests/bench/%: tests/bench/%.c $(LIB)
	@mkdir -p $(@D)
	@echo "  BENCH $<"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@.o $<
	$(Q)$(LINK) $(FLAGS_$(KIND)) $(LDFLAGS) -o $@ $@.o $(LIB) $(LDLIBS_ALL)

# With libFuzzer's main, or one that reads files.
FUZZ_MAIN := tests/fuzz/support.c $(if $(filter fuzz,$(KIND)),-fsanitize=fuzzer,tests/fuzz/replay.c)
$(OBJ)/tests/fuzz/%: tests/fuzz/%.c tests/fuzz/support.c tests/fuzz/replay.c tests/fuzz/fuzz.h $(LIB)
	@mkdir -p $(@D)
	@echo "  FUZZ  $<"
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@.o $<
	$(Q)$(LINK) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $@.o $(FUZZ_MAIN) $(LIB) $(LDLIBS_ALL)

tests: $(UNIT_TESTS) $(FUZZ_TARGETS) $(SCALE)

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)

# ---- set-up, checks ----------------------------------------------------------------------
# Before compiling: what a build cannot do without, said in one message.
packages:
	@$(SETUP) --check build

setup: ## install what is missing to build, run and draw (Debian; else says what to load)
	@$(SETUP)

data: ## put Fashion-MNIST and MNIST into data/
	@jobs/env/data

demo: setup ## build, fetch data, run a first campaign on all cores, draw its map
	$(AGAIN) demo-run

demo-run: $(PROGRAM)
	@jobs/env/data fashion-mnist
	$(Q)$(if $(filter 0,$(MPI)),,$(MPIRUN) -n $$(($(JOBS) + 1))) \
	    $(PROGRAM) run sweeps/first-light.yaml -o build/first-light
	$(Q)$(PROGRAM) map build/first-light -o build/first-light/map.nc
	$(Q)$(PROGRAM) map build/first-light -o build/first-light/map.png

check: ## build and run all tests (FILTER='unit/ cli/' runs those whose path has one of the words)
	@$(SETUP) build mpi figures data tests
	$(AGAIN) check-run

check-run: $(PROGRAM) tests
	@OBJ=$(OBJ) NUDGE=$(PROGRAM) CC='$(CC)' tests/run $(FILTER)

check-slurm: $(PROGRAM) ## campaigns as jobs of a Slurm cluster that the tests start (in `check` too)
	@OBJ=$(OBJ) NUDGE=$(PROGRAM) tests/run slurm/

check-long: $(PROGRAM) ## published learning curves, at length (tests/long)
	@OBJ=$(OBJ) NUDGE=$(PROGRAM) TEST_SECONDS=36000 tests/run --long $(FILTER)

bench: $(PROGRAM) ## what the kernels and trainings do on this machine (one core, nothing else running)
	@env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $(PROGRAM) bench

bench-scale: $(SCALE) ## 10,000 workers and 1,000,000 trials, simulated; a journal and a map of as many (needs 4 GB of disk)
	$(Q)$(OBJ)/tests/bench/sched_scale
	$(Q)$(OBJ)/tests/bench/journal_scale $(SCALE_TRIALS)
	$(Q)$(OBJ)/tests/bench/map_scale $(SCALE_TRIALS)

sanitize: ## unit tests and hostile input under AddressSanitizer and UndefinedBehaviorSanitizer
	+@TEST_SECONDS=1800 $(MAKE) --no-print-directory KIND=$@ FILTER='$(or $(FILTER),unit/ fuzz/ cli/bad_)' check-run

FUZZ_SECONDS ?= 600
fuzz: ## fuzz what reads specs, IDX, journals and checkpoints, FUZZ_SECONDS each (600; needs clang); new inputs in build/fuzz
	+@$(MAKE) --no-print-directory KIND=fuzz CC=clang MPI=0 fuzz-run

fuzz-run: $(FUZZ_TARGETS)
	@OBJ=$(OBJ) FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(FILTER)

bench-ranks: $(PROGRAM) ## two workers against one, and what the master takes (two cores, nothing else running)
	$(Q)OBJ=$(OBJ) NUDGE=$(PROGRAM) tests/bench/ranks.sh

layers: $(LIB) ## who may use whom (tests/layers.sh)
	@OBJ=$(OBJ) NUDGE=$(PROGRAM) CC='$(CC)' tests/layers.sh

format: ## lay out all C files
	@clang-format -i $(C_FILES)

format-check: ## layout of C files, and shellcheck
	@clang-format --dry-run -Werror $(C_FILES)
	@shellcheck -x -e SC2317 $(SCRIPTS)

TIDY = xargs -P $(JOBS) -I{} clang-tidy --quiet --warnings-as-errors='*' {} --
tidy: ## clang-tidy
	@printf '%s\n' $(filter-out $(KERNELS),$(SOURCES)) | $(TIDY) $(BASE_FLAGS) $(NC_CFLAGS) \
	    $(shell $(MPICC) --showme:compile 2>/dev/null) $(BUILD_DEFS)
	@printf '%s\n' $(KERNELS) | $(TIDY) $(BASE_FLAGS) -DND_ISA=scalar -DND_ISA_scalar

install: $(PROGRAM) ## copy the program, sweeps and job scripts below PREFIX (/usr/local)
	install -Dm755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/nudge
	install -d $(DESTDIR)$(PREFIX)/share/nudge/sweeps/thesis $(DESTDIR)$(PREFIX)/share/nudge/jobs
	install -m644 $(wildcard sweeps/*.yaml sweeps/*.md) $(DESTDIR)$(PREFIX)/share/nudge/sweeps
	install -m644 $(wildcard sweeps/thesis/*.yaml sweeps/thesis/*.md) $(DESTDIR)$(PREFIX)/share/nudge/sweeps/thesis
	install -m755 jobs/submit jobs/chain jobs/reproduce jobs/campaign.sbatch jobs/array.sbatch $(DESTDIR)$(PREFIX)/share/nudge/jobs
	install -m644 jobs/README.md $(DESTDIR)$(PREFIX)/share/nudge/jobs

info: ## print every decision
	@printf '%-12s %s\n' version '$(VERSION) ($(COMMIT))' program '$(PROGRAM)' objects '$(OBJ)' \
	    kind '$(KIND)' compiler "$$($(CC) --version 2>/dev/null | head -n 1)" \
	    flags '$(strip $(BASE_FLAGS) $(FLAGS_$(KIND)) $(CFLAGS))' warnings '$(strip $(WARN))' \
	    kernels '$(ISAS)' mpi '$(if $(filter 0,$(MPI)),none: one process,$(MPICC): '"$$($(MPICC) --showme:version 2>/dev/null)"')' \
	    libraries '$(LDLIBS_ALL)' prefix '$(PREFIX)' jobs '$(JOBS)'

help: ## list the targets
	@grep -hE '^[a-z -]+:.*## ' Makefile | sed -E 's/^([a-z -]+):.*## /  make \1\t/' | expand -t 22

clean: ## remove everything that was built
	rm -rf build
