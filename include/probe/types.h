/* The rows of the table in probe/probe.h, and what they share. For src/probe only. */
#ifndef PROBE_TYPES_H
#define PROBE_TYPES_H

#include "probe/probe.h"

extern const struct probe_type probe_type_dns, probe_type_icmp, probe_type_tcp;

bool probe_flow_has(const struct probe_flows *flows, uint16_t port);

#endif
