#!/usr/bin/env bash
# `which --run` over the kept run of the lab (tests/golden/explain), sending nothing: what no rule places is where the run's own
# sites.csv has it; a fault of a file is told by that file's name, and the rest is answered.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=$(realpath -m "${B:-build}/catchmap")
golden=tests/golden/explain
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() {
	echo "FAILED: $*"
	exit 1
}

# The run is inferred by the lab's naming rules; what is asked does not have them.
run=$scratch/run
mkdir "$run"
cp "$golden"/{vantage,lab.probes}.csv "$run"
cp -R targets "$scratch/targets"
cat tests/lab/naming.csv >>"$scratch/targets/naming/rules.csv"
CATCHMAP_TARGETS=$scratch/targets "$catchmap" infer -q -f "$golden/targets.csv" "$run"
export CATCHMAP_TARGETS=$PWD/targets

cases=0
which_run() { # STATUS SAID ARGS...
	local rc=0
	"$catchmap" which --run "$run" "${@:3}" 192.0.2.53 >"$scratch/out" 2>"$scratch/err" || rc=$?
	[ "$rc" -eq "$1" ] || fail "which --run ${*:3}: exit $rc, not $1: $(cat "$scratch/err")"
	grep -qhF -- "$2" "$scratch/out" "$scratch/err" || fail "which --run ${*:3}: no '$2': $(cat "$scratch/out" "$scratch/err")"
	cases=$((cases + 1))
}
which_run 0 '192.0.2.53 serves this run from Washington, US (iad) (3 of 15 vantage points), Frankfurt am Main, DE (fra) (2)'
grep -q "places    of 15 answers are those of this run's sites.csv" "$scratch/out" || fail "whose places: $(cat "$scratch/out")"
which_run 0 'sites.csv has it in Frankfurt am Main, DE (fra).' --vp waw
which_run 0 '' --vp waw --json
jq -e '.[0] | .place == "Frankfurt am Main, DE (fra)" and .sites == []' "$scratch/out" >/dev/null || fail "json: $(cat "$scratch/out")"

# A rule goes first.
CATCHMAP_TARGETS=$scratch/targets which_run 0 'answers waw from Frankfurt am Main, DE (fra)' --vp waw
CATCHMAP_TARGETS=$scratch/targets which_run 0 'serves this run from Washington, US (iad)'
! grep -q 'sites.csv' "$scratch/out" || fail "a rule proves it all: $(cat "$scratch/out")"

# --- faults ---
cp "$run/sites.csv" "$scratch/good.csv"
sed -i 's/,nsid,txt$/,nsid,bad/; 5s/,reply,/,maybe,/' "$run/lab.probes.csv"
which_run 4 "lab.probes.csv:5:" --vp akl
cp "$golden/lab.probes.csv" "$run"
{
	echo vp,target,probe,question,attempt,outcome
	for question in id.server hostname.bind version.bind version.server in-soa; do
		for probe in dns icmp tcp; do printf 'waw,192.0.2.53,%s,%s,%d,timeout\n' "$probe" "$question" 1 "$probe" "$question" 2; done
	done
} >"$run/a.probes.csv"
which_run 4 'a.probes.csv:23: waw has more than 21 kinds of probes' --vp waw
rm "$run/a.probes.csv" "$run/vantage.csv"
which_run 2 'vantage.csv: No such file' --as 64500
which_run 0 'answers waw as' --vp waw
: >"$run/vantage.csv"
which_run 4 'vantage.csv: empty' --vp waw
cp "$golden/vantage.csv" "$run"
sed -i '2s/192.0.2.53/192.0.2/' "$run/sites.csv"
which_run 4 'sites.csv:2:1: ' --vp waw
{ cat "$scratch/good.csv" && sed -n 's/,fra,Frankfurt am Main,DE,/,fra~2,Paris,FR,/p' "$scratch/good.csv"; } >"$run/sites.csv"
which_run 0 'no rule says where that is' --vp waw
rm "$run/sites.csv"
which_run 0 '192.0.2.53 serves this run from "ns1.iad.anycast.lab.example"'
echo "$cases answers"
