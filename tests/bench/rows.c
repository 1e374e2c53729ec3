/* How fast rows are read: a probes file of N rows (default a million), plain and .zst, by lines, as CSV and as records; and a
 * target CSV of as many addresses. Millions of rows a second on one core, best of several rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "data/record.h"
#include "data/target.h"

enum { ROUNDS = 3, VPS = 1000, PATH_LEN = 64 };

static struct record made(uint32_t i, char vp[static 16])
{
	static const uint8_t nsid[] = "ns1.fra.example";
	struct record r = {
		.vp = vp,
		.target = {.family = 4, .b = {198, 18, (uint8_t)(i / VPS >> 8), (uint8_t)(i / VPS)}},
		.question = QUESTION_ID_SERVER,
		.seq = i,
		.attempt = 1,
		.src = {.family = 4, .b = {192, 0, 2, (uint8_t)(i % VPS)}},
		.src_port = 33000,
		.dst_port = 53,
		.tx_time = {INT64_C(1795381909715687031) + i},
		.outcome = OUTCOME_REPLY,
		.rtt_ns = 93513387 + i * 31 % 50000000,
		.stamp = STAMP_KERNEL,
		.replies = 1,
		.reply_ttl = 61,
		.icmp_type = -1,
		.icmp_code = -1,
		.edns_size = 1232,
		.dns_flags = RECORD_NSID,
		.nsid = {nsid, sizeof(nsid) - 1},
		.txt = {nsid, sizeof(nsid) - 1},
	};

	(void)snprintf(vp, 16, "vp%04u", i % VPS);
	r.reply_from = r.target;
	return r;
}

static int make_rows(const char *path, uint32_t n, struct err_msg *why)
{
	struct file_out *out = file_out_create(path, why);
	char row[RECORD_ROW_MAX], vp[16];
	int rc = out ? file_out_write(out, row, record_header(row), why) : ERR_IO;

	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		struct record r = made(i, vp);

		rc = file_out_write(out, row, record_row(&r, row), why);
	}
	return out && file_out_close(out, why) == 0 ? rc : ERR_IO;
}

static int make_targets(const char *path, uint32_t n)
{
	FILE *f = fopen(path, "w");

	if (!f)
		return ERR_IO;
	(void)fprintf(f, "target,service,operators,kind,probes,port,baseline,source\n");
	for (uint32_t i = 0; i < n; i++)
		(void)fprintf(f, "10.%u.%u.%u,s%u.example,Example,other,icmp,,,made\n", i >> 16, i >> 8 & 255,
			i & 255, i % 100);
	return fclose(f) == 0 ? 0 : ERR_IO;
}

static uint64_t by_lines(const char *path)
{
	struct file_in *in = file_in_open(path, NULL);
	const char *line;
	uint64_t n = 0;

	while (file_in_line(in, &line, NULL) > 0)
		n++;
	file_in_close(in);
	return n - 1;
}

static uint64_t by_csv(const char *path)
{
	struct csv *c = csv_open(path, NULL);
	uint64_t n = 0;

	while (csv_next(c, NULL) > 0)
		n += csv_field_len(c, 1) > 0;
	csv_close(c);
	return n;
}

static uint64_t read_records(const char *path, const char *const *columns)
{
	static uint8_t scratch[RECORD_SCRATCH];
	struct csv *c = csv_open(path, NULL);
	struct record_reader rd;
	struct record r;
	uint64_t n = 0;

	if (record_reader_init(&rd, c, NULL) < 0)
		return 0;
	if (columns)
		record_reader_only(&rd, columns);
	while (csv_next(c, NULL) > 0)
		n += record_read(&rd, c, &r, scratch, NULL) == 0 && r.outcome == OUTCOME_REPLY;
	csv_close(c);
	return n;
}

static uint64_t by_record(const char *path)
{
	return read_records(path, NULL);
}

/* What placing a target needs. */
static uint64_t by_columns(const char *path)
{
	static const char *const columns[] = {"vp", "target", "probe", "round", "flow", "outcome", "rtt_ms",
		"rcode", "dns_flags", "nsid", "txt", NULL};

	return read_records(path, columns);
}

static uint64_t by_target(const char *path)
{
	struct target_list list = {0};
	uint64_t n;

	(void)target_read(&list, path, NULL, NULL, NULL);
	n = list.n;
	target_list_free(&list);
	return n;
}

static const struct {
	const char *name;
	int file;
	uint64_t (*read)(const char *path);
} parts[] = {
	{"lines, plain", 0, by_lines},
	{"lines, .zst", 1, by_lines},
	{"CSV rows, plain", 0, by_csv},
	{"CSV rows, .zst", 1, by_csv},
	{"records, plain", 0, by_record},
	{"records, .zst", 1, by_record},
	{"records of 11 columns, plain", 0, by_columns},
	{"records of 11 columns, .zst", 1, by_columns},
	{"targets of a CSV", 2, by_target},
};

static int measure(char path[3][PATH_LEN], uint32_t n)
{
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		double best = 1e18;

		for (int r = 0; r < ROUNDS; r++) {
			struct mono start = clock_mono();
			uint64_t got = parts[p].read(path[parts[p].file]);
			double ns = (double)(clock_mono().ns - start.ns);

			if (got != n) {
				(void)fprintf(stderr, "rows: %s: %llu of %u\n", parts[p].name,
					(unsigned long long)got, n);
				return 1;
			}
			best = ns < best ? ns : best;
		}
		(void)printf("%7.2f M/s  %6.0f ns  %s\n", n / best * 1e3, best / n, parts[p].name);
	}
	return 0;
}

int main(int argc, char *argv[])
{
	static const char *const names[] = {"rows.csv", "rows.csv.zst", "targets.csv"};
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
	char folder[] = "/tmp/catchmap-bench-XXXXXX", path[3][PATH_LEN];
	struct err_msg why = {{0}};
	int code = 1;

	if (n == 0 || n > 1U << 24 || hash_init() < 0 || !mkdtemp(folder))
		return 1;
	for (size_t i = 0; i < 3; i++)
		(void)snprintf(path[i], PATH_LEN, "%s/%s", folder, names[i]);
	if (make_rows(path[0], n, &why) < 0 || make_rows(path[1], n, &why) < 0 ||
		make_targets(path[2], n) < 0)
		(void)fprintf(stderr, "rows: cannot make the files: %s\n", why.text);
	else
		code = measure(path, n);
	for (size_t i = 0; i < 3; i++)
		(void)unlink(path[i]);
	(void)rmdir(folder);
	return code;
}
