# shellcheck shell=bash
# For tests that need networks. A test begins with
#
#	. "$(dirname "$0")/lib.sh"
#	box_enter "$@"
#
# and from then on runs as pid 1 of pid, mount and network namespaces of its own (as an ordinary user also in a user
# namespace): whatever it starts, mounts or configures ends with it, however it ends. /run is a fresh tmpfs; $box is a
# scratch folder on it. Nothing in here can reach another network.
#
# box_net builds, both families, tx offload off:
#
#	p --p0---r0-- r --r1---s0-- s     the prober's default routes lead over the router r to the servers s
#	p --p1---s1-- s                   a link of their own: 192.0.2.9, 2001:db8:3::9 are on-link for p
#	p --p2---x0-- x                   x is the gateway for 198.18.0.0/15 and 2001:db8:18::/48; its kernel drops
#	                                  them unanswered: for tests/tools/reflect and hostile
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build}
catchmap=$(realpath -m "$B/catchmap")
tools=$(realpath -m "$B/tools")
here=tests/integration
box=/run/box

skip() { # WHY...
	echo "$*"
	exit 77
}
fail() { # WHAT...
	echo "FAILED: $*"
	exit 1
}
# The test's last line: what it measured.
figures() {
	echo "$*"
}

box_enter() { # "$@"
	if [ "${BOXED:-}" != 1 ]; then
		local into=(unshare --net --mount --pid --fork --kill-child --mount-proc)
		[ "$(id -u)" -eq 0 ] || into+=(--user --map-root-user)
		"${into[@]}" true 2>/dev/null || skip "namespaces cannot be made here: ${into[*]}"
		exec env -u SUDO_UID -u SUDO_GID -u SUDO_USER BOXED=1 B="$B" "${into[@]}" bash "$0" "$@"
	fi
	set -o errtrace
	trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
	trap box_leave EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mount -t tmpfs -o mode=0755 tmpfs /run
	mkdir -p /run/netns "$box"
	ip link set lo up
}

box_children=()
# Ends what box_start started, newest first; the namespaces take the rest.
box_leave() {
	local i
	trap - EXIT
	for ((i = ${#box_children[@]} - 1; i >= 0; i--)); do
		kill "${box_children[i]}" 2>/dev/null || true
	done
}

box_in() { # NS COMMAND...
	local ns=$1
	shift
	nsenter --net="/run/netns/$ns" -- "$@"
}

# Starts a command in the background with its output in $box/NAME.log; its pid is in $box_pid.
box_start() { # NS NAME COMMAND...
	local ns=$1 name=$2
	shift 2
	setsid nsenter --net="/run/netns/$ns" -- "$@" </dev/null >"$box/$name.log" 2>&1 &
	box_pid=$!
	box_children+=("$box_pid")
}

box_stop() { # PID
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

# Waits until COMMAND succeeds, at most SECONDS.
box_await() { # SECONDS WHAT COMMAND...
	local end=$((SECONDS + $1)) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || fail "$what: not within the time"
		sleep 0.05
	done
}

box_ns() { # NAME...
	local ns
	for ns in "$@"; do
		ip netns add "$ns"
		ip -n "$ns" link set lo up
		box_in "$ns" sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
			net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
			net.ipv6.conf.default.router_solicitations=0 net.ipv6.conf.all.disable_ipv6=0
	done
}

# A veth pair between two namespaces; each end gets one IPv4 and one IPv6 address.
box_wire() { # NS IF ADDR4 ADDR6  NS IF ADDR4 ADDR6
	ip -n "$1" link add "$2" type veth peer name "$6" netns "$5"
	while [ $# -gt 0 ]; do
		box_in "$1" ethtool -K "$2" tx off >/dev/null
		ip -n "$1" addr add "$3" dev "$2"
		ip -n "$1" addr add "$4" dev "$2" nodad
		ip -n "$1" link set "$2" up
		shift 4
	done
}

box_net() {
	box_ns p r s x
	box_wire p p0 192.0.2.2/30 2001:db8:1::2/64 r r0 192.0.2.1/30 2001:db8:1::1/64
	box_wire r r1 192.0.2.5/30 2001:db8:2::1/64 s s0 192.0.2.6/30 2001:db8:2::2/64
	box_wire p p1 192.0.2.10/29 2001:db8:3::a/64 s s1 192.0.2.9/29 2001:db8:3::9/64
	box_wire p p2 192.0.2.18/30 2001:db8:4::2/64 x x0 192.0.2.17/30 2001:db8:4::1/64
	box_in r sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	ip -n p route add default via 192.0.2.1
	ip -n p -6 route add default via 2001:db8:1::1
	ip -n p route add 198.18.0.0/15 via 192.0.2.17
	ip -n p -6 route add 2001:db8:18::/48 via 2001:db8:4::1
	ip -n x route add blackhole 198.18.0.0/15
	ip -n x -6 route add blackhole 2001:db8:18::/48
	ip -n r route add default via 192.0.2.6
	ip -n r -6 route add default via 2001:db8:2::2
	ip -n s route add default via 192.0.2.5
	ip -n s -6 route add default via 2001:db8:2::1
}

# Runs `catchmap probe ARGS` as VP lab in p. Its exit status is in $rc, its messages are in $box/stderr.
probe() { # ARGS...
	rc=0
	box_in p "$catchmap" probe --vp lab "$@" >"$box/stdout" 2>"$box/stderr" || rc=$?
}

# As probe, and the run must have ended well.
probe_ok() { # ARGS...
	probe "$@"
	[ "$rc" -eq 0 ] || fail "catchmap probe $*: exit $rc: $(tail -n 3 "$box/stderr")"
}

# Every probe sent has its row, and the outcomes add up, in the rows and in meta.json alike.
conserved() { # RUN [NAME=VALUE...]   (counts that meta.json must show)
	python3 "$here/rows.py" conserved "$1/lab" "${@:2}" || fail "rows and counts of $1 do not agree"
}

# tcpdump insists on setting its groups.
capture_works() {
	[ "$(cat /proc/self/setgroups)" = allow ]
}
capture_needed() {
	capture_works || skip "tcpdump cannot run in this user namespace: run as root"
}
# An independent capture of what passes an interface, with the kernel's nanosecond stamps.
capture_start() { # NS IF FILE [FILTER]
	box_start "$1" tcpdump tcpdump -i "$2" -n -p -Z root -B 65536 -s 256 --time-stamp-precision=nano -w "$3" "${4:-}"
	capture_pid=$box_pid
	box_await 5 tcpdump grep -q 'listening on' "$box/tcpdump.log"
	sleep 0.5
}
# Ends it when its ring is drained; a capture that lost packets is no witness.
capture_stop() {
	sleep 1.2
	kill -INT "$capture_pid"
	wait "$capture_pid" || true
	grep -q '^0 packets dropped by kernel' "$box/tcpdump.log" || fail "tcpdump lost packets: $(tail -n 3 "$box/tcpdump.log")"
}

# N addresses that the reflector answers for, v4 and v6 in turn.
lab_targets() { # N
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) {
		k = int(i / 2)
		if (i % 2) printf "2001:db8:18::%x:%x\n", k / 60000, k % 60000 + 1
		else printf "198.%d.%d.%d\n", 18 + int(k / 65536), int(k / 256) % 256, k % 256
	} }'
}
reflect_start() { # ARGS...
	box_start x reflect "$tools/reflect" -i x0 "$@"
	reflect_pid=$box_pid
	sleep 0.2
	kill -0 "$reflect_pid" 2>/dev/null || fail "reflect: $(cat "$box/reflect.log")"
}
