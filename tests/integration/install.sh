#!/usr/bin/env bash
# What `make install` and `make deb` make: complete, found again by the program, and taken back by `make uninstall`.
. "$(dirname "$0")/lib.sh"
box_enter "$@"
make=(make --no-print-directory B="$B" SETCAP=:)

"${make[@]}" install PREFIX=/opt/catchmap DESTDIR="$box/root" >/dev/null
root=$box/root/opt/catchmap
"$root/bin/catchmap" decode --target k.root-servers.net ns1.nl-ams.k.ripe.net | grep -q Amsterdam ||
	fail "the installed program does not find its targets"
bash -n "$root/share/bash-completion/completions/catchmap" || fail "completion"
grep -q '^\.TH' "$root/share/man/man1/catchmap.1" || fail "the manual page"
grep -q 'ExecStart=/opt/catchmap/bin/catchmap ' "$root/lib/systemd/system/catchmap-probe@.service" || fail "the unit's path"
verified="not verified (no systemd-analyze)"
if command -v systemd-analyze >/dev/null; then
	verified=verified
	mount --bind "$box/root/opt" /opt
	cd "$root/lib/systemd/system"
	for unit in *; do
		said=$(systemd-analyze verify --man=no "./$unit" 2>&1) || fail "$unit: $said"
		[ -z "$said" ] || fail "$unit: $said"
	done
	cd "$OLDPWD"
	umount /opt
fi
"${make[@]}" uninstall PREFIX=/opt/catchmap DESTDIR="$box/root" >/dev/null
left=$(find "$box/root" -type f)
[ -z "$left" ] || fail "uninstall leaves $left"

deb=$(B=$B scripts/package 9.9 "$box")
dpkg-deb -f "$deb" Depends | grep -q libpcap || fail "the package's dependencies: $(dpkg-deb -f "$deb" Depends)"
dpkg-deb -x "$deb" "$box/deb"
"$box/deb/usr/bin/catchmap" decode --target k.root-servers.net ns1.nl-ams.k.ripe.net | grep -q Amsterdam ||
	fail "the packaged program does not find its targets"

figures "installed, units $verified, uninstalled without a trace; $(basename "$deb") of $(($(stat -c %s "$deb") / 1024)) KiB"
