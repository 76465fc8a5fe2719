/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Raises events, and keeps what an answer to this segment will be compared with.
 */
#include "observation.h"

/*
 * Raises an event about the endpoint of that role. Returns the occurrence, whose figures the caller
 * fills in; valid until the next call. In a full record the newest takes the
 * place of the one before it.
 */
struct tcpstate_occurrence *
tcpstate_raise(struct observation *o, enum tcpstate_event event, enum tcpstate_role role)
{
    struct tcpstate_record *record = o->record;
    struct tcpstate_occurrence *occurrence;

    if (record->event_count == TCPSTATE_MAX_EVENTS)
        record->event_count--;
    occurrence = &record->event[record->event_count++];
    *occurrence = (struct tcpstate_occurrence){
        .event = (uint8_t)event,
        .role = (uint8_t)(o->connection->self ? TCPSTATE_SELF : role),
        .severity = (uint8_t)tcpstate_event_severity(event),
    };
    record->changed = true;
    return occurrence;
}

/*
 * Notes that this segment is not acceptable and so may draw a challenge ACK.
 */
void
tcpstate_note_unacceptable(struct observation *o)
{
    o->connection->challenged_frame = o->segment->frame;
    o->connection->challenged_role = o->snd_role & 1;
    o->connection->challenged_syn = o->syn;
}

/*
 * The segment answers none that its receiver sent: a RST at the number that it acknowledges will
 * say so, and leave its sender's state as it is (RFC 9293 section 3.10.7.3).
 */
void
tcpstate_expect_rst(struct observation *o)
{
    o->connection->challenge_sent = true;
    o->connection->challenge_role = o->snd_role & 1;
    o->connection->challenge_of_syn = false;
    o->connection->challenge_ack = o->segment->ack;
}
