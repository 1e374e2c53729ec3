#!/usr/bin/env bash
# The code keeps to its layers, and the script that says so does notice each kind of breach.
set -euo pipefail
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

mkdir -p "$scratch"/{src,include}/{base,proto,net,cmd}
cat >"$scratch/src/proto/bad.c" <<'C'
#include <pcap.h>
#include "net/bad.h"
/* free() in a comment is no call */
void bad(void);
void bad(void) { (void)malloc(3); exit(1); }
C
echo 'struct bad { uint8_t unknown_type; };' >"$scratch/include/net/bad.h"
said=$(scripts/layers "$scratch" || true)
for breach in 'pcap.h belongs to net' 'may not include net/bad.h' 'calls: malloc' 'end the program: exit' \
	'has no include/proto/bad.h' 'does not compile alone' ' 6 breaches'; do
	grep -qF -- "$breach" <<<"$said" || { echo "not noticed: $breach"; exit 1; }
done
# The whole list of breaches goes to the log, its count is the line of figures.
scripts/layers
