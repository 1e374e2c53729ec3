#!/usr/bin/env bash
# `import` end to end: the committed samples of each form come out as their golden rows, packed or not; bad input is told with
# file and line, and the rest is taken; and, where ../shared has real measurements, two RIPE Atlas measurements show what
# moved between them.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=$(realpath -m "${B:-build}/catchmap")
export CATCHMAP_TARGETS=$PWD/targets
golden=tests/golden/import
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
fail() { # WHAT...
	echo "FAILED: $*"
	exit 1
}
rows() { # RUN
	zstd -dcq "$1"/import-*.probes.csv.zst
}
# Imports, expects this exit status, leaves what was said in $said.
import() { # EXIT RUN ARGS...
	local expected=$1 run=$2 rc=0
	shift 2
	said=$("$catchmap" import -q -o "$run" "$@" 2>&1) || rc=$?
	[ "$rc" -eq "$expected" ] || fail "import $*: exit $rc, not $expected: $said"
}
says() { # TEXT
	grep -qF -- "$1" <<<"$said" || fail "not said: '$1' but: $said"
}

# --- the samples ---
same() { # NAME RUN
	diff "$golden/$1.rows.csv" <(rows "$2") || fail "$1: other rows"
	diff "$golden/$1.vantage.csv" "$2/vantage.csv" || fail "$1: other vantage points"
}
import 0 "$scratch/igreedy" --format igreedy "$golden/198.51.100.7_plain.tsv" "$golden/2001:db8:7::7_labels.tsv"
same igreedy "$scratch/igreedy"
import 0 "$scratch/atlas" --format atlas --vantage "$golden/probes.json" "$golden/dns.json" "$golden/ping.jsonl"
same atlas "$scratch/atlas"
says '8 of 10 vantage points have no place'
import 0 "$scratch/manycastr" --format manycastr --vantage "$golden/workers.csv" "$golden/manycastr.csv"
same manycastr "$scratch/manycastr"
says '1 replies reached another worker'
jq -e '.ended == "done" and .vp == "import-atlas" and .targets == 2 and .counts.rows == 20 and .counts.sent == 20 and
	.counts.outcome["send-error"] == 3 and ([.counts.outcome[]] | add) == 20' "$scratch/atlas/import-atlas.meta.json" >/dev/null ||
	fail "meta.json: $(jq -c .counts "$scratch/atlas/import-atlas.meta.json")"

# --- packed, and from another name ---
for pack in gzip:gz zstd:zst bzip2:bz2; do
	for file in dns.json ping.jsonl; do
		"${pack%:*}" -qc "$golden/$file" >"$scratch/$file.${pack#*:}"
	done
	import 0 "$scratch/packed-${pack#*:}" --format atlas --vantage "$golden/probes.json" \
		"$scratch/dns.json.${pack#*:}" "$scratch/ping.jsonl.${pack#*:}"
	same atlas "$scratch/packed-${pack#*:}"
done
import 0 "$scratch/named" --format igreedy --target 198.51.100.7 - <"$golden/198.51.100.7_plain.tsv"
[ "$(rows "$scratch/named")" = "$(rows "$scratch/igreedy" | head -n 4)" ] || fail "--target: other rows"
import 0 "$scratch/one" --format atlas --target 2001:db8:7::7 "$golden/dns.json"
[ "$(rows "$scratch/one" | wc -l)" -eq 2 ] || fail "--target: not the rows of one target"

# --- bad input ---
printf 'vienna.example\t48.2\t16.4\t2\nvienna.example\t40\t-3\t2\nb\t91\t0\t2\nc\t1\t1\t0\nd\t1\t1\t-2\ne\t1\t1\tnan\nf\t1\t1\t3\n' \
	>"$scratch/198.51.100.8.tsv"
import 4 "$scratch/bad" --format igreedy "$golden/198.51.100.7_plain.tsv" "$scratch/198.51.100.8.tsv"
says '198.51.100.8.tsv:2: vienna.example is at 40,-3 here and at 48.2082,16.3738 before: the row is left out'
says "198.51.100.8.tsv:3:3: '91' is not a latitude"
for line in 4 5 6; do
	says "198.51.100.8.tsv:$line:7: "
done
[ "$(rows "$scratch/bad" | wc -l)" -eq 6 ] || fail "good rows beside bad ones: $(rows "$scratch/bad")"
head -c 700 "$golden/dns.json" >"$scratch/cut.json"
import 4 "$scratch/cut" --format atlas "$scratch/cut.json" "$golden/ping.jsonl"
says 'cut.json:4: the file ends in the middle'
[ "$(rows "$scratch/cut" | wc -l)" -eq 12 ] || fail "a cut file: $(rows "$scratch/cut")"
zstd -qc "$golden/ping.jsonl" | head -c 200 >"$scratch/cut.zst"
import 4 "$scratch/frame" --format atlas "$golden/dns.json" "$scratch/cut.zst"
says 'cut.zst: cut short at byte 200'
seq 30 | sed 's/$/\tx\tx\tx/' >"$scratch/198.51.100.9.tsv"
import 4 "$scratch/much" --format igreedy "$golden/198.51.100.7_plain.tsv" "$scratch/198.51.100.9.tsv"
says '198.51.100.9.tsv: 9 more like these'
import 2 "$scratch/none" --format igreedy "$scratch/198.51.100.9.tsv"
says 'nothing to import'
[ -z "$(ls "$scratch/none")" ] || fail "files of an import of nothing: $(ls "$scratch/none")"
import 2 "$scratch/none" --format igreedy tests/demo
says 'demo: no address in its name: say with --target'
import 2 "$scratch/none" --format warts "$golden/dns.json"
says "igreedy, atlas and manycastr, not 'warts'"
import 2 "$scratch/none" --format atlas --vantage "$golden/dns.json.none" "$golden/dns.json"
says 'dns.json.none: No such file'
import 2 "$scratch/atlas" --format atlas "$golden/dns.json"
says 'import-atlas.probes.csv.zst'

# --- real ones ---
real=../shared/data
[ -d "$real/atlas" ] || { echo "the samples agree; no ../shared with real measurements"; exit 0; }
python=tests/integration/import_moves.py
for run in 29083406 29096558; do
	import 0 "$scratch/$run" --format atlas "$real/atlas/RIPE-Atlas-measurement-$run.json"
	rows "$scratch/$run" >"$scratch/$run.csv"
	python3 "$python" strings "$scratch/$run.csv" | "$catchmap" decode -f - >"$scratch/$run.sites.csv"
done
moves=$(python3 "$python" compare "$scratch/29083406.sites.csv" "$scratch/29096558.sites.csv")
jq -e '. == {"probes": 96, "same": 82, "moved": ["4475 vie-beg", "6182 lba-pao", "26793 ams-lhr", "51000 lhr-ams",
	"54537 ams-fra"], "lost": ["52028 timeout"], "no_site": ["rcode 2 ra", "rcode 2 ra", "rcode 4 ra", "rcode 4 ra",
	"rcode 5 ra", "rcode 5 ra"], "unmeasured": 2}' <<<"$moves" >/dev/null || fail "between the measurements: $moves"
files=("$real"/latency/ripe-atlas-2023/PoPETs_IP_anycast_validation/*.tsv)
import 0 "$scratch/worldwide" --format igreedy "${files[@]}"
[ "$(rows "$scratch/worldwide" | wc -l)" -eq $(($(cat "${files[@]}" | grep -vc '^#') + 1)) ] || fail "rows were lost of ${#files[@]} files"
echo "82 stayed, 5 moved, 1 lost, 6 without a site, 2 unmeasured; ${#files[@]} files, $(rows "$scratch/worldwide" | wc -l) lines"
