#!/usr/bin/env bash
# The verdicts of verdicts.sh, but those that only raw sockets can tell, for an ordinary user without capabilities.
# Runs alone: it judges times.
WAY=plain exec bash "$(dirname "$0")/verdicts.sh" "$@"
