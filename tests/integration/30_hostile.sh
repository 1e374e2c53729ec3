#!/usr/bin/env bash
# 10,000 answers of every kind that a broken or hostile host may send: each is called what it is, none makes a false RTT,
# none ends the program.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
"$tools/hostile" --classes >"$box/classes.csv"
python3 "$here/hostile_check.py" targets "$box/classes.csv" 88 >"$box/targets.csv"
sent=$(($(wc -l <"$box/targets.csv") - 1))
[ "$sent" -ge 10000 ] || fail "only $sent targets"

box_start x hostile "$tools/hostile" -i x0 -l 1500 -L 3500
hostile=$box_pid
! capture_works || capture_start p p2 "$box/pcap"
probe_ok -f "$box/targets.csv" -o "$box/run" -r 2500 -t 1s --linger 1s --no-retry
conserved "$box/run" sent="$sent" dropped=0
said=$(python3 "$here/hostile_check.py" check "$box/classes.csv" "$box/run/lab") || fail "$said"
truth='no capture here to hold RTTs against'
if capture_works; then
	capture_stop
	truth=$(python3 "$here/rtt_compare.py" "$box/run/lab" "$box/pcap") || fail "$truth"
	rm "$box/pcap"
	truth='every RTT true'
fi

# With retries, the second question meets the same host: more rows, still one for each probe.
probe_ok -f "$box/targets.csv" -o "$box/again" -r 10000 -t 300ms --linger 300ms
conserved "$box/again"

kill -0 "$hostile" || fail "hostile: $(cat "$box/hostile.log")"
box_stop "$hostile"
answers=$(sed -n 's/.*answers \([0-9]*\).*/\1/p' "$box/hostile.log")
[ "${answers:-0}" -ge 10000 ] || fail "only ${answers:-no} answers"
figures "$sent probes: $said; $truth; $answers answers in all"
