#!/usr/bin/env bash
# What is wrong on the command line is told, with what was meant or what is possible, and exit 2; each command's help is printed.
set -euo pipefail
cd "$(dirname "$0")/../.."
catchmap=$(realpath -m "${B:-build}/catchmap")
export CATCHMAP_TARGETS=$PWD/targets
fail() {
	echo "FAILED: $*"
	exit 1
}
lines=0
line() { # STATUS SAID ARGS...
	local rc=0 said
	said=$("$catchmap" "${@:3}" 2>&1) || rc=$?
	[ "$rc" -eq "$1" ] || fail "catchmap ${*:3}: exit $rc, not $1: $said"
	grep -qF -- "$2" <<<"$said" || fail "catchmap ${*:3}: no '$2': $said"
	lines=$((lines + 1))
}

line 2 'usage: catchmap COMMAND'
line 0 'usage: catchmap COMMAND' --help
line 2 "no command 'bogus': there are which probe import" bogus
line 2 "no command 'bogus': there are which probe import" help bogus
line 2 "no command 'wich': is it which?" wich
line 2 "no command 'wich': is it which?" help wich
line 2 "no command 'reoprt': is it report?" help reoprt
line 2 'give one command, or none' help diff infer
line 2 'give one command, or none' help --man diff
line 0 'diff: compare two catchments' help
for command in which probe import infer diff report routes watch decode replay fields help; do
	line 0 "usage: catchmap $command " help "$command"
	[ "$("$catchmap" help "$command")" = "$("$catchmap" "$command" --help)" ] || fail "help $command is not $command --help"
done

line 2 "--min-vps: '-1' is not a whole number from 1 to 4294967295" infer --min-vps -1 RUN
line 2 '--json and --csv: the result has one form' diff --json --csv OLD NEW
line 2 '--csv and --dot: the result has one form' routes --csv --dot 192.0.2.1
line 2 "--target: 'waw01.example' is no address, service or kind that" decode --target waw01.example waw01
line 0 'an empty string names nobody' decode ''
echo "$lines lines"
