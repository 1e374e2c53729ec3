#!/usr/bin/env bash
# `which --hold` in the bgp lab, without any capability: over a withdrawal the connection is reset and says so, beside the
# move of fresh flows; so it is over the announcement; where equal paths split flows, the connection stays. And `which --run`:
# from the rows of some vantage points, which site serves each, as the routing tables have it.
. "$(dirname "$0")/lib_lab.sh"
# The last line of each result is JSON's verdict: hold, its place, course, where to.
hold() { # NAME SECONDS TARGET...
	local name=$1 seconds=$2
	shift 2
	lab exec jfk setpriv --inh-caps=-all --bounding-set=-all "$catchmap" which --hold "$seconds" --hold-every 300ms -j "$@" \
		>"$tmp/$name.json" 2>"$tmp/$name.err" || fail "$name: exit $?: $(cat "$tmp/$name.err")"
}
said() { # NAME
	jq -c '[.[] | [.hold, .kept[0].server.site, .fresh.course, .fresh.to, .kept[-1].end, .kept[-1].server.site]]' "$tmp/$1.json"
}

during() { # NAME COMMAND...   the route changes while the connection is held
	local name=$1 pid
	shift
	hold "$name" 7s 192.0.2.53 2001:db8:a::53 &
	pid=$!
	sleep 2.5
	lab "$@" >/dev/null
	wait "$pid" || fail "$(cat "$tmp/$name.err")"
}
during withdrawn withdraw any-iad
there=$(jq -r '.[0].fresh.to' "$tmp/withdrawn.json")
site=$(jq -r '.[0].kept[-1].server.site' "$tmp/withdrawn.json")
[ "$site" != iad ] && [ "$(said withdrawn)" = "$(jq -cn --arg to "$there" --arg s "$site" '["reset","iad","moved",$to,"held",$s] | [., .]')" ] ||
	fail "withdrawal: $(said withdrawn)"
during announced announce any-iad
back=$(jq -r '.[0].fresh.to' "$tmp/announced.json")
[ "$(said announced)" = "$(jq -cn --arg to "$back" --arg s "$site" '["reset",$s,"moved",$to,"held","iad"] | [., .]')" ] ||
	fail "announcement: $(said announced)"

hold split 6s 198.18.249.53 2001:db8:d::53
jq -e 'all(.[]; .hold == "held" and (.kept | length) == 1 and .kept[0].answers == .kept[0].asked and .fresh.course == "mixed"
	and ([.fresh_udp.servers[].server.site] | sort) == ["dfw", "ord"])' "$tmp/split.json" >/dev/null || fail "equal paths: $(said split)"

# --- from a run ---
run=$tmp/run
mkdir "$run"
vps=(jfk akl waw cdg hkg)
for vp in "${vps[@]}"; do
	lab exec "$vp" "$catchmap" probe -p dns -c 3 --gap 200ms -t 1s -z -q --vp "$vp" -o "$run" 192.0.2.53 2001:db8:a::53 &
done
for vp in "${vps[@]}"; do wait -n || fail "a prober ended with exit $?"; done
cp "$tmp/lab/vantage.csv" "$run/"
lab catchment >"$tmp/truth.csv"
lab down
read_run() { # ARGS...
	rc=0
	"$catchmap" which --run "$run" "$@" >"$tmp/stdout" 2>"$tmp/stderr" || rc=$?
}
expect() { # STATUS TEXT
	[ "$rc" -eq "$1" ] || fail "exit $rc, not $1: $(cat "$tmp/stderr")"
	grep -qF -- "$2" "$tmp/stdout" "$tmp/stderr" || fail "nothing says '$2': $(cat "$tmp/stdout" "$tmp/stderr")"
}
read_run -j 192.0.2.53 2001:db8:a::53
jq -r '.[] | [.vp, .target, .sites[0].site, .sites[0].replies] | @csv' "$tmp/stdout" | tr -d '"' | sort >"$tmp/got"
python3 - "$tmp/truth.csv" "${vps[@]}" <<-'PY' | sort >"$tmp/want"
	import csv, sys
	for r in csv.DictReader(open(sys.argv[1])):
	    if r["service"].startswith("anycast") and r["vp"] in sys.argv[2:]:
	        print(r["vp"], r["target"], r["site"].split("-")[-1], 3, sep=",")
PY
[ -s "$tmp/want" ] && diff "$tmp/want" "$tmp/got" || fail "the run says otherwise than the routing tables"
asn=$(awk -F, '$1 == "jfk" { print $7 }' "$run/vantage.csv")
read_run --as "$asn" 192.0.2.53
expect 0 "192.0.2.53 serves AS$asn from Washington, US (iad) (1 of 1 vantage point)"
read_run --country pl --vp waw 192.0.2.53
expect 0 '192.0.2.53 answers waw from Frankfurt am Main, DE (fra)'
read_run 192.0.2.53
expect 0 'of 5 vantage points)'
read_run --as 64999 192.0.2.53
expect 2 'no vantage point in AS64999; it has AS'
read_run --vp wav 192.0.2.53
expect 2 'has no vantage point wav; it has waw'
read_run --vp waw 192.0.2.77
expect 2 'has no rows of 192.0.2.77 from waw; there are rows of'
read_run --hold 5s 192.0.2.53
expect 2 'one of them'
echo "iad withdrawn: reset, fresh flows and the next connection at $there; announced: reset, at $back; equal paths: held, fresh flows at both; from a run: $(wc -l <"$tmp/got") catchments as the tables have them"
