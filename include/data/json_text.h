/* Text of files and of the command line for JSON, which wants UTF-8. */
#ifndef DATA_JSON_TEXT_H
#define DATA_JSON_TEXT_H

#include <jansson.h>

/* What is not UTF-8 is escaped as identities are (base/csv.h). NULL is taken for "". NULL without memory. */
json_t *json_text(const char *text);

#endif
