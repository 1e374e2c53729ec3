/* Every entry of MRT tables, one a line: peer|AS|prefix|path id|path|origin|next hop, for comparing with what other readers see.
 *
 *	mrt_dump FILE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "proto/mrt.h"

enum { PEERS_MAX = 65536, ROOM = 2 * MRT_RECORD_MAX };

struct dump {
	struct mrt_peer peers[PEERS_MAX];
	char prefix[ADDR_PREFIX_TEXT_LEN];
};

static int on_peers(void *arg, const struct mrt_peers *peers)
{
	struct dump *d = arg;
	struct mrt_peers p = *peers;

	for (uint16_t i = 0; i < p.n; i++)
		d->peers[i] = mrt_peer_next(&p);
	return 0;
}

static int on_prefix(void *arg, const struct addr_prefix *p, uint32_t time_s)
{
	struct dump *d = arg;

	(void)time_s;
	(void)addr_prefix_text(p, d->prefix);
	return 0;
}

/* "1 2 {3,4}"; confederations in round and square brackets. */
static void put_path(struct mrt_path path)
{
	static const char *const open[] = {"", "{", "", "(", "["}, *const close[] = {"", "}", "", ")", "]"};
	enum mrt_hop_type last = MRT_AS;
	struct mrt_hop h;

	for (bool first = true; mrt_hop_next(&path, &h); first = false) {
		if (last == MRT_CONFED_AS && h.type != MRT_CONFED_AS)
			(void)fputs(close[last], stdout);
		if (!first)
			(void)putchar(' ');
		if (h.type != last || h.type != MRT_CONFED_AS)
			(void)fputs(open[h.type], stdout);
		for (uint8_t i = 0; i < h.n; i++)
			(void)printf("%s%u", i ? "," : "", mrt_hop_asn(&h, i));
		if (h.type != MRT_CONFED_AS)
			(void)fputs(close[h.type], stdout);
		last = h.type;
	}
	if (last == MRT_CONFED_AS)
		(void)fputs(close[last], stdout);
}

static int on_entry(void *arg, const struct mrt_entry *e)
{
	static const char *const origins[] = {"IGP", "EGP", "INCOMPLETE", ""};
	struct dump *d = arg;
	const struct mrt_peer *peer = e->has_peer ? &e->peer : &d->peers[e->peer_index];
	char address[ADDR_TEXT_LEN], hop[ADDR_TEXT_LEN];
	struct mrt_attributes a;

	if (mrt_attributes(e, &a) < 0) {
		(void)fprintf(stderr, "%s: bad attributes\n", d->prefix);
		exit(1);
	}
	(void)printf("%s|%u|%s|", addr_text(&peer->addr, address), peer->asn, d->prefix);
	if (e->path_id)
		(void)printf("%u", e->path_id);
	(void)putchar('|');
	put_path(a.path);
	(void)printf("|%s|%s\n", origins[a.origin], addr_text(&a.next_hop, hop));
	return 0;
}

static void on_bad(void *arg, uint64_t offset, const char *what)
{
	(void)arg;
	(void)fprintf(stderr, "byte %llu: %s\n", (unsigned long long)offset, what);
	exit(1);
}

static int dump_file(struct dump *d, uint8_t *bytes, const char *path, struct err_msg *why)
{
	static const struct mrt_sink sink = {on_peers, on_prefix, on_entry, on_bad};
	struct mrt m = {.sink = &sink, .arg = d};
	struct file_in *f = file_in_open(path, why);
	ssize_t got = f ? 1 : ERR_IO, used = 0;
	size_t n = 0;

	while (got > 0 && used >= 0 && (got = file_in_read(f, bytes + n, ROOM - n, why)) > 0) {
		n += (size_t)got;
		used = mrt_walk(&m, bytes, n, why);
		if (used > 0)
			memmove(bytes, bytes + used, n -= (size_t)used);
	}
	file_in_close(f);
	return got < 0 ? (int)got : used < 0 ? (int)used : mrt_end(&m, n, why);
}

int main(int argc, char *argv[])
{
	struct dump *d = calloc(1, sizeof(*d));
	uint8_t *bytes = malloc(ROOM);
	struct err_msg why = {{0}};
	int rc = d && bytes ? 0 : ERR_NOMEM;

	for (int i = 1; rc == 0 && i < argc; i++)
		rc = dump_file(d, bytes, argv[i], &why);
	if (rc < 0)
		(void)fprintf(stderr, "mrt_dump: %s\n", why.text);
	free(bytes);
	free(d);
	return rc < 0;
}
