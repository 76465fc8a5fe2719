/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What was judged, frame by frame, kept so that every later visit to a frame shows the same.
 *
 * A connection's states change a few times in thousands of segments, so they are kept as entries,
 * one per change, and each frame holds only eight octets that name the entry in force.
 */
#ifndef TCPSTATE_TIMELINE_H
#define TCPSTATE_TIMELINE_H

#include "pairs.h"

/* What holds of a connection from one segment until the next that changes something. In memory it
 * is followed by the segment's events and its transitions. */
struct timeline_entry {
    const struct connection *connection;
    int64_t since[2];       /* by role: when each endpoint entered its state, capture time */
    uint32_t answers_frame; /* the segment that a challenge ACK answers, or 0 */
    uint32_t reset_frame;   /* the RST that ended the connection, or 0 */
    uint8_t phase[2];       /* enum tcpstate_phase, by role */
    uint8_t evidence[2];    /* enum tcpstate_evidence, by role */
    uint8_t open_step, close_step;
    uint8_t stage : 4;   /* enum tcpstate_stage */
    uint8_t settled : 4; /* enum tcpstate_settled */
    uint8_t transition_count : 4, event_count : 4;
};

/* One segment as it is to be shown. */
struct sighting {
    const struct timeline_entry *entry;
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
void timeline_advance(int64_t time);
int64_t timeline_end(void);

const struct tcpstate_occurrence *timeline_events(const struct timeline_entry *entry);
const struct tcpstate_transition *timeline_transitions(const struct timeline_entry *entry);

#endif
