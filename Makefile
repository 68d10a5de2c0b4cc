# The commands of this repository; `make` alone lists them. All need root: containers are made of what root may do.
.DEFAULT_GOAL := help
.PHONY: help run down test bench lint

DATA_DIR ?= /var/lib/naru
TARGET := $(or $(CARGO_TARGET_DIR),target)

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 8

run: ## start a one-machine cluster in the background, deploy manifests/quickstart and call it
	@DATA_DIR=$(DATA_DIR) manifests/quickstart/run

down: ## stop it and remove everything of it
	@[ -x $(TARGET)/release/naru ] || { tools/packages build && cargo build -q --release -p naru -p naru-shim-oci -p naru-shim-wasm; }
	@$(TARGET)/release/naru down --data-dir $(DATA_DIR)

test: ## install what the tests need and pass all tests
	tools/packages build run guest test
	tools/clients $(TARGET)/tools/bin
	@cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest
	cargo build --workspace --bins --tests
	cargo nextest run --workspace --no-fail-fast

bench: ## measure, and write docs/benchmarks.md
	tools/packages build run guest test
	tools/clients $(TARGET)/tools/bin
	cargo build --release --workspace --bins
	tests/bench docs/benchmarks.md

lint: ## what a change must pass besides the tests
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
