/* What captured frames mean: copies of our probes, replies, ICMP errors about them, or nothing of ours. */
#ifndef ENGINE_MATCH_H
#define ENGINE_MATCH_H

#include "engine/engine.h"

/* Finds the probe that the frame is about and notes what it says; what matches none is counted. */
void engine_frame(struct engine *e, struct mono now, const struct capture_frame *f);

#endif
