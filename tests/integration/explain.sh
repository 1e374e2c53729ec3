#!/usr/bin/env bash
# `infer --explain` over a kept run of the lab (tests/golden/explain), text for text: with names, without, and with two vantage
# points in Europe that hear São Paulo's name. The order of rows changes nothing. UPDATE=1 writes the texts anew: read the difference.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=${B:-build}/catchmap
golden=tests/golden/explain
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R targets "$scratch/targets"
cat tests/lab/naming.csv >>"$scratch/targets/naming/rules.csv"
export CATCHMAP_TARGETS=$scratch/targets

failed=0 texts=0
explains() { # NAME TARGET (the run's rows come from stdin)
	rm -rf "$scratch/run"
	mkdir "$scratch/run"
	cp "$golden/vantage.csv" "$scratch/run"
	cat >"$scratch/run/lab.probes.csv"
	"$catchmap" infer -f "$golden/targets.csv" --explain "$2" "$scratch/run" >"$scratch/said"
	[ -z "${UPDATE:-}" ] || cp "$scratch/said" "$golden/$1.txt"
	texts=$((texts + 1))
	diff -u "$golden/$1.txt" "$scratch/said" >"$scratch/diff" || {
		echo "FAILED: $1: not what $golden/$1.txt has:"
		cat "$scratch/diff"
		failed=$((failed + 1))
	}
}
rows=$golden/lab.probes.csv
nameless() { sed 's/[^,]*,[^,]*$/,/; 1s/,$/nsid,txt/' "$rows"; }

explains anycast anycast.lab.example <"$rows"
explains anycast anycast.lab.example < <(head -n 1 "$rows" && tail -n +2 "$rows" | tac)
explains anycast-nameless 192.0.2.53 < <(nameless)
explains anycast-misnamed 192.0.2.53 < <(sed 's/ns1\.fra\./ns1.gru./g' "$rows")
explains unicast 198.18.247.53 <"$rows"
explains unicast-nameless unicast.lab.example < <(nameless)
echo "$texts texts as kept"
[ "$failed" -eq 0 ]
