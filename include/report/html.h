/* The page that is built into the program (src/report/page, `make page`), with data in it. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include <jansson.h>
#include <stdio.h>

#include "base/err.h"

/* Writes the page. Its data are one JSON document in a script element that is never run: `<`, `>`, `&` and all that is not
 * ASCII are escaped as \uXXXX, so that no text of it can end the element. ERR_IO when the stream fails. */
int html_write(FILE *out, const json_t *data);

/* The document as it stands in the page. */
int html_write_json(FILE *out, const json_t *data);

/* A JSON string of any bytes: those that are not UTF-8 or not to be seen are written as \DDD. NULL without memory. */
json_t *html_text(const char *bytes, size_t n);

#endif
