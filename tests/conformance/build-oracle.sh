#!/bin/sh
# build-oracle.sh RELEASE [VERSION [OUT]]: builds Istio's own injector of one release as a program.
# VERSION is the version of the Go module istio.io/istio (default: as releases.txt says); OUT is the directory for
# the program and the module files it was built with (default: a cache outside this tree). A second call with the
# same sources does nothing. The last line of output is the program's path.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
fail() { echo "build-oracle: $*" >&2; exit 1; }

[ $# -ge 1 ] || fail "which release? one of: $(sed -n 's/^\([0-9a-z][^ ]*\) .*/\1/p' "$here/releases.txt" | tr '\n' ' ')"
release=$1
line=$(grep "^$release " "$here/releases.txt") || fail "release $release is not in $here/releases.txt"
version=${2:-$(echo "$line" | cut -d' ' -f2)}
tags=$(echo "$line" | cut -d' ' -f3)
out=${3:-${PILLION_CACHE:-$HOME/.cache/pillion}/oracle/$release}

command -v go >/dev/null || fail "the Go tool chain is missing: the oracle is Istio's own code, and Go builds it (any recent version will do)"

stamp=$( (echo "$version $tags"; cat "$here"/oracle/*.go "$here/build-oracle.sh") | sha256sum | cut -d' ' -f1)
if [ -x "$out/oracle" ] && [ "$(cat "$out/stamp" 2>/dev/null)" = "$stamp" ]; then
	echo "$out/oracle"
	exit 0
fi

echo "build-oracle: Istio $release ($version); the first time takes a few minutes" >&2
mkdir -p "$out"
rm -f "$out"/*.go "$out/stamp"
cp "$here"/oracle/*.go "$out/"
cd "$out"
# A release's commit is not in the checksum database under its tag; what Istio requires still is.
export GONOSUMDB='istio.io/*' GOFLAGS=-mod=mod
module=$(cd / && go mod download -json "istio.io/istio@$version" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",*$/\1/p')
[ -n "$module" ] || fail "the Go module istio.io/istio@$version could not be fetched: is there a module proxy or a network?"
# Istio's own pins are the base: with newer dependencies an old release does not compile.
sed 's#^module istio.io/istio$#module pillion/oracle#' "$module/go.mod" > go.mod
cat "$module/go.sum" > go.sum
echo "require istio.io/istio $version" >> go.mod
# The newest releases render their charts with Helm 4 and no longer pin Helm 3, which `render` uses for all of them.
grep -q "helm.sh/helm/v3 " go.mod || echo "require helm.sh/helm/v3 v3.22.0" >> go.mod
go build -tags "$tags" -o oracle . || fail "Istio $release did not build; the reason stands above"
echo "$stamp" > stamp
echo "$out/oracle"
