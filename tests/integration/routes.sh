#!/usr/bin/env bash
# Routing tables: every entry as bgpdump has it, in all forms of MRT; what `routes` says of addresses against the same worked out
# from bgpdump's lines; compressed, torn, corrupt and foreign files; memory; and, where ../shared is there, real tables.
set -euo pipefail
cd "$(dirname "$0")/../.."
B=${B:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
check=tests/integration/routes_check.py
shared=../shared/data/mrt

fail() {
	echo "FAILED: $*"
	exit 1
}
routes() { "$B/catchmap" routes "$@"; }
dump() { bgpdump -m "$1" 2>/dev/null; }
command -v bgpdump >/dev/null || { echo "bgpdump is not installed"; exit 77; }

# --- 1. every entry, and what is said of addresses ---
same_entries() { # MRT
	dump "$1" >"$tmp/lines"
	python3 $check canonical "$tmp/lines" >"$tmp/theirs"
	"$B/tools/mrt_dump" "$1" >"$tmp/ours"
	cmp "$tmp/ours" "$tmp/theirs" || fail "entries of $1 differ from bgpdump's"
	entries=$((${entries:-0} + $(wc -l <"$tmp/ours")))
}
python3 tests/integration/routes_make.py "$tmp"
for name in v2 paths v1 later; do
	same_entries "$tmp/$name.mrt"
	python3 $check addresses "$tmp/lines" 150 >"$tmp/addresses"
	mapfile -t addresses <"$tmp/addresses"
	routes "${addresses[@]}" 203.0.113.1 --mrt "$tmp/$name.mrt" --json >"$tmp/json" 2>"$tmp/stderr"
	python3 $check "$tmp/lines" "$tmp/json" >"$tmp/compared" || fail "$name.mrt: see above"
done
[ "$entries" -ge 1500 ] || fail "only $entries entries were made"

# --- 2. compressed, on stdin, several files, files behind the first --mrt ---
mapfile -t addresses < <(dump "$tmp/v2.mrt" | cut -d'|' -f6 | sort -u | cut -d/ -f1 | sed -n '1~9p')
routes "${addresses[@]}" --mrt "$tmp/v2.mrt" --csv >"$tmp/plain" 2>/dev/null
[ "$(wc -l <"$tmp/plain")" -gt 20 ] || fail "only $(wc -l <"$tmp/plain") rows"
gzip -k "$tmp/v2.mrt"
python3 -c 'import bz2, sys; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read()))' <"$tmp/v2.mrt" >"$tmp/v2.mrt.bz2"
zstd -q "$tmp/v2.mrt" -o "$tmp/v2.mrt.zst"
for suffix in gz bz2 zst; do
	routes "${addresses[@]}" --mrt "$tmp/v2.mrt.$suffix" --csv 2>/dev/null | cmp - "$tmp/plain" || fail "$suffix differs from plain"
done
routes "${addresses[@]}" --mrt - --csv <"$tmp/v2.mrt" 2>/dev/null | cmp - "$tmp/plain" || fail "stdin differs from the file"
routes "${addresses[@]}" --mrt "$tmp/v2.mrt" --mrt "$tmp/paths.mrt" --csv >"$tmp/two" 2>/dev/null
routes "${addresses[@]}" --mrt "$tmp/v2.mrt" "$tmp/paths.mrt" --csv 2>/dev/null | cmp - "$tmp/two" || fail "words that are files"
[ "$(wc -l <"$tmp/two")" -gt "$(wc -l <"$tmp/plain")" ] || fail "the second file adds nothing"

# The newest dump of a table counts, in whatever order they come, also inside one file.
cat "$tmp/v2.mrt" "$tmp/later.mrt" >"$tmp/both.mrt"
four=$(printf '%s\n' "${addresses[@]}" | grep -v : | head -n 1)
of() { routes "$four" --csv --mrt "$@" 2>/dev/null; }
of "$tmp/later.mrt" >"$tmp/newest"
[ "$(wc -l <"$tmp/newest")" -gt 1 ] || fail "$four is not in the later table"
for order in v2.mrt,later.mrt later.mrt,v2.mrt both.mrt; do
	IFS=, read -ra files <<<"$order"
	of "${files[@]/#/$tmp/}" | cmp - "$tmp/newest" || fail "an older dump speaks in $order"
done

# --- 3. what is torn, corrupt, or no table at all: what came before is shown, exit 4, and the byte is told ---
broken() { # FILE WORDS...
	local rc=0 words
	routes "$four" --mrt "$1" >"$tmp/stdout" 2>"$tmp/stderr" || rc=$?
	[ "$rc" -eq 4 ] || fail "$1: exit $rc, not 4"
	for words in "${@:2}"; do
		grep -q "$words" "$tmp/stderr" || fail "$1: '$words' is not in: $(cat "$tmp/stderr")"
	done
}
size=$(stat -c %s "$tmp/both.mrt")
head -c $((size - 100)) "$tmp/both.mrt" >"$tmp/torn.mrt"
broken "$tmp/torn.mrt" 'torn.mrt: cut short: of the MRT record at byte [0-9]* there are only [0-9]* bytes'
grep -q "^$four is in " "$tmp/stdout" || fail "what came before the cut is not shown"
for suffix in gz bz2 zst; do
	head -c $(($(stat -c %s "$tmp/v2.mrt.$suffix") - 20)) "$tmp/v2.mrt.$suffix" >"$tmp/torn.mrt.$suffix"
	broken "$tmp/torn.mrt.$suffix" 'cut short at byte'
done
{ cat "$tmp/v2.mrt"; printf '%60s' ''; cat "$tmp/later.mrt"; } >"$tmp/lost.mrt"
broken "$tmp/lost.mrt" "no MRT record at byte $(stat -c %s "$tmp/v2.mrt"):"
grep -q "^$four is in " "$tmp/stdout" || fail "what came before the corruption is not shown"
: >"$tmp/empty.mrt"
broken "$tmp/empty.mrt" 'empty: no MRT record at byte 0'
broken README.md 'not an MRT table: no MRT record at byte 0'
printf '\0\0\0\0\0\020\0\004\0\0\0\0' >"$tmp/updates.mrt"
broken "$tmp/updates.mrt" 'no routing table in its 12 bytes'
printf 'no gzip' >"$tmp/false.mrt.gz"
broken "$tmp/false.mrt.gz" 'corrupt near byte [0-9]'

# --- 4. wrong lines ---
wrong() { # EXIT WORDS ARGS...
	local rc=0
	routes "${@:3}" >"$tmp/stdout" 2>"$tmp/stderr" || rc=$?
	[ "$rc" -eq "$1" ] || fail "routes ${*:3}: exit $rc, not $1"
	grep -q -e "$2" "$tmp/stderr" || fail "routes ${*:3}: '$2' is not in: $(cat "$tmp/stderr")"
}
wrong 2 'mrt FILE is needed' 192.0.2.1
wrong 2 'no targets' --mrt "$tmp/v2.mrt"
wrong 2 'No such file' 192.0.2.1 --mrt "$tmp/none.mrt"
wrong 2 'neither an address nor' no.such.service --mrt "$tmp/v2.mrt"
wrong 2 'the result has one form' 192.0.2.1 --json --csv --mrt "$tmp/v2.mrt"
wrong 2 'catchment.csv' 192.0.2.1 --mrt "$tmp/v2.mrt" --catchment "$tmp"
rc=0
routes "$four" --mrt "$tmp/v2.mrt" >/dev/full 2>"$tmp/stderr" || rc=$?
[ "$rc" -eq 4 ] || fail "a full disk behind stdout: exit $rc"

# --- 5. names, and a graph that graphviz reads ---
origin=$(sed -n '2s/^.*,\([0-9]*\),[0-9]*,[^,]*,[^,]*,$/\1/p' "$tmp/newest")
printf '# names\n%s|Some "Network" of ours\n' "$origin" >"$tmp/names"
routes "$four" --mrt "$tmp/later.mrt" --as-names "$tmp/names" >"$tmp/text"
grep -q "AS$origin Some \"Network\" of ours" "$tmp/text" || fail "AS$origin has no name: $(cat "$tmp/text")"
routes "$four" --mrt "$tmp/later.mrt" --as-names "$tmp/names" --dot >"$tmp/dot"
[ "$(grep -c -- '->' "$tmp/dot")" -gt 1 ] || fail "a graph without edges"
! command -v dot >/dev/null || dot -Tplain "$tmp/dot" >/dev/null || fail "graphviz does not read the graph"

# --- 6. memory does not grow with the file ---
# Tables whose collectors have numbers of their own would be tables of their own: here it is one that is dumped again and again.
for _ in {1..60}; do cat "$tmp/paths.mrt" "$tmp/both.mrt"; done >"$tmp/long.mrt"
small=$(python3 $check peak "$B/catchmap" routes -q "$four" --mrt "$tmp/both.mrt" 2>/dev/null)
large=$(python3 $check peak "$B/catchmap" routes -q "$four" --mrt "$tmp/long.mrt" 2>/dev/null)
grew=$((large - small))
# A sanitizer keeps what was freed.
grep -q __asan_init "$B/catchmap" || [ "$grew" -lt 3000 ] ||
	fail "$(stat -c %s "$tmp/long.mrt") bytes take $large KiB, $(stat -c %s "$tmp/both.mrt") bytes $small KiB"

# --- 7. real tables ---
if [ ! -d $shared ]; then
	echo "$entries entries as bgpdump has them; $(cat "$tmp/compared"); peak $large KiB; no ../shared: no real tables"
	exit 0
fi
for name in bird6-mrtdump_rib bview.ipv4_unicast_add_path.gz bview.ipv6_unicast_add_path.gz openbgpd_rib_table-v2 quagga_rib; do
	same_entries $shared/$name
done
# bgpdump does not read table-mp; it is the same router's table as table-v2.
dump $shared/openbgpd_rib_table-v2 >"$tmp/lines"
python3 $check canonical "$tmp/lines" | cut -d'|' -f2- | sort >"$tmp/theirs"
"$B/tools/mrt_dump" $shared/openbgpd_rib_table-mp | cut -d'|' -f2- | sort | cmp - "$tmp/theirs" || fail "table-mp differs from table-v2"

jinx=$shared/routeviews.route-views.jinx.ribs.1401487200.bz2
bzcat $jinx >"$tmp/jinx"
same_entries "$tmp/jinx"
[ "$(wc -l <"$tmp/ours")" -eq 503590 ] || fail "the JINX table has $(wc -l <"$tmp/ours") entries, not 503590"
routes 8.8.8.8 1.1.1.1 198.41.0.4 199.7.83.42 --mrt $jinx --csv >"$tmp/csv"
for prefix in 8.8.8.0/24 1.1.1.0/24 198.41.0.0/24 199.7.83.0/24; do
	awk -F, -v p=$prefix '$3 == p { print $4, $5, $10, $15 }' "$tmp/csv" | sort >"$tmp/ours.four"
	# Prepends are collapsed.
	awk -F'|' -v p=$prefix '$3 == p { n = split($5, a, " "); path = ""
		for (i = 1; i <= n; i++) if (a[i] != a[i - 1]) path = path (path == "" ? "" : " ") a[i]
		print $1, $2, path, $7 }' "$tmp/theirs" | sort >"$tmp/theirs.four"
	[ -s "$tmp/theirs.four" ] || fail "bgpdump has no $prefix"
	cmp "$tmp/ours.four" "$tmp/theirs.four" || fail "$prefix differs from bgpdump's lines"
done
echo "$entries entries as bgpdump has them; $(cat "$tmp/compared"); 60 times the file: $grew KiB more"
