#!/usr/bin/env bash
# From probes to catchments in both tiers of the lab: states, sites and places are the truth's where servers name themselves;
# with identities switched off no unicast target is called anycast, and what latency alone finds is told.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
for c in bird nsd knotd named pdns_server unbound nginx kdig; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$c" >/dev/null || skip "$c is not installed"
done
box_enter "$@"

# The lab's names are known beside the shipped ones.
cp -R targets "$box/targets"
cat tests/lab/naming.csv >>"$box/targets/naming/rules.csv"
export CATCHMAP_TARGETS=$box/targets

infer() { # RUN TARGETS
	"$catchmap" infer -f "$2" "$1" >"$box/story" 2>"$box/said" || fail "infer $1: exit $?: $(cat "$box/said")"
	[ "$(wc -l <"$box/story")" -le 64 ] || fail "a long story: $(cat "$box/story")"
}
hold() { # MODE RUN TRUTH ARGS...
	python3 "$here/infer_compare.py" "$@" || fail "$2: $(cat "$box/story")"
}
without_names() { # RUN TARGETS TRUTH
	python3 "$here/infer_compare.py" blank "$1" "$1.blank" || fail "blanking $1"
	infer "$1.blank" "$2"
	hold latency "$1.blank" "$3"
}

# --- tier 1: a world of its own making, and the one with every trouble ---
world=tests/lab/world
probe_world() { # FOLDER RUN ARGS...
	local vp v4 v6 pid pids=()
	while read -r vp v4 v6; do
		"$world" exec "$1" "$catchmap" probe -q -f "$1/targets.csv" -S "$v4" -S "$v6" --vp "$vp" \
			--location "$(awk -F, -v vp="$vp" '$1 == "vp" && $2 == vp { print $3 "," $4 }' "$1/places.csv")" -o "$2" "${@:3}" \
			>"$box/$vp.log" 2>&1 </dev/null &
		pids+=($!)
	done <"$1/vps"
	for pid in "${pids[@]}"; do wait "$pid" || fail "catchmap probe: exit $?: $(tail -n 3 "$box"/*.log)"; done
}
up() { # FOLDER
	"$world" up "$1" "$1/places.csv" "$1/served.csv" >"$box/up.log" 2>&1 || fail "world up: $(cat "$box/up.log")"
}
w=$box/world
python3 "$here/world.py" make "$w"
up "$w"
probe_world "$w" "$box/troubles" -r 500 -c 4 --gap 300ms -t 2s --linger 2s
"$world" down "$w" >/dev/null
infer "$box/troubles" "$w/targets.csv"
troubles=$(hold exact "$box/troubles" "$w/catchment.csv" late=no-site identity=no-site) || fail "$troubles"

m=$box/many
python3 tests/lab/world_make.py "$m" --vps 40 --services 12 --sites 30
{ echo "target,service,operators,kind,probes" && tail -n +2 "$m/served.csv" | cut -d, -f1,2 | sort -u | sed 's/$/,example,other,dns|icmp|tcp/'; } \
	>"$m/targets.csv"
up "$m"
probe_world "$m" "$box/made" -r 100 -c 2 --gap 100ms -t 2s --linger 0
"$world" down "$m" >/dev/null
infer "$box/made" "$m/targets.csv"
made=$(hold exact "$box/made" "$m/catchment.csv") || fail "$made"
made_blank=$(without_names "$box/made" "$m/targets.csv" "$m/catchment.csv") || fail "$made_blank"

# --- tier 2: real routers and name servers ---
tmp=$(mktemp -d)
lab() { tests/lab/bgp --dir "$tmp/lab" "$@"; }
trap 'lab down >/dev/null 2>&1 || true; rm -rf "$tmp"; box_leave' EXIT
lab up >/dev/null
pids=()
while IFS=, read -r vp lat lon km _; do
	lab exec "$vp" "$catchmap" probe -f "$tmp/lab/targets.csv" -o "$tmp/bgp" --vp "$vp" --location "$lat,$lon,$km" -c 3 \
		--gap 150ms -t 2s -q 2>"$box/$vp.log" &
	pids+=($!)
done < <(tail -n +2 "$tmp/lab/vantage.csv")
for pid in "${pids[@]}"; do wait "$pid" || fail "a prober ended with exit $?"; done
lab catchment >"$box/bgp.truth"
cp "$tmp/lab/targets.csv" "$box/targets.csv"
lab down >/dev/null
infer "$tmp/bgp" "$box/targets.csv"
# The web service tells its sites by HTTP, which is not asked.
grep -v ,web.lab.example, "$box/bgp.truth" >"$box/bgp.named"
bgp=$(hold exact "$tmp/bgp" "$box/bgp.named") || fail "$bgp"
bgp_blank=$(without_names "$tmp/bgp" "$box/targets.csv" "$box/bgp.truth") || fail "$bgp_blank"

figures "world: $troubles; $made; without names $made_blank; bgp: $bgp; without names $bgp_blank"
