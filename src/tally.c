/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Counts of a connection what no state follows from: octets, retransmissions, times, and which
 * events it raised first where.
 */
#include "row.h"
#include "seq.h"

#define SPAN_MAX                                                                                   \
    (1u << 30) /* octets; a number farther beyond the last is none of the connection               \
                */

/* The endpoint's place in a tally: a self-connection has one. */
static unsigned
place_of(const struct tcpstate_record *record)
{
    return record->sender == TCPSTATE_SERVER ? TCPSTATE_SERVER : TCPSTATE_CLIENT;
}

static const struct tcpstate_occurrence *
find_event(const struct tcpstate_record *record, enum tcpstate_event event)
{
    for (size_t i = 0; i < record->event_count; i++)
        if (record->event[i].event == event)
            return &record->event[i];
    return NULL;
}

/* Counts an event that is kept; false if it is not. */
static bool
count_event(struct tcpstate_tally *tally, uint8_t event, uint32_t frame)
{
    for (size_t i = 0; i < tally->event_count; i++) {
        if (tally->event[i] != event)
            continue;
        tally->event_times[i]++;
        tally->event_last[i] = frame;
        return true;
    }
    return false;
}

/* Keeps each event above chat with the frames that raised it first and last, as far as there is
 * room. */
static void
keep_events(struct tcpstate_tally *tally, const struct tcpstate_record *record, uint32_t frame)
{
    for (size_t i = 0; i < record->again_count; i++)
        count_event(tally, record->again[i], frame);
    for (size_t i = 0; i < record->event_count; i++) {
        const struct tcpstate_occurrence *event = &record->event[i];
        const unsigned place = tally->event_count;

        if (event->severity <= TCPSTATE_SEVERITY_CHAT || count_event(tally, event->event, frame) ||
            place == TCPSTATE_TALLY_EVENTS)
            continue;
        tally->event[place] = event->event;
        tally->event_frame[place] = tally->event_last[place] = frame;
        tally->event_times[place] = 1;
        tally->event_count = (place + 1) & 0xf;
    }
}

/* Whether all of a segment's numbers lie in the hole, which is then as much smaller as it can say.
 */
static bool
fills_hole(struct tcpstate_tally_end *end, uint32_t from, uint32_t to)
{
    if (seq_lt(from, end->hole_from) || seq_lt(end->hole_to, to))
        return false;
    if (from == end->hole_from)
        end->hole_from = to;
    else
        end->hole_to = from;
    return true;
}

/* Counts what the segment's numbers say (RFC 9293 section 3.4): text that goes on, or text, SYN or
 * FIN that was captured before. */
static void
count_numbers(struct tcpstate_tally *tally, unsigned role, const struct tcpstate_segment *segment)
{
    struct tcpstate_tally_end *end = &tally->end[role];
    const uint32_t syn = (segment->flags & TCPSTATE_SYN) != 0;
    const uint32_t fin = (segment->flags & TCPSTATE_FIN) != 0;
    const uint32_t from = segment->seq, to = from + segment->len + syn + fin;

    if (to == from || (segment->flags & TCPSTATE_RST))
        return;
    if (!(tally->high_known >> role & 1)) {
        tally->high_known = (tally->high_known | 1u << role) & 3;
        end->high = to;
        end->octets = segment->len;
    } else if (seq_le(to, end->high)) {
        if (!fills_hole(end, from, to))
            end->retransmitted++;
    } else if (to - end->high < SPAN_MAX) {
        if (seq_lt(end->high, from)) {
            end->hole_from = end->high;
            end->hole_to = from;
        }
        end->octets += to - end->high - fin - (syn && seq_le(end->high, from));
        end->high = to;
    }
}

/* The times between the steps of the handshake. A step captured more than once is not timed: which
 * one was answered is not known (RFC 6298 section 3). */
static void
time_handshake(struct tcpstate_tally *tally, unsigned role, const struct tcpstate_segment *segment,
               const struct tcpstate_record *record)
{
    const bool syn = segment->flags & TCPSTATE_SYN;
    const bool done = find_event(record, TCPSTATE_EVENT_handshake_complete);
    const unsigned peer = role ^ 1;
    const bool answers = syn ? segment->flags & TCPSTATE_ACK : done;

    if (!syn && !done)
        return;
    if (record->open_step && answers && tally->asked_known && record->sender != TCPSTATE_SELF &&
        !(tally->syn_repeated >> peer & 1) && !(tally->round_trip_known >> role & 1)) {
        tally->round_trip[role] = segment->time - tally->handshake;
        tally->round_trip_known = (tally->round_trip_known | 1u << role) & 3;
    }
    if (syn && tally->end[role].retransmitted)
        tally->syn_repeated = (tally->syn_repeated | 1u << role) & 3;
    tally->asked_known = syn && !done && !tally->handshake_known;
    if (tally->asked_known)
        tally->handshake = segment->time;
}

/* How long one end had closed and the other had not. */
static void
time_half_close(struct tcpstate_tally *tally, int64_t time, const struct tcpstate_record *record)
{
    const bool half = record->stage == TCPSTATE_STAGE_HALF_CLOSED;

    if (half && !tally->half_closed_begun) {
        tally->half_closed_begun = true;
        tally->half_closed = time;
    } else if (!half && tally->half_closed_begun && !tally->half_closed_over) {
        tally->half_closed_over = true;
        tally->half_closed = time - tally->half_closed;
    }
}

static void
time_steps(struct tcpstate_tally *tally, const struct tcpstate_record *record)
{
    const struct tcpstate_occurrence *opened =
        find_event(record, TCPSTATE_EVENT_handshake_complete);
    const struct tcpstate_occurrence *closed = find_event(record, TCPSTATE_EVENT_close_complete);

    if (opened) {
        tally->handshake_known = true;
        tally->handshake = opened->span;
    }
    if (closed) {
        tally->close_known = true;
        tally->close_time = closed->span;
    }
}

static void
time_silence(struct tcpstate_tally *tally, int64_t time)
{
    const int64_t silence = time - tally->last_time;

    if (tally->begun && silence > tally->idle_max)
        tally->idle_max = silence;
    tally->begun = true;
    tally->last_time = time;
}

/* A connection that an older SYN began has that one among its segments. */
static void
count_first(struct tcpstate_tally *tally, const struct tcpstate_record *record)
{
    struct tcpstate_summary summary;

    tcpstate_summarize(record->connection, &summary);
    tally->end[TCPSTATE_CLIENT].segments = summary.segments - 1;
    time_silence(tally, summary.first_time);
}

/*
 * Counts one segment that tcpstate_observe() judged; record is what it wrote. A copy of a packet
 * counts for its events alone.
 */
void
tcpstate_tally_segment(struct tcpstate_tally *tally, const struct tcpstate_segment *segment,
                       const struct tcpstate_record *record)
{
    const unsigned role = place_of(record);

    if (record->event_count || record->again_count)
        keep_events(tally, record, segment->frame);
    if (find_event(record, TCPSTATE_EVENT_duplicate_packet))
        return;
    if (record->opened)
        count_first(tally, record);
    tally->end[role].segments++;
    count_numbers(tally, role, segment);
    if (record->stage == TCPSTATE_STAGE_OPENING || record->event_count)
        time_handshake(tally, role, segment, record);
    time_half_close(tally, segment->time, record);
    time_steps(tally, record);
    time_silence(tally, segment->time);
}

/*
 * Keeps what an ICMP error that tcpstate_observe_unreachable() took says of a connection.
 */
void
tcpstate_tally_refusal(struct tcpstate_tally *tally, const struct tcpstate_segment *quoted,
                       const struct tcpstate_record *record)
{
    keep_events(tally, record, quoted->frame);
}
