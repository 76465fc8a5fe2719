/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What holds of a connection from one segment until the next that changes something.
 */
#ifndef TCPSTATE_ENTRY_H
#define TCPSTATE_ENTRY_H

#include "pairs.h"

struct entry {
    const struct connection *connection;
    int64_t since[2];       /* by role: when each endpoint entered its state, capture time */
    uint32_t answers_frame; /* the segment that a challenge ACK answers, or 0 */
    uint32_t reset_frame;   /* the RST that ended the connection, or 0 */
    uint8_t phase[2];       /* enum tcpstate_phase, by role */
    uint8_t evidence[2];    /* enum tcpstate_evidence, by role */
    uint8_t stage;          /* enum tcpstate_stage */
    uint8_t settled;        /* enum tcpstate_settled */
    uint8_t open_step, close_step;
    uint8_t transition_count, event_count;
    const uint8_t *tail; /* the packed transitions and events */
};

uint32_t entry_make(const struct tcpstate_record *record);
void entry_read(uint32_t place, struct entry *entry);
struct tcpstate_transition entry_transition(const struct entry *entry, size_t index);
size_t entry_events(const struct entry *entry, struct tcpstate_occurrence *events);

#endif
