# Runs on a vantage machine: `bash -c THIS agent COMMAND FOLDER [ARGS]`. Prints key=value lines; exit 0 when the command did what
# it says. FOLDER is the campaign's, with probe.ini; START names one run of it.
set -uo pipefail
command=$1 folder=$2
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin:/usr/local/bin

say() { printf '%s=%s\n' "$1" "$2"; }
die() {
	say error "$1"
	exit 1
}
alive() { # PID: it runs, and is one of ours
	[ -n "$1" ] && kill -0 "$1" 2>/dev/null && tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline" | grep -q -- 'probe --config'
}
say_disk_free() {
	local near=$folder
	until [ -e "$near" ]; do near=$(dirname "$near"); done
	say disk_free "$(($(df -Pk -- "$near" | awk 'NR == 2 { print $4 }') * 1024))"
}
pid_of() { cat "$folder/$1/pid" 2>/dev/null || true; }

case $command in
check) # PROGRAM ADDRESS...
	program=$3
	say version "$("$program" --version 2>/dev/null || echo none)"
	path=$(command -v "$program" 2>/dev/null || true)
	if [ "$(id -u)" -eq 0 ]; then say privilege root
	elif [ -n "$path" ] && getcap "$path" 2>/dev/null | grep -q cap_net_raw; then say privilege cap_net_raw
	else say privilege none; fi
	if [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = yes ]; then say ntp yes
	elif command -v chronyc >/dev/null && chronyc -n tracking 2>/dev/null | grep -q 'Leap status *: Normal'; then say ntp yes
	else say ntp unknown; fi
	say_disk_free
	for address in "${@:4}"; do
		say "route_$address" "$(ip -o route get "$address" 2>&1 | head -n 1 |
			sed -nE 's/.* dev ([^ ]+).* src ([^ ]+).*/\1 \2/p')"
	done
	# Each line that comes is answered by the time: the asker takes the quickest exchange.
	while read -r _; do say now "$(date +%s%N)"; done
	;;
start) # PROGRAM START
	program=$3 run=$folder/$4
	[ -r "$folder/probe.ini" ] || die "no $folder/probe.ini: deploy first"
	! alive "$(pid_of "$4")" || { say started already; exit 0; }
	mkdir -p -- "$run" || die "$run cannot be made"
	cd -- "$run" || die "$run cannot be entered"
	setsid "$program" probe --config "$folder/probe.ini" --output "$run" --resume --quiet </dev/null >>log 2>&1 &
	echo $! >pid
	sleep 1
	if alive "$(cat pid)" || grep -qs '"ended": "done"' -- *.meta.json; then say started now
	else die "it ended at once: $(tail -n 1 log)"; fi
	;;
status) # START
	run=$folder/$3
	cd -- "$run" 2>/dev/null || die "no run $3"
	if alive "$(pid_of "$3")"; then say state running; else say state ended; fi
	say ended "$(cat -- *.meta.json 2>/dev/null | sed -nE 's/^  "ended": "(.*)",?$/\1/p' | tail -n 1)"
	say bytes "$(cat -- *.probes.csv* 2>/dev/null | wc -c)"
	newest=$(stat -c %Y -- *.probes.csv* 2>/dev/null | sort -n | tail -n 1)
	say age "$(($(date +%s) - ${newest:-0}))"
	say log "$(tail -n 1 log 2>/dev/null || true)"
	say_disk_free
	;;
stop) # START
	pid=$(pid_of "$3")
	alive "$pid" || { say stopped already; exit 0; }
	kill -TERM "$pid"
	for _ in {1..150}; do
		alive "$pid" || { say stopped now; exit 0; }
		sleep 0.2
	done
	die "pid $pid does not stop"
	;;
*) die "no command $command" ;;
esac
