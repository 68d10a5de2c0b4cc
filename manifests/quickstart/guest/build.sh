#!/usr/bin/env bash
# Builds the quickstart's Wasm program: build.sh OUTPUT.wasm
#
# Uses rustup's toolchain if it has the wasm32-wasip2 target. Otherwise Debian's, which brings the standard library as source:
#   apt-get install -y --no-install-recommends rustc-web cargo-web rust-web-src wasi-libc lld-22
# with the linker wasm-component-ld, which every Rust toolchain of rustup brings.
# GUEST_TARGET_DIR: where cargo keeps its files (default: target/ beside this script). Nothing is done if OUTPUT is newer
# than everything it is made from.
set -euo pipefail

[ $# = 1 ] || { echo "usage: $0 OUTPUT.wasm" >&2; exit 2; }
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$(dirname "$1")"
output=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
target=wasm32-wasip2
target_dir=${GUEST_TARGET_DIR:-$here/target}

if [ -s "$output" ] && [ -z "$(find "$here/src" "$here"/build.* "$here"/Cargo.* -newer "$output" -print -quit)" ]; then
  exit 0
fi

# A cargo, make or test run around this one leaves its own settings in the environment.
while read -r name; do
  case $name in
    CARGO_HOME | RUSTUP_HOME) ;;
    CARGO* | RUST* | MAKEFLAGS | MFLAGS | CC | CFLAGS | LDFLAGS) unset "$name" ;;
  esac
done < <(compgen -e)

build() {
  (cd "$here" && "$@" --release --locked --quiet --target "$target" --target-dir "$target_dir")
}

# The first wasm-component-ld of the toolchains and the path.
component_linker() {
  local rustc sysroot found
  for rustc in rustc "$HOME/.cargo/bin/rustc"; do
    sysroot=$("$rustc" --print sysroot 2>/dev/null) || continue
    found=$(find "$sysroot/lib/rustlib" -maxdepth 3 -name wasm-component-ld 2>/dev/null | head -n 1)
    [ -z "$found" ] || { echo "$found"; return; }
  done
  command -v wasm-component-ld
}

if [ -d "$(rustc --print sysroot 2>/dev/null)/lib/rustlib/$target/lib" ]; then
  build cargo build
else
  for need in /usr/bin/rustc /usr/bin/cargo /usr/lib/rustlib/src/rust/library/std /usr/lib/wasm32-wasi/crt1-command.o /usr/bin/wasm-ld-22; do
    [ -e "$need" ] || {
      echo "$0: no $need; install rustc-web cargo-web rust-web-src wasi-libc lld-22, or: rustup target add $target" >&2
      exit 1
    }
  done
  linker=$(component_linker) || { echo "$0: no wasm-component-ld; try: cargo install wasm-component-ld" >&2; exit 1; }
  # Debian's compiler is a stable one; building the standard library is still called unstable.
  RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 GUEST_CRT1=/usr/lib/wasm32-wasi/crt1-command.o \
    CARGO_TARGET_WASM32_WASIP2_LINKER=$linker \
    CARGO_TARGET_WASM32_WASIP2_RUSTFLAGS="-Clink-self-contained=no -Lnative=/usr/lib/wasm32-wasi -Clink-arg=--wasm-ld-path=/usr/bin/wasm-ld-22" \
    build /usr/bin/cargo build -Zbuild-std=std,panic_abort
fi

# In one stroke, whoever else builds it now.
cp "$target_dir/$target/release/greeter.wasm" "$output.$$"
mv "$output.$$" "$output"
