#!/usr/bin/env bash
# The bgp lab itself: it comes up (as root and as an ordinary user, side by side), its servers answer what its routing
# tables say, withdrawals move VPs and announcements restore them, and nothing is left of it however it ends.
set -euo pipefail
cd "$(dirname "$0")/../.."

tmp=$(mktemp -d)
chmod 755 "$tmp"
lab=$tmp/lab
bgp=tests/lab/bgp
user_bgp=()
clean_up() {
	set +e
	"$bgp" --dir "$lab" down
	[ ${#user_bgp[@]} -eq 0 ] || "${user_bgp[@]}" down
	rm -rf "$tmp"
}
trap 'clean_up >/dev/null 2>&1' EXIT

fail() {
	echo "$*" >&2
	exit 1
}
skip() {
	echo "$*"
	exit 77
}
run() { "$bgp" --dir "$lab" "$@"; }

for c in bird birdc nsd knotd named pdns_server unbound nginx kdig dig curl bgpdump ethtool; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$c" >/dev/null || skip "$c is not installed"
done
if [ "$(id -u)" -ne 0 ]; then
	unshare --user --map-root-user true 2>/dev/null || skip "no root and no user namespaces"
fi

# Living processes in the pid namespace $1.
living() {
	local p n=0
	for p in /proc/[0-9]*; do
		[ "$(readlink "$p/ns/pid" 2>/dev/null)" = "$1" ] || continue
		grep -q '^State:[[:space:]]*Z' "$p/status" 2>/dev/null || n=$((n + 1))
	done
	echo "$n"
}
# All that was killed takes its moment to go.
none_living() { # NAMESPACE
	for _ in {1..50}; do
		[ "$(living "$1")" -gt 0 ] || return 0
		sleep 0.1
	done
	return 1
}
pid_namespace() { readlink "/proc/$(cat "$1/pid")/ns/pid"; }

# Both as lines "vp,target,identity|identity": who answered, and who should by the routing tables.
answered() {
	"$@" truth | awk -F, 'NR > 1 { k = $1 "," $2; v[k] = v[k] (v[k] == "" ? "" : "|") $3 }
		END { for (k in v) print k "," v[k] }' | sort
}
routed() { "$@" catchment | awk -F, 'NR > 1 { print $3 "," $1 "," $11 }' | sort; }

# Of ECMP's two sites a VP may by chance have met one only.
compare() { # ANSWERED ROUTED
	join -t, -j 1 <(sed 's/,/ /' "$1" | sort) <(sed 's/,/ /' "$2" | sort) | awk -F, '
		{ n = split($2, a, "|"); ok = n > 0 && $2 != ""
		  for (i = 1; i <= n; i++) if (index("|" $3 "|", "|" a[i] "|") == 0) ok = 0
		  if (!ok) { print $1 ": answered " $2 ", routed " $3; bad = 1 } }
		END { exit bad }' || fail "answers differ from the routing tables ($1)"
	[ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ] || fail "$1 and $2 differ in length"
}

# 1. Up, as root and, beside it, as a user who exists only as a number.
run up >"$tmp/up" &
up=$!
if [ "$(id -u)" -eq 0 ]; then
	mkdir "$tmp/home" && cp -r tests/lab "$tmp/home/lab" && chown -R 4242:4242 "$tmp/home"
	user_bgp=(env -C "$tmp/home" setpriv --reuid=4242 --regid=4242 --clear-groups "$tmp/home/lab/bgp" --dir "$tmp/home/run")
	if setpriv --reuid=4242 --regid=4242 --clear-groups unshare --user --map-root-user true 2>/dev/null; then
		"${user_bgp[@]}" up || fail "up as an ordinary user failed"
	else
		user_bgp=()
		rootless="rootless not allowed here"
	fi
fi
wait "$up" || fail "up failed"
cat "$tmp/up"
run status || fail "status finds fault with a fresh lab"
namespace=$(pid_namespace "$lab")
nodes=$(sed 's/.*: \([0-9]* nodes\), .*settled in \(.*\)/\1 settled in \2/' "$tmp/up")
! run up 2>/dev/null || fail "two labs in one folder"

# 2. Answers are what the routing tables say, the same for v4 and v6; all sites of the large service serve someone.
answered run >"$tmp/answered" && routed run >"$tmp/routed"
compare "$tmp/answered" "$tmp/routed"
sites=$(grep -o 'ns1\.[a-z]*\.anycast' "$tmp/answered" | sort -u | wc -l)
[ "$sites" -ge 8 ] || fail "only $sites anycast sites serve anyone"
diff <(grep ',192\.0\.2\.53,' "$tmp/answered" | cut -d, -f1,3) <(grep ',2001:db8:a::53,' "$tmp/answered" | cut -d, -f1,3) ||
	fail "v4 and v6 differ"
grep -q 'dfw.*|.*ord' "$tmp/answered" || fail "ECMP splits no VP's queries"
if [ ${#user_bgp[@]} -gt 0 ]; then
	user_namespace=$(pid_namespace "$tmp/home/run")
	answered "${user_bgp[@]}" >"$tmp/user" && compare "$tmp/user" "$tmp/routed"
	"${user_bgp[@]}" down
	none_living "$user_namespace" || fail "down left processes of the user's lab"
	rootless="rootless the same"
fi

# 3. Each server gives its name by NSID and id.server, and by hostname.bind where it has that.
check_names() { # SITE SERVICE PLACE SERVER
	local address name=ns1.$3.$2.lab.example out=$tmp/names.$1
	address=$(awk -F, -v s="$2" '$1 == s { print $4 }' tests/lab/bgp.d/services.csv)
	run exec "$1" sh -c "kdig @$address +nsid CH TXT id.server; kdig @$address CH TXT hostname.bind" >"$out"
	[ "$(grep -c "NSID.*\"$name\"\|^id.server.*\"$name\"" "$out")" -eq 2 ] || fail "$1 ($4): no NSID or id.server $name"
	[ "$4" = pdns ] || grep -q "^hostname.bind.*\"$name\"" "$out" || fail "$1 ($4): no hostname.bind $name"
}
checks=()
while IFS=, read -r site service place server _; do
	[ "$server" != nginx ] && [ "$site" != site ] || continue
	check_names "$site" "$service" "$place" "$server" &
	checks+=($!)
done <tests/lab/bgp.d/sites.csv
for check in "${checks[@]}"; do
	wait "$check" || exit 1
done

# 4. A flow stays with its site; flows are split, over UDP and over TCP.
ask() { # PORT [OPTION]
	dig +short +tries=1 ${2:-} -b "198.18.7.10#$1" @198.18.249.53 CH TXT id.server
}
export -f ask
split() { run exec jfk bash -c "for port in {34000..34015}; do ask \$port $1; done" | sort | uniq -c; }
[ "$(split "" | wc -l)" -eq 2 ] || fail "UDP flows are not split over two sites"
[ "$(split +tcp | wc -l)" -eq 2 ] || fail "TCP flows are not split over two sites"
[ "$(run exec jfk bash -c 'for i in {1..12}; do ask 34000; done' | sort -u | wc -l)" -eq 1 ] || fail "a flow moved"

# 5. The collector's table, as others read it.
run mrt "$tmp/rib.mrt"
bgpdump -m "$tmp/rib.mrt" >"$tmp/rib" 2>/dev/null
for prefix in 192.0.2.0/24 2001:db8:a::/48; do
	peers=$(awk -F'|' -v p="$prefix" '$6 == p { print $4 }' "$tmp/rib" | sort -u | wc -l)
	[ "$peers" -ge 13 ] || fail "$peers peers' paths to $prefix in the MRT file"
done

# 6. Withdraw the site that serves most VPs: they move and no one else does; announce it: all is as before.
identity=$(grep ',192\.0\.2\.53,' "$tmp/answered" | cut -d, -f3 | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }')
site=any-$(cut -d. -f2 <<<"$identity")
vp=$(grep ",192\.0\.2\.53,$identity" "$tmp/answered" | head -n 1 | cut -d, -f1)
run exec "$vp" python3 tests/lab/bgplab/watch.py 192.0.2.53 3 >"$tmp/watch" &
watch=$!
until [ -s "$tmp/watch" ]; do
	kill -0 "$watch" 2>/dev/null || fail "$vp hears nothing from $site"
	sleep 0.1
done
withdrawn=$(run withdraw "$site" | cut -d' ' -f1)
wait "$watch"
answered run >"$tmp/without" && routed run >"$tmp/without.routed"
compare "$tmp/without" "$tmp/without.routed"
! grep -q "$identity" "$tmp/without" || fail "$site answers after its withdrawal"
moved=$(join -t, -j 1 <(sed 's/,/ /' "$tmp/answered") <(sed 's/,/ /' "$tmp/without") | grep ' 192\.0\.2\.53,' |
	awk -F, -v gone="$identity" '$2 != $3 { n++; if ($2 != gone) bad = 1 } END { print n + 0; exit bad }') ||
	fail "a VP moved that $site did not serve"
[ "$moved" -eq "$(grep -c ",192\.0\.2\.53,$identity" "$tmp/answered")" ] || fail "not all VPs of $site moved"
[ "$(wc -l <"$tmp/watch")" -ge 2 ] || fail "$vp saw no switch"
switched=$(date -d "$(sed -n 2p "$tmp/watch" | cut -d' ' -f1)" +%s%N)
switch_ms=$(((switched - $(date -d "$withdrawn" +%s%N)) / 1000000))
run status >"$tmp/status"
grep -q "withdrawn: $site" "$tmp/status" || fail "status does not name the withdrawn site"
run announce "$site" >/dev/null
answered run >"$tmp/again"
diff <(grep -v ecmp "$tmp/answered") <(grep -v ecmp "$tmp/again") || fail "not as before after the announcement"

# 7. The wires: no round trip is shorter than the truth.
run error >"$tmp/error"
tail -n 2 "$tmp/error"
error=$(sed -n 's/.*RTT minus truth: min \(.*\), p50 \(.*\), p99 \(.*\) us/\1 \2 \3/p' "$tmp/error")
[ "${error%% *}" -ge 0 ] || fail "an RTT below the truth: $error"

# 8. Nothing is left: after down, after `up` killed on its way, after an `up` that failed.
run down
none_living "$namespace" || fail "down left processes"
[ ! -e "$lab" ] || fail "down left its folder"
! ip netns list 2>/dev/null | grep -q 'as65536' || fail "namespaces in sight of others"

for pause in 0.7 3; do
	"$bgp" --dir "$lab" up &
	up=$!
	sleep "$pause"
	namespace=
	[ ! -s "$lab/pid" ] || namespace=$(pid_namespace "$lab")
	kill -KILL "$up"
	wait "$up" 2>/dev/null || true
	for _ in {1..50}; do
		[ -e "$lab" ] || break
		sleep 0.1
	done
	[ ! -e "$lab" ] || fail "a killed up left its folder"
	[ -z "$namespace" ] || none_living "$namespace" || fail "a killed up left processes"
done
if [ "$(id -u)" -eq 0 ]; then
	for case in '/dev/null bird "missing: bird (package bird2)"' '/bin/false knotd "knot of any-gru died"'; do
		eval "set -- $case"
		program=$(PATH=$PATH:/usr/sbin command -v "$2")
		if said=$(unshare --mount sh -c "mount --bind '$1' '$program' && '$bgp' --dir '$lab' up" 2>&1); then
			fail "up succeeded without $2"
		fi
		[[ $said == *"$3"* ]] || fail "up without $2 says: $said"
		[ ! -e "$lab" ] || fail "an up that failed left its folder"
	done
fi

echo "$nodes; $sites sites; $site withdrawn: $moved VPs moved, new site after $switch_ms ms;" \
	"RTT minus truth (min p50 p99) $error us; ${rootless:-rootless}"
