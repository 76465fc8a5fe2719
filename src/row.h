/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection as one row of plain values: what every table, log and file of connections prints.
 *
 * What the core does not keep of a connection, because no state follows from it, stands in a tally:
 * octets, retransmissions, times. The caller holds one beside each connection, zeroed, and has it
 * updated with each segment; a row made without one lacks those columns.
 */
#ifndef TCPSTATE_ROW_H
#define TCPSTATE_ROW_H

#include "story.h"
#include "tcpstate.h"

enum tcpstate_column {
#define COLUMN(name, kind, description) TCPSTATE_COLUMN_##name,
#include "row.def"
#undef COLUMN
    TCPSTATE_COLUMN_COUNT
};

enum tcpstate_kind {
    TCPSTATE_KIND_COUNT,
    TCPSTATE_KIND_TIME,
    TCPSTATE_KIND_SPAN,
    TCPSTATE_KIND_TEXT,
    TCPSTATE_KIND_EVENTS
};

/* One value; its column says which member holds it. */
struct tcpstate_cell {
    bool known;
    union {
        uint64_t count;
        int64_t time;     /* of TIME and SPAN, nanoseconds */
        const char *text; /* of TEXT; lives as long as the row, if the core wrote it */
    };
};

/* An event of the row. */
struct tcpstate_sighted {
    uint8_t event;              /* enum tcpstate_event */
    uint32_t frame, last_frame; /* that raised it first and last, 0 = only the end of the capture
                                 * shows it */
    uint32_t count;             /* how often it happened, each repetition included */
};

#define TCPSTATE_TALLY_EVENTS 6 /* distinct events above chat that a tally keeps */
#define TCPSTATE_ROW_EVENTS (TCPSTATE_TALLY_EVENTS + TCPSTATE_MAX_EVENTS)

struct tcpstate_row {
    struct tcpstate_cell cell[TCPSTATE_COLUMN_COUNT];
    struct tcpstate_sighted events[TCPSTATE_ROW_EVENTS];
    size_t event_count;
    char history[TCPSTATE_ZEEK_TEXT];
    char story[TCPSTATE_STORY_TEXT];
};

/* What is counted of one endpoint. Sequence numbers are modulo 2^32. */
struct tcpstate_tally_end {
    uint64_t octets;
    uint32_t segments, retransmitted;
    uint32_t high;               /* one beyond the highest number it used, if known */
    uint32_t hole_from, hole_to; /* the last numbers passed over, if they differ */
};

struct tcpstate_tally {
    int64_t last_time, idle_max;      /* capture time of the last segment; nanoseconds */
    int64_t handshake;                /* when its last SYN was captured; then how long it took */
    int64_t close_time;               /* once known */
    int64_t half_closed;              /* when it began; then how long it lasted */
    int64_t round_trip[2];            /* by role, of the handshake */
    struct tcpstate_tally_end end[2]; /* by role */
    /* Of each event: the frames that raised it first and last, and how often it happened. */
    uint32_t event_frame[TCPSTATE_TALLY_EVENTS], event_last[TCPSTATE_TALLY_EVENTS];
    uint32_t event_times[TCPSTATE_TALLY_EVENTS];
    uint8_t event[TCPSTATE_TALLY_EVENTS];
    uint8_t event_count : 4;
    uint8_t high_known : 2; /* a bit per role, these three */
    uint8_t round_trip_known : 2;
    uint8_t syn_repeated : 2;
    bool begun : 1, asked_known : 1;
    bool handshake_known : 1, close_known : 1;
    bool half_closed_begun : 1, half_closed_over : 1;
};

/* tally.c */
void tcpstate_tally_segment(struct tcpstate_tally *tally, const struct tcpstate_segment *segment,
                            const struct tcpstate_record *record);
void tcpstate_tally_refusal(struct tcpstate_tally *tally, const struct tcpstate_segment *quoted,
                            const struct tcpstate_record *record);

/* row.c */
void tcpstate_row_make(const struct tcpstate_connection *connection,
                       const struct tcpstate_tally *tally, const struct tcpstate_settings *settings,
                       int64_t end, struct tcpstate_row *row);
bool tcpstate_row_has(const struct tcpstate_row *row, enum tcpstate_event event);
const char *tcpstate_column_name(enum tcpstate_column column);
enum tcpstate_kind tcpstate_column_kind(enum tcpstate_column column);
const char *tcpstate_column_description(enum tcpstate_column column);

#endif
