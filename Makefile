# Two commands for a newcomer: `make demo` and `make test`. Everything else is a step of these.

ARCH      := $(shell uname -m)
NODE_ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(ARCH)))
# Tools of package.json, run by the Node that package-lock.json pins: the system's own may be too old.
export PATH := $(CURDIR)/node_modules/node-linux-$(NODE_ARCH)/bin:$(CURDIR)/node_modules/.bin:$(PATH)

BPF_SOURCES := $(wildcard bpf/*.c bpf/*.h)
# v3 brings 32-bit jumps and atomics (kernel 5.12); -g is for BTF, DWARF is stripped afterwards.
BPF_CFLAGS  := -O2 -g -target bpf -mcpu=v3 -Wall -Werror -I/usr/include/$(ARCH)-linux-gnu

# A test that hangs fails by its name; the long forms by hand may take hours.
NODE_TEST := scripts/node --test --test-reporter=./scripts/strict-reporter.ts --test-timeout=300000
LONG_TEST := scripts/node --test --test-reporter=./scripts/strict-reporter.ts --test-concurrency=1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: compile-cache soak bench-grpc help demo test build bpf native lint format typecheck unit native-test bpf-test netns-test kafka-test chromium-test demo-kafka bench bench-kafka clean packages test-packages chromium-packages kafka-packages modules conformance

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## Build, then show allowed and denied requests in network namespaces of their own (root)
	@scripts/node scripts/demo.ts

demo-kafka: build build/kafka/bind-elsewhere.so kafka-packages ## The same for topics of a Kafka broker; KAFKA=real for Apache Kafka (root)
	@scripts/node scripts/demo-kafka.ts

# What gives librdkafka's mock cluster an address that other namespaces reach.
build/kafka/bind-elsewhere.so: test/kafka/bind-elsewhere.c | packages
	@mkdir -p $(@D)
	clang -O2 -Wall -Werror -shared -fPIC -o $@ $<

test: ## Everything that must hold: lint, types, unit, BPF and end-to-end tests (root)
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory typecheck
	@$(MAKE) --no-print-directory build
	@$(MAKE) --no-print-directory unit
	@$(MAKE) --no-print-directory native-test
	@$(MAKE) --no-print-directory bpf-test
	@$(MAKE) --no-print-directory netns-test
	@$(MAKE) --no-print-directory conformance
	@$(MAKE) --no-print-directory kafka-test

build: bpf native compile-cache ## Compile the BPF programs and the native addon

bpf: build/sluice.bpf.o ## Compile the BPF programs

build/sluice.bpf.o: $(BPF_SOURCES) | packages
	@mkdir -p build
	clang $(BPF_CFLAGS) -c bpf/sluice.bpf.c -o $@.unstripped
	llvm-strip -g $@.unstripped
	@mv $@.unstripped $@

compile-cache: modules ## Take the types off the sources once (scripts/compile-cache.ts)
	@NODE_COMPILE_CACHE=build/compile-cache scripts/node scripts/compile-cache.ts >/dev/null

native: packages modules ## Compile the native addon
	@$(MAKE) --no-print-directory -C native

lint: modules ## Check style and types-aware rules
	oxlint --type-aware --deny-warnings
	biome check --error-on-warnings

format: modules ## Rewrite the sources in the project's format
	biome check --write

typecheck: modules ## Check the types
	tsc --noEmit

unit: modules ## Run the unit tests
	$(NODE_TEST) 'test/unit/**/*.test.ts'

native-test: build ## Test the native addon against the kernel (root)
	$(NODE_TEST) 'test/native/**/*.test.ts'

bpf-test: build ## Run the BPF programs against packets (root)
	$(NODE_TEST) 'test/bpf/**/*.test.ts'

netns-test: build test-packages ## Run the agent against real traffic in network namespaces (root)
	$(NODE_TEST) --test-concurrency=1 'test/netns/**/*.test.ts'

soak: build test-packages ## Networks that lose and reorder, restarts and policies by the hundred: takes an hour (root)
	$(LONG_TEST) 'test/netns/*.soak.ts'
	HANDOVERS=20 RESTARTS=20 POLICY_SWAPS=1000 $(LONG_TEST) \
		test/netns/handover.test.ts test/netns/restart.test.ts test/netns/policy-change.test.ts

conformance: build test-packages ## Try to talk around the HTTP rules, against seven servers (root)
	$(NODE_TEST) --test-concurrency=1 'test/conformance/**/*.test.ts'

kafka-test: build build/kafka/bind-elsewhere.so kafka-packages ## Kafka's own clients and ACLs against Apache Kafka, through the agent (root)
	$(NODE_TEST) --test-concurrency=1 'test/kafka/**/*.test.ts'

# Not part of `test`: the browser is some 100 MB to install.
chromium-test: build chromium-packages ## A page in Chromium, with a WebSocket and gRPC-Web, through the agent (root)
	$(NODE_TEST) --test-concurrency=1 'test/chromium/**/*.test.ts'

bench: build ## Measure side by side with other proxies (root)
	scripts/node bench/run.ts

bench-kafka: build kafka-packages ## Measure Kafka's own performance tools direct and through the agent (root)
	scripts/node bench/kafka/run.ts

bench-grpc: build test-packages ## Measure gRPC calls side by side with other proxies (root)
	scripts/node bench/grpc/run.ts

clean: ## Remove what was built
	rm -rf build
	@if [ -f native/Makefile ]; then $(MAKE) --no-print-directory -C native clean; fi

packages:
	@scripts/system-packages

test-packages:
	@scripts/system-packages test

chromium-packages:
	@scripts/system-packages chromium

kafka-packages: KAFKA_GROUPS := kafka $(if $(filter kafka-test bench-kafka,$(MAKECMDGOALS))$(filter real,$(KAFKA)),java)
kafka-packages:
	@scripts/system-packages $(KAFKA_GROUPS)

modules: packages
	@scripts/node-modules
