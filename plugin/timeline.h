/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What was judged, frame by frame, kept so that every later visit to a frame shows the same.
 *
 * A connection's states change a few times in thousands of segments, so they are kept as entries,
 * one per change, and each frame holds only eight octets that name the entry in force.
 */
#ifndef TCPSTATE_TIMELINE_H
#define TCPSTATE_TIMELINE_H

#include "entry.h"

/* One segment as it is to be shown. */
struct sighting {
    struct entry entry;
    int64_t time;    /* of its frame, nanoseconds since the epoch */
    uint32_t frame;  /* its number */
    uint16_t length; /* octets of text, at most 65535 */
    uint8_t flags;   /* enum tcpstate_flag */
    uint8_t sender;  /* enum tcpstate_role */
    bool changes;    /* the entry is this segment's own: its events and transitions happened here */
    bool later;      /* not the frame's first visit: verdicts are known */
};

void timeline_reset(void);
void timeline_add(const struct tcpstate_record *record, const struct tcpstate_segment *segment);
size_t timeline_at(uint32_t frame, struct sighting *sightings);
void timeline_begin_frame(uint32_t frame, int64_t time);
int64_t timeline_end(void);

#endif
