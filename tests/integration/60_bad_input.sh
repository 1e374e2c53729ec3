#!/usr/bin/env bash
# What people get wrong: each is said in words that name the place, with the exit status of its kind, and what is good
# is probed all the same.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
box_net
reflect_start
cases=0

expect() { # STATUS WORD... (an extended regular expression each, in the messages)
	local want=$1 word
	shift
	cases=$((cases + 1))
	[ "$rc" -eq "$want" ] || fail "$case: exit $rc, not $want: $(cat "$box/stderr")"
	for word in "$@"; do
		grep -qE -- "$word" "$box/stderr" || fail "$case: the message lacks $word: $(cat "$box/stderr")"
	done
}

lab_targets 4 >"$box/good.txt"

case='unknown option'
probe -f "$box/good.txt" -o "$box/r1" --no-such-option
expect 2 no-such-option

case='bad rate'
probe -f "$box/good.txt" -o "$box/r1" -r fast
expect 2 fast

case='no targets file'
probe -f "$box/missing.txt" -o "$box/r1"
expect 2 missing.txt 'No such file'

case='a folder as targets file'
probe -f "$box" -o "$box/r1"
expect 2 "$box"

: >"$box/empty.txt"
case='empty targets file'
probe -f "$box/empty.txt" -o "$box/r1"
expect 2 empty.txt

case='comments only'
printf '# nothing\n\n' >"$box/comments.txt"
probe -f "$box/comments.txt" -o "$box/r1"
expect 2 comments.txt
[ ! -e "$box/r1/lab.probes.csv" ] || fail "rows without targets"

case='bad lines'
printf '198.18.0.1\nnonsense here\n198.18.0.2\n198.18.0.300\n198.18.0.1\n2001:db8:18::1\n' >"$box/bad.txt"
probe -f "$box/bad.txt" -o "$box/bad" -p icmp -t 300ms
expect 0 'bad.txt:2:1: ' 'bad.txt:4:1: '
conserved "$box/bad" sent=3 reply=3

case='duplicates'
printf '198.18.0.1\n198.18.0.1\n198.18.0.2\n2001:db8:18::1\n2001:0db8:0018:0::1\n' >"$box/twice.txt"
probe -f "$box/twice.txt" -o "$box/twice" -p icmp -t 300ms
expect 0 '2 .*duplicate|duplicate.* 2'
conserved "$box/twice" sent=3 reply=3

case='bad lines, strict'
probe --strict -f "$box/bad.txt" -o "$box/strict" -p icmp
expect 2 'bad.txt:2:1: '
[ ! -e "$box/strict/lab.probes.csv" ] || fail "rows in spite of --strict"

case='bad line in a CSV'
printf 'target,service,operators,kind,probes,port,baseline,source\n198.18.0.1,,,other,icmp,,,\n198.18.0.2,,,other,icmp,99999,,\n' \
	>"$box/bad.csv"
probe -f "$box/bad.csv" -o "$box/badcsv" -t 300ms
expect 0 'bad.csv:3:[0-9]+: '
conserved "$box/badcsv" sent=1 reply=1

case='no privilege'
rc=0
box_in p setpriv --bounding-set=-all --inh-caps=-all "$catchmap" probe --vp lab -f "$box/good.txt" -o "$box/r2" \
	2>"$box/stderr" >"$box/stdout" || rc=$?
expect 3 'setcap cap_net_raw|sudo'
[ ! -e "$box/r2/lab.probes.csv" ] || fail "rows without privilege"

case='no such interface'
probe -f "$box/good.txt" -o "$box/r3" -I nosuch0
expect 3 nosuch0

case='dry run'
probe -n -f "$box/good.txt" -o "$box/r4"
expect 0
[ ! -e "$box/r4/lab.probes.csv" ] || fail "a dry run wrote rows"
grep -q "$(head -n 1 "$box/good.txt")" "$box/stdout" || fail "a dry run does not say to whom: $(cat "$box/stdout")"

case='blocklist'
echo 198.18.0.0/16 >"$box/block.txt"
probe -f "$box/good.txt" -b "$box/block.txt" -o "$box/blocked" -p icmp -t 300ms
expect 0
conserved "$box/blocked" sent=2 reply=2

figures "$cases mistakes, each with its exit status and its place"
