/* From a probe that is over to its record. For src/engine only. */
#ifndef ENGINE_ROW_H
#define ENGINE_ROW_H

#include "engine/state.h"

/* Makes the record and hands it to the config's `row`. */
void engine_write_row(struct engine *e, struct flight_probe *p);

#endif
