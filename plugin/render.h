/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From what was judged to what Wireshark shows.
 */
#ifndef TCPSTATE_RENDER_H
#define TCPSTATE_RENDER_H

#include "timeline.h"

/* What one segment and the end of the capture may raise on it. */
#define RENDER_MAX_EVENTS (2 * TCPSTATE_MAX_EVENTS)

size_t render_events(const struct sighting *sighting, struct tcpstate_occurrence *events);
bool render_is_wanted(proto_tree *tree);
void render(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const struct sighting *sighting);
const char *render_summary(wmem_allocator_t *scope, const struct sighting *sighting);

#endif
