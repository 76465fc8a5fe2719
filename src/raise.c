/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Raises events, and keeps what an answer to this segment will be compared with.
 */
#include "observation.h"

/* When an event is told: src/event.def. */
enum terms { ALWAYS = 0, ONCE = 1, HISTORY = 2 };

static const uint8_t event_terms[] = {
#define EVENT(slug, severity, group, terms, rfc, happened, advice) terms,
#include "event.def"
#undef EVENT
};

/* How many events are told once: each has a bit of the endpoint's own. */
enum {
    EVENTS_TOLD_ONCE = 0
#define EVENT(slug, severity, group, terms, rfc, happened, advice) +(((terms)&ONCE) != 0)
#include "event.def"
#undef EVENT
};
_Static_assert(EVENTS_TOLD_ONCE <= TCPSTATE_TOLD_BITS, "each has a bit in tcpstate_endpoint.told");

/* The bit of an event that is told once. */
static unsigned
bit_of(enum tcpstate_event event)
{
    unsigned bit = 1;

    for (unsigned i = 0; i < (unsigned)event; i++)
        if (event_terms[i] & ONCE)
            bit <<= 1;
    return bit;
}

/*
 * Whether the capture shows enough of the connection for this event.
 */
bool
tcpstate_is_told(const struct tcpstate_connection *connection, enum tcpstate_event event)
{
    return !(event_terms[event] & HISTORY) || !tcpstate_may_have_closed(connection);
}

/* Whether the event was told of the endpoint before, without a long silence since; the record then
 * says that it happened again. */
static bool
is_told_again(struct tcpstate_record *record, struct tcpstate_endpoint *endpoint,
              enum tcpstate_event event)
{
    unsigned bit;
    bool again;

    if (!(event_terms[event] & ONCE))
        return false;
    bit = bit_of(event);
    again = endpoint->told & bit;
    endpoint->told = (endpoint->told | bit) & TCPSTATE_TOLD_MASK;
    if (again && record->again_count < TCPSTATE_MAX_AGAIN)
        record->again[record->again_count++] = (uint8_t)event;
    return again;
}

/*
 * Whether an event that is told once was told of the endpoint.
 */
bool
tcpstate_was_told(const struct tcpstate_endpoint *endpoint, enum tcpstate_event event)
{
    return endpoint->told & bit_of(event);
}

/*
 * Raises an event about the endpoint of that role, if its terms allow it (src/event.def). Returns
 * the occurrence, whose figures the caller fills in; valid until the next call. In a full record
 * the newest takes the place of the one before it.
 */
struct tcpstate_occurrence *
tcpstate_raise(struct observation *o, enum tcpstate_event event, enum tcpstate_role role)
{
    struct tcpstate_record *record = o->record;
    const bool told =
        tcpstate_is_told(o->connection, event) &&
        !is_told_again(record, &o->connection->end[o->connection->self ? 0 : role], event);
    struct tcpstate_occurrence *occurrence;

    if (told && record->event_count == TCPSTATE_MAX_EVENTS)
        record->event_count--;
    occurrence = &record->event[record->event_count];
    *occurrence = (struct tcpstate_occurrence){
        .event = (uint8_t)event,
        .role = (uint8_t)(o->connection->self ? TCPSTATE_SELF : role),
        .severity = (uint8_t)tcpstate_event_severity(event),
    };
    if (told)
        record->event_count++;
    record->changed |= told;
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
