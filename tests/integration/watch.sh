#!/usr/bin/env bash
# catchmap watch over runs that grow: a site that is gone and comes back is told once each, a move once; a run in which nothing
# happens gives no line.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
rows=$here/watch_rows.py

watch() { # NAME ARGS...
	local name=$1
	shift
	rc=0
	"$catchmap" watch "$@" >"$box/$name.out" 2>"$box/$name.err" || rc=$?
}

python3 "$rows" "$box/calm" 60 10
watch calm "$box/calm"
[ "$rc" -eq 0 ] || fail "calm: exit $rc: $(cat "$box/calm.err")"
[ ! -s "$box/calm.out" ] || fail "a line from a run in which nothing happens: $(cat "$box/calm.out")"

# The run is over before it is looked at, and the same run looked at while it grows: the same lines.
cat >"$box/want" <<'LINES'
2026-09-21T14:17:00Z k.root-servers.net 193.0.14.129: site nl-ams is gone; 5 vantage points are served by de-fra (vp01, vp03), gb-lon (vp00, vp02, vp04)
2026-09-21T14:18:30Z k.root-servers.net 193.0.14.129: site nl-ams is back; 5 vantage points are served by it again: vp01, vp03, vp00, vp02, vp04
2026-09-21T14:20:10Z k.root-servers.net 193.0.14.129: vp03 moved from nl-ams to at-vie
LINES
python3 "$rows" "$box/over" 50 10 gone 20 29 flip 40
watch over "$box/over"
diff "$box/want" "$box/over.out" || fail "events of a run that is over"
box_run() { python3 "$rows" "$box/grows" 50 10 0.1 gone 20 29 flip 40 & }
box_run
until compgen -G "$box/grows/*.probes.csv" >/dev/null; do sleep 0.05; done
cat >"$box/alert" <<'SH'
#!/bin/sh
cat >>/run/box/alerts
SH
chmod +x "$box/alert"
watch grows "$box/grows" --exec "$box/alert"
[ "$rc" -eq 0 ] || fail "a run that grows: exit $rc: $(cat "$box/grows.err")"
diff "$box/want" "$box/grows.out" || fail "events of a run that grows"
sleep 0.3
[ "$(jq -r '[.event, .over] | join(" ")' "$box/alerts" | sort | paste -sd,)" = "flip false,gone false,gone true" ] ||
	fail "--exec: $(cat "$box/alerts")"
watch json "$box/over" --json
jq -es 'length == 3 and .[0].site == "nl-ams" and (.[0].moves | length) == 5 and .[1].over' "$box/json.out" >/dev/null ||
	fail "--json: $(cat "$box/json.out")"

# The same run before the site was gone and from the move on: its times make two catchments to compare.
part() { # NAME ARGS...
	rc=0
	"$catchmap" infer -q "$box/over" -o "$box/$1" "${@:2}" >"$box/part.out" 2>&1 || rc=$?
}
part before --until 2026-09-21T14:16:40Z
[ "$rc" -eq 0 ] || fail "infer --until: exit $rc: $(cat "$box/part.out")"
part after --since 2026-09-21T14:20:00Z
[ "$rc" -eq 0 ] || fail "infer --since: exit $rc: $(cat "$box/part.out")"
[ ! -e "$box/over/catchment.csv" ] || fail "infer -o wrote into the run as well"
"$catchmap" diff --csv "$box/before" "$box/after" >"$box/diff.csv"
[ "$(grep -c ',moved,' "$box/diff.csv")" -eq 1 ] && grep -q 'vp03.*,moved,' "$box/diff.csv" || fail "before and after: $(cat "$box/diff.csv")"
part none --since 2027-01-01T00:00:00Z
[ "$rc" -eq 2 ] && grep -q 'in this time' "$box/part.out" || fail "a time without rows: exit $rc: $(cat "$box/part.out")"
! "$catchmap" infer -q "$box/over" --since 2026-09-21T14:20:00Z 2>"$box/part.out" || fail "a part of a run in the place of the whole"

# Compressed rows; a torn row; a folder that is no run.
for f in "$box"/over/*.probes.csv; do zstd -q --rm "$f"; done
watch zst "$box/over"
diff "$box/want" "$box/zst.out" || fail "events from .zst"
python3 "$rows" "$box/torn" 50 10 gone 20 29 flip 40
for f in "$box"/torn/*.probes.csv; do printf 'vp00,193.0.14.129,dns,id.ser' >>"$f"; done
watch torn "$box/torn"
diff "$box/want" "$box/torn.out" || fail "events of torn files"
mkdir "$box/empty"
watch empty "$box/empty"
[ "$rc" -eq 2 ] && grep -q "$box/empty" "$box/empty.err" || fail "an empty folder: exit $rc: $(cat "$box/empty.err")"
rc=0
"$catchmap" watch "$box/over" >/dev/full 2>"$box/full.err" || rc=$?
[ "$rc" -eq 4 ] || fail "a full disk: exit $rc: $(cat "$box/full.err")"

figures "60 calm rounds: no line; a site gone and back, a move: 3 lines; the same from rows that grow, .zst and torn files"
