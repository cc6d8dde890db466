#!/bin/sh
# run.sh [ARGUMENTS]: holds Pillion against Istio's own injector. Builds the runner; the runner builds the oracles that
# it needs. Arguments go to the runner: --help lists them. Exits 1 when one pod differs.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
command -v cargo >/dev/null || { echo "run: cargo is missing: install Rust by rustup" >&2; exit 2; }
command -v go >/dev/null || { echo "run: go is missing: the pods are held against Istio's own code, and Go builds it" >&2; exit 2; }
# With one of the tests beside it, or cargo would build what it depends on again, with fewer features than tests have.
cargo build --locked --quiet --profile ci --workspace --bin pillion-conformance --test it
exec "${CARGO_TARGET_DIR:-target}/ci/pillion-conformance" "$@"
