#include "report/html.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/csv.h"

/* The template goes into the program as it is, with a NUL behind it; the path is from the folder in which make runs. */
__asm__(".pushsection .rodata\n"
	".global html_template\n"
	"html_template:\n"
	".incbin \"src/report/page.html\"\n"
	".byte 0\n"
	".popsection\n");
extern const char html_template[];

/* Where the data go in the template. */
static const char place[] = "@CATCHMAP_DATA@";

/* In JSON these three stand in strings only, where an escape means the same. */
static int put_escaped(const char *bytes, size_t n, void *out)
{
	for (size_t i = 0; i < n; i++) {
		bool plain = bytes[i] != '<' && bytes[i] != '>' && bytes[i] != '&';

		if (plain ? fputc(bytes[i], out) == EOF : fprintf(out, "\\u%04x", (unsigned)bytes[i]) < 0)
			return -1;
	}
	return 0;
}

int html_write_json(FILE *out, const json_t *data)
{
	size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(9);

	return json_dump_callback(data, put_escaped, out, flags) == 0 ? 0 : ERR_IO;
}

int html_write(FILE *out, const json_t *data)
{
	const char *at = strstr(html_template, place);

	if (!at)
		return ERR_PARSE;
	(void)fwrite(html_template, 1, (size_t)(at - html_template), out);
	if (html_write_json(out, data) < 0)
		return ERR_IO;
	(void)fputs(at + sizeof(place) - 1, out);
	return ferror(out) ? ERR_IO : 0;
}

static bool has_controls(const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)bytes[i] < ' ' || bytes[i] == 127)
			return true;
	return false;
}

json_t *html_text(const char *bytes, size_t n)
{
	json_t *j = has_controls(bytes, n) ? NULL : json_stringn(bytes, n);
	char *escaped;

	if (j)
		return j;
	escaped = malloc(4 * n + 1);
	if (!escaped)
		return NULL;
	j = json_stringn(escaped, csv_escape(escaped, 4 * n, bytes, n));
	free(escaped);
	return j;
}
