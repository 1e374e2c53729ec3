#!/usr/bin/env bash
# Captures that are kept (tests/golden, made by make.py there) through `catchmap replay`: the rows must be the kept ones, to
# the byte. No network, no privilege.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=${B:-build}/catchmap
golden=tests/golden
declare -A status=([cut]=4 [strangers]=5 [fragments]=5)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
failed=0
complain() { # WHAT
	echo "FAILED: $1"
	failed=$((failed + 1))
}

replay() { # CAPTURE OUT
	local rc=0
	"$catchmap" replay -q "$1" >"$2" 2>"$scratch/err" || rc=$?
	echo "$rc"
}

files=0 rows=0
for capture in "$golden"/*.pcap "$golden"/*.pcapng; do
	name=$(basename "${capture%.*}")
	rc=$(replay "$capture" "$scratch/$name.csv")
	[ "$rc" -eq "${status[$name]:-0}" ] || complain "$name: exit $rc: $(cat "$scratch/err")"
	diff -u "$golden/$name.csv" "$scratch/$name.csv" >"$scratch/diff" ||
		complain "$name: other rows than $golden/$name.csv:"$'\n'"$(head -n 40 "$scratch/diff")"
	files=$((files + 1)) rows=$((rows + $(wc -l <"$golden/$name.csv") - 1))
done
[ "$files" -ge 10 ] || complain "only $files captures in $golden"

# From a pipe, and into a compressed file, the rows are the same.
"$catchmap" replay -q - <"$golden/answers.pcap" | cmp - "$golden/answers.csv" || complain "from a pipe"
"$catchmap" replay -q -o "$scratch/out.csv.zst" "$golden/answers.pcap"
zstd -dcq "$scratch/out.csv.zst" | cmp - "$golden/answers.csv" || complain "to .csv.zst"

# The script still makes what is kept.
mkdir "$scratch/made"
python3 "$golden/make.py" "$scratch/made"
diff -r -x import -x explain -x make.py "$golden" "$scratch/made" >"$scratch/diff" || complain "make.py makes others: $(head -n 5 "$scratch/diff")"

echo "$files captures, $rows rows as kept"
[ "$failed" -eq 0 ]
