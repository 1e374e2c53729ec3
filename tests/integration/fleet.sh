#!/usr/bin/env bash
# scripts/fleet over machines of the lab, by ssh: one command from check to sites, with one host dead and one slow; names that a
# shell would trip over; probers that die; too few hosts; clocks, disks and files that are wrong.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "sshd needs root"
work=$(mktemp -d "${TMPDIR:-/tmp}/catchmap fleet.XXXXXX")
lab_folder=$(mktemp -d)
lab=(tests/lab/bgp --dir "$lab_folder")
fleet=$PWD/scripts/fleet
leave() {
	"${lab[@]}" down >/dev/null 2>&1 || true
	rm -rf "$work" "$lab_folder"
}
trap leave EXIT
trap 'echo "FAILED: line $LINENO: $BASH_COMMAND"' ERR
export CATCHMAP=$catchmap
"${lab[@]}" up >/dev/null
"${lab[@]}" sshd >/dev/null

# Not run by any shell, wherever it stands.
trap_text="\$(touch pwned) 'x' \"y\""
cp "$lab_folder/targets.csv" "$work/$trap_text.csv"
sed '1i # scl answers late' "$lab_folder/ssh/config" >"$work/ssh config"
sed -i "1a Host scl\n  ProxyCommand sh -c 'sleep 1.5; $(sed -nE 's/^ *ProxyCommand (.*)%h(.*)/\1scl\2/p' "$lab_folder/ssh/config")'" "$work/ssh config"
vps=(akl bom cdg jfk los scl)
campaign() { # NAME SED...
	local name=$1
	shift
	{
		cat <<-INI
			[campaign]
			name = $name
			contact = noc@example.net
			purpose = a test
			[targets]
			file = $trap_text.csv
			select = anycast.lab.example, unicast.lab.example
			family = 4
			[probe]
			kinds = dns, icmp
			timeout = 500ms
			rate = 200
			target-gap = 100ms
			[rounds]
			every = 2s
			rounds = 3
			marks = 2026-11-22T18:00Z nothing happened
			[limits]
			min-vps = 50 %
			host-timeout = 15s
			disk-free = 1M
			[fleet]
			ssh-config = ssh config
			program = $catchmap
			run-dir = /var/lib/catchmap/\$(touch pwned) a'b
			become = no
			[vps]
		INI
		for vp in "${vps[@]}"; do
			awk -F, -v vp="$vp" '$1 == vp { print vp " = " vp ", " $2 ", " $3 ", 25, " $5 ", " $6 ", " $7 }' "$lab_folder/vantage.csv"
		done
	} | sed -E "${@:-}" >"$work/$name.ini"
}
run_fleet() { # ARGS...
	rc=0
	(cd "$work" && "$fleet" "$@") >"$work/out" 2>"$work/err" || rc=$?
}
said() { # PATTERN
	grep -qE -- "$1" "$work/out" "$work/err" || fail "nothing like '$1' in: $(cat "$work/out" "$work/err")"
}

# One command; los is dead.
"${lab[@]}" exec los kill "$(cat "$lab_folder/ssh/los.pid")"
campaign all
begin=$(date +%s%N)
run_fleet all all.ini
seconds=$((($(date +%s%N) - begin) / 1000000000))
[ "$rc" -eq 4 ] || fail "all: exit $rc: $(cat "$work/out" "$work/err")"
said 'los .*FAILED'
said '1 of 6 did not take part: los'
run=$(echo "$work"/results/all/*)
for vp in akl bom cdg jfk scl; do
	[ "$(zstdcat "$run/$vp.probes.csv.zst" | tail -n +2 | wc -l)" -eq 12 ] || fail "$vp: not 2 targets x 2 kinds x 3 rounds"
done
[ ! -e "$run/los.meta.json" ] || fail "rows of a host that is dead"
jq -e '.vps | length == 6' "$run/run.json" >/dev/null || fail "run.json: $(cat "$run/run.json")"
served=$(awk -F, 'NR > 1 && $1 == "192.0.2.53"' "$run/catchment.csv" | wc -l)
[ "$served" -eq 5 ] || fail "catchment.csv has $served vantage points: $(cat "$run/catchment.csv")"
starts=$(for vp in akl bom cdg; do zstdcat "$run/$vp.probes.csv.zst" | awk -F, 'NR == 2 { printf "%d\n", $12 % 2e9 / 1e6 }'; done | paste -sd' ')

# Fetched again: nothing is new.
before=$(stat -c '%n %Y %s' "$run"/*.zst | md5sum)
run_fleet fetch all.ini --only akl,bom
[ "$rc" -eq 0 ] || fail "fetch again: exit $rc"
[ "$(stat -c '%n %Y %s' "$run"/*.zst | md5sum)" = "$before" ] || fail "fetched again, files differ"

# A prober that is killed is named, as is a host whose disk is full by then; started again it goes on where it was.
on() { ssh -F "$work/ssh config" "$@"; }
campaign dies 's/^rounds = .*/rounds = 6/; s/^every = .*/every = 1s/; /^(los|scl) =/d'
on bom 'cd /var/lib/catchmap/*/ && mkdir dies && mount -t tmpfs -o size=2m tmpfs dies'
run_fleet deploy dies.ini
run_fleet start dies.ini
[ "$rc" -eq 0 ] || fail "start: exit $rc: $(cat "$work/out" "$work/err")"
sleep 1
on jfk 'kill -9 $(cat /var/lib/catchmap/*/dies/*/pid)'
on bom 'cat /dev/zero >"$(echo /var/lib/catchmap/*/dies)/fill"' 2>/dev/null || true
run_fleet status dies.ini
[ "$rc" -eq 4 ] || fail "status of a prober that was killed: exit $rc"
said 'jfk .*FAILED: the prober died'
said 'bom .*FAILED: .*0.0 GB free'
said '2 of 4 did not take part: bom, jfk'
run_fleet start dies.ini --start "$(basename "$work"/results/dies/*)"
on jfk 'cd /var/lib/catchmap/*/dies/*/ && for _ in {1..150}; do ! grep -q "\"ended\": \"done\"" jfk.meta.json || exit 0; sleep 0.1; done; exit 1' ||
	fail "jfk does not end: $(on jfk 'cat /var/lib/catchmap/*/dies/*/{log,jfk.meta.json}')"
on bom 'rm "$(echo /var/lib/catchmap/*/dies)/fill"'
run_fleet fetch dies.ini
for vp in akl jfk; do
	[ "$(zstdcat "$work"/results/dies/*/$vp.probes.csv.zst | awk -F, 'NR > 1 { print $2, $6 }' | sort -u | wc -l)" -eq 24 ] ||
		fail "$vp: not 2 targets x 2 kinds x 6 rounds"
done

# Too few; a file that is wrong; a clock; a disk.
campaign dies 's/^min-vps = .*/min-vps = 6/'
run_fleet start dies.ini
[ "$rc" -eq 4 ] || fail "too few hosts: exit $rc"
said 'fewer than \[limits\] min-vps .*missing: los'
run_fleet status dies.ini --only akl
said 'akl +ended .*signal 15'
wrong() { # WHAT PATTERN SED
	campaign wrong "$3"
	run_fleet check wrong.ini
	[ "$rc" -eq "${4:-2}" ] || fail "$1: exit $rc: $(cat "$work/out" "$work/err")"
	said "$2"
}
wrong "an unknown key" "did you mean rounds" 's/^rounds = .*/round = 3/'
wrong "a host name with a dash in front" "'-oProxyCommand=x' is not a host name" 's/^akl = akl/akl = -oProxyCommand=x/'
wrong "a host name with a command" "is not a host name" 's/^akl = akl/akl = a$(id)/'
wrong "a latitude" "lat.*is not|is not between -90 and 90" 's/^akl = akl, [^,]*/akl = akl, 91/'
wrong "two of one name" "host bom is there twice" 's/^akl = akl/akl = bom/'
wrong "rounds that do not fit" "at fleet-target-rate" 's/^target-gap.*/&\nfleet-target-rate = 1/'
wrong "a disk that is full" "akl .*FAILED: .*GB free" 's/^disk-free = .*/disk-free = 900T/' 4
wrong "no such program" "akl .*FAILED: no program" 's/^program = .*/program = catchmap-not-there/' 4
run_fleet check nowhere.ini
[ "$rc" -eq 2 ] && said 'nowhere.ini' || fail "no file: exit $rc"
for vp in akl bom cdg jfk; do
	found=$(ssh -F "$work/ssh config" "$vp" 'find ~ /var/lib/catchmap -name pwned') || fail "$vp cannot be searched"
	[ -z "$found" ] || fail "a name was run by a shell on $vp: $found"
done
[ ! -e "$work/pwned" ] && [ ! -e pwned ] || fail "a name was run by a shell"

figures "6 hosts, 1 dead, 1 slow: from check to sites in $seconds s; rounds begin $starts ms behind their time"
