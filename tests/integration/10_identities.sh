#!/usr/bin/env bash
# Five real servers, both families: every row's nsid and txt are what the server was configured to say, and what BIND's
# CHAOS limit takes away comes back as IN + NSID.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
# shellcheck source=tests/integration/servers
. "$here/servers"
box_net
servers_start

probe_ok -f "$TARGETS" -o "$box/all" -c 3 --gap 200ms -r 100
conserved "$box/all" scheduled=108 unmatched=0 dropped=0
said=$(python3 "$here/rows.py" identities "$box/all/lab" "$TRUTH") || fail "$said"
for kind in dns icmp tcp; do
	n=$(python3 "$here/rows.py" count "$box/all/lab" probe="$kind" attempt=1 outcome=reply)
	[ "$n" -eq 36 ] || [ "$kind" = dns ] || fail "$kind: $n of 36 answered"
done

for question in hostname.bind version.bind; do
	probe_ok -f "$TARGETS" -o "$box/$question" -p dns -c 2 --gap 500ms --question "$question"
	conserved "$box/$question" scheduled=24
	python3 "$here/rows.py" identities "$box/$question/lab" "$TRUTH" "$question" >/dev/null ||
		fail "identities by $question"
done

# 40 quick CHAOS questions to one BIND over each family, as strangers: no cookie of an earlier answer helps the first
# burst, because the questions leave before it arrives.
grep ,bind.example "$TARGETS" | sed '1i target,service,operators,kind,probes,port,baseline,source' >"$box/bind.csv"
probe_ok -f "$box/bind.csv" -o "$box/burst" -p dns --flows 40 --gap 0 -r 100000 -t 500ms
conserved "$box/burst"
burst=$(python3 "$here/rows.py" identities "$box/burst/lab" <(grep -E '^address|,bind,' "$TRUTH")) || fail "$burst"
retried=$(python3 "$here/rows.py" count "$box/burst/lab" attempt=2)
[ "$retried" -gt 0 ] || fail "BIND's limit did not show: no retry at all"

servers_stop
figures "5 servers v4+v6: $said; BIND burst: $burst"
