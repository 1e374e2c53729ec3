#!/usr/bin/env bash
# Pace: 5,000/s for 10 s sends 50,000 within 1 %; at 50,000/s the kernel drops no capture. Time that the machine took
# away (counted as `behind`) is not the pacer's to give back.
# Runs alone: it measures the pace.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
reflect_start

lab_targets 55000 >"$box/55k.txt"
probe_ok -f "$box/55k.txt" -o "$box/five" -p icmp -r 5000 -t 500ms
conserved "$box/five" scheduled=55000 dropped=0 send-error=0
# Probes of the first 10 s, and probes a second over the whole run, by their kernel stamps.
pace() { # RUN
	awk -F, 'NR > 1 { t = $12 / 1e9; if (NR == 2) first = last = t; if (t < first + 10) n++; if (t > last) last = t }
		END { printf "%d %d\n", n, (NR - 1) / (last - first) }' "$1/lab.probes.csv"
}
read -r in_ten _ < <(pace "$box/five")
behind=$(jq .counts.behind "$box/five/lab.meta.json")
off=$((50000 - in_ten))
[ "$off" -ge -500 ] && [ "$off" -le $((500 + behind)) ] || fail "$in_ten sent in 10 s, $behind behind"

lab_targets 250000 >"$box/250k.txt"
for attempt in 1 2; do
	TIMEFORMAT='%R %U %S'
	{ time probe_ok -f "$box/250k.txt" -o "$box/fifty$attempt" -p icmp -r 50000 -t 500ms; } 2>"$box/time"
	conserved "$box/fifty$attempt" scheduled=250000
	dropped=$(jq .counts.dropped "$box/fifty$attempt/lab.meta.json")
	[ "$dropped" -ne 0 ] || break
	[ "$attempt" -eq 1 ] || fail "$dropped captures dropped at 50,000/s, twice"
done
replies=$(jq .counts.outcome.reply "$box/fifty$attempt/lab.meta.json")
read -r _ achieved < <(pace "$box/fifty$attempt")
cpu=$(awk '{ printf "%.2f s of CPU in %.1f s", $2 + $3, $1 }' "$box/time")
figures "$in_ten in 10 s at 5,000/s ($behind behind); 50,000/s: $replies of 250000 answered, 0 dropped, $cpu, $achieved/s sent"
