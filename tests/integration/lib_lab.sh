# shellcheck shell=bash
# For tests in the bgp lab (tests/lab/README.md): `lab COMMAND...`, up when this returns, down when the test ends; $tmp is a
# scratch folder; $CATCHMAP_TARGETS has the rules for the lab's names, and nothing of the real world.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build}
# shellcheck disable=SC2034 # for those that read this
catchmap=$(realpath -m "$B/catchmap") here=tests/integration

fail() {
	echo "FAILED: $*"
	exit 1
}
for c in bird nsd knotd named pdns_server unbound nginx kdig; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$c" >/dev/null || { echo "$c is not installed"; exit 77; }
done
tmp=$(mktemp -d)
lab() { tests/lab/bgp --dir "$tmp/lab" "$@"; }
trap 'lab down >/dev/null 2>&1 || true; rm -rf "$tmp"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$tmp/targets/naming"
cp targets/places.csv "$tmp/targets/"
for f in rules tables; do head -n 1 "targets/naming/$f.csv" >"$tmp/targets/naming/$f.csv"; done
cat tests/lab/naming.csv >>"$tmp/targets/naming/rules.csv"
export CATCHMAP_TARGETS=$tmp/targets
lab up >/dev/null
