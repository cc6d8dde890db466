# `make run` starts the webhook with the embedded profile; `make test` runs every check. Both do their own set-up.
# Everything that can be made again lies in $(CACHE), outside the tree.

CACHE ?= $(or $(PILLION_CACHE),$(HOME)/.cache/pillion)
export PILLION_CACHE := $(CACHE)
export CARGO_TARGET_DIR ?= $(CACHE)/target
_ := $(shell CARGO_TARGET_DIR="$(CARGO_TARGET_DIR)" ./scripts/checkout)
CARGO := cargo
# Always of the whole workspace: of a part, cargo builds what it depends on again, with fewer features.
TEST := $(CARGO) test --locked --profile ci --workspace
# Random pods for each release and configuration in the long runs.
PODS ?= 60
# Releases and random questions of the comparison of mesh configurations.
RELEASES ?= 1.20.1,latest
QUESTIONS ?= 2000
SEED ?= $(shell date +%s)
STEP := ./scripts/step

.PHONY: help run test fmt lint deny unit doc conformance conformance-long conformance-all files yaml envoy page siege soak dry-run mesh charts manifests e2e e2e-long fuzz fuzz-long fuzz-guided fuzz-differential fuzz-differential-long mutants bench bench-stages bench-instructions bench-cluster release reproducible

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

run: ## Start the webhook with the embedded Envoy profile
	$(CARGO) run --quiet --profile ci --bin pillion -- serve $(ARGS)

test: ## Everything that CI runs
	@$(STEP) "fmt" $(MAKE) --no-print-directory fmt
	@$(STEP) "lint" $(MAKE) --no-print-directory lint
	@$(STEP) "deny" $(MAKE) --no-print-directory deny
	@$(STEP) "doc" $(MAKE) --no-print-directory doc
	@$(STEP) "unit" $(MAKE) --no-print-directory unit
	@$(STEP) "siege" $(MAKE) --no-print-directory siege
	@$(STEP) "page" $(MAKE) --no-print-directory page
	@$(STEP) "envoy" $(MAKE) --no-print-directory envoy
	@$(STEP) "yaml" $(MAKE) --no-print-directory yaml
	@$(STEP) "mesh" $(MAKE) --no-print-directory mesh
	@$(STEP) "conformance" $(MAKE) --no-print-directory conformance
	@$(STEP) "files" $(MAKE) --no-print-directory files
	@$(STEP) "dry-run" $(MAKE) --no-print-directory dry-run
	@$(STEP) "e2e" $(MAKE) --no-print-directory e2e
	@$(STEP) "charts" $(MAKE) --no-print-directory charts

fmt: ## Formatting
	$(CARGO) fmt --all --check

lint: ## Clippy, warnings refused
	$(CARGO) clippy --locked --profile ci --workspace --all-targets -- -D warnings
	$(CARGO) clippy --locked --profile ci --workspace --test envoy --test page --test siege --test soak \
	  --test e2e --test charts --test recorded -- -D warnings

deny: ## Licences, doubled crates and origins of what the program is built from
	deny="$$(./scripts/cargo-deny)" && "$$deny" --workspace --locked check licenses bans sources

doc: ## The API documentation, warnings refused
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --profile ci --workspace --no-deps --quiet

unit: ## All tests of all crates
	$(TEST)

conformance: ## Pod for pod against Istio's injector: 1.20.1, latest and a third release that SEED picks
	./tests/conformance/run.sh --release 1.20.1,latest --third-by-seed --seed $(SEED) --min 2000

conformance-long: ## The same over many more pods of 1.20.1 and latest
	./tests/conformance/run.sh --release 1.20.1,latest --seed $(SEED) --min 10000

conformance-all: ## Every release: at least 5,000 injected pods each, created in a real API server too; manifests; meshes
	./tests/conformance/run.sh --release all --api-server --pods $(PODS) --seed $(SEED) --min-each 5000
	./tests/conformance/run.sh --files --release all --pods 20 --seed $(SEED) --min 500
	./tests/conformance/run.sh --mesh --release all --seed $(SEED) --questions 5000

# Configurations whose sidecars differ most; with both releases, somewhat more than two thousand pods.
DRY_RUN_CONFIGS := default,native,openshift,templates

dry-run: ## Injected pods and workloads, created with dry run in a real Kubernetes API server
	./tests/conformance/run.sh --api-server --release 1.20.1,latest --config $(DRY_RUN_CONFIGS) \
	  --pods 20 --min 2000 --seed $(SEED)
	PILLION_ORACLE="$$(./tests/conformance/build-oracle.sh latest)" \
	  $(TEST) --test e2e -- --nocapture kubectl::

# Where the tests' programs run: a network and a mount namespace of their own.
IN_NAMESPACES := --config 'target."cfg(unix)".runner = "$(CURDIR)/scripts/netns"'
# Tests that match this are run.
ONLY ?=

e2e: ## Installed in a real cluster by Helm and Kustomize: every rule that users rely on, row by row
	PILLION_ORACLE="$$(./tests/conformance/build-oracle.sh latest)" PILLION_KUBE="$$(./scripts/kube)" \
	PILLION_HELM="$${PILLION_HELM:-$$(./scripts/helm)}" PILLION_ISTIO="$$(./scripts/istio)" \
	  $(TEST) --test e2e $(IN_NAMESPACES) -- --nocapture --test-threads=3 \
	  --skip kubectl:: $(ONLY)

e2e-long: ## The same, with five minutes beside a live istiod
	PILLION_BESIDE_SECONDS=300 $(MAKE) --no-print-directory e2e

files: ## Manifests against what istioctl kube-inject runs, of 1.20.1 and latest: 500 documents each at least
	./tests/conformance/run.sh --files --release 1.20.1,latest --seed $(SEED) --pods 8 --min 500

mesh: ## Mesh configurations and ProxyConfig resources, field by field, against Istio's own code
	./tests/conformance/run.sh --mesh --release $(RELEASES) --seed $(SEED) --questions $(QUESTIONS)

yaml: ## 20,000 generated documents read and 20,000 written, compared with Go's own library
	$(CARGO) build --locked --quiet --profile ci --workspace --test it --example against_go
	PILLION_ORACLE="$$(./tests/conformance/build-oracle.sh latest)" \
	  $(CARGO_TARGET_DIR)/ci/examples/against_go --seed $(SEED)

# One test after the other: figures are printed of some, and Envoys beside them would be in them.
envoy: ## A real Envoy in injected pods that run: bootstraps, the redirect, breakers, drain; each row with its figures
	PILLION_ENVOY="$$(./scripts/envoy)" PILLION_NFT="$$(./scripts/nft)" PILLION_KUBE="$$(./scripts/kube)" \
	  $(TEST) --test envoy $(IN_NAMESPACES) -- --nocapture --test-threads=1 $(ONLY)

page: ## The page of the debug port in a real browser, headless; its screenshots are in target/page
	PILLION_CHROMIUM="$$(./scripts/chromium)" $(TEST) --test page -- --nocapture

siege: ## The program under attack, and with faults; ARGS=--write makes the table of docs/reliability.md
	./scripts/reliability $(ARGS)

soak: ## Half an hour and a million requests of every kind, while everything changes; ARGS="--minutes 2 --requests 60000"
	$(TEST) --test soak -- --seed $(SEED) $(ARGS)

charts: ## The chart, the manifests, the Dockerfile: rendered, refused, taken by a real API server, compared with Istio's
	PILLION_HELM="$$(./scripts/helm)" PILLION_KUBE="$$(./scripts/kube)" \
	  $(TEST) --test charts -- --nocapture

# What is fuzzed is built with checks that a release has not, and everything else as the tests have it.
CHECKED := $(foreach crate,pillion pillion-core pillion-gotmpl pillion-govalue pillion-goyaml pillion-kubepatch,\
  --config profile.ci.package.$(crate).overflow-checks=true --config profile.ci.package.$(crate).debug-assertions=true)
# Inputs of all fuzz targets together; pods that nobody would write; seconds for each target under libFuzzer.
RUNS ?= 200000
FUZZ_PODS ?= 3000
FUZZ_SECONDS ?= 60

fuzz: ## Every fuzz target over inputs that SEED makes
	$(CARGO) run --locked --quiet --profile ci $(CHECKED) -p pillion-fuzzing -- --seed $(SEED) --runs $(RUNS) $(ARGS)

fuzz-long: ## The same over twelve million inputs
	$(MAKE) --no-print-directory fuzz RUNS=12000000

fuzz-guided: ## Every fuzz target by libFuzzer, which sees what code an input reaches; needs a nightly compiler
	./scripts/fuzz-guided $(FUZZ_SECONDS) $(ONLY)

fuzz-differential: ## Pods and configurations that nobody would write, against Istio's injector; what differs is made small
	./tests/conformance/run.sh --fuzz $(FUZZ_PODS) --release $(RELEASES) --seed $(SEED) $(ARGS)

fuzz-differential-long: ## The same over 200,000 pods
	$(MAKE) --no-print-directory fuzz-differential FUZZ_PODS=200000

# Configurations that Istio is asked under for mutants; SHARD=K/N tries every N-th mutant only, from the K-th on.
MUTANTS_CONFIGS := default,native,selectors,tproxy,openshift,custom,no-probes,status-port,proxyconfig-one,hold
SHARD ?=
# Built twice for each mutant, as a library and as its own tests: no more than these tests is.
MUTANTS_TESTS := -C=--lib -C=--test=recorded -C=--test=golden -C=--test=differences -C=--test=templates_corpus

mutants: ## Every mutant of the core, by its own tests, the golden cases and pods that Istio answered; hours, or SHARD=1/20
	./tests/conformance/run.sh --release $(RELEASES) --config $(MUTANTS_CONFIGS) --pods 10 --seed 1 \
	  --record "$(CURDIR)/target/mutants/recorded"
	tool="$$(./scripts/cargo-mutants)" && PILLION_RECORDED="$(CURDIR)/target/mutants/recorded" \
	  env -u CARGO_TARGET_DIR "$$tool" mutants --package pillion-core --profile mutants --output target/mutants \
	  $(if $(SHARD),--shard $(SHARD) --sharding round-robin) $(MUTANTS_TESTS) $(ARGS)

# The programs that are measured are built together: the echo's listener is the webhook's to the byte.
bench: ## CPU time of a request beside Istio's injector and a bare echo; ARGS="--quick" or ARGS="--help"
	$(CARGO) build --locked --release -p pillion -p pillion-bench --bins
	PILLION_ORACLE="$$(./tests/conformance/build-oracle.sh latest)" \
	PILLION_PROGRAM="$(CARGO_TARGET_DIR)/release/pillion" PILLION_ECHO="$(CARGO_TARGET_DIR)/release/echo" \
	  $(CARGO_TARGET_DIR)/release/pillion-bench $(ARGS)

bench-stages: ## What the stages of one answer cost, with the configuration of Istio's newest chart
	mkdir -p target/bench/templates
	"$$(./tests/conformance/build-oracle.sh latest)" render --dir target/bench/templates
	PILLION_BENCH_CONFIG="$(CURDIR)/target/bench/templates" $(CARGO) bench --locked -p pillion-bench --bench stages

# Built as tests are: counts are compared with counts of the same profile, and the release's symbols are stripped.
bench-instructions: ## Instructions of whole answers, and what explaining adds, by gungraun over valgrind
	mkdir -p target/bench/templates
	"$$(./tests/conformance/build-oracle.sh latest)" render --dir target/bench/templates
	runner="$$(./scripts/gungraun)" && PILLION_BENCH_CONFIG="$(CURDIR)/target/bench/templates" \
	  GUNGRAUN_RUNNER="$$runner" GUNGRAUN_HOME="$(CURDIR)/target/bench/gungraun" \
	  $(CARGO) bench --locked --profile ci -p pillion-bench --bench instructions $(if $(ARGS),-- $(ARGS))

bench-cluster: ## 2,000 pods through a real API server, with Istio's injector and with Pillion
	$(MAKE) bench ARGS="--cluster --rounds 2"

release: ## Everything that a release is made of, in target/dist: archive, chart, manifests, SBOM, checksums
	./scripts/release target/dist

reproducible: ## Build the release's program in two folders of different names, and compare
	./scripts/reproducible

manifests: ## Make the Kustomize base and overlays out of the chart
	./scripts/manifests
