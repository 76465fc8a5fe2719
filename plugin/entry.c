/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packs entries of the timeline into the arena, and reads them back.
 *
 * A connection has about seven entries and a capture may have millions of connections, so an entry
 * is a string of octets without a gap: a head, then what few entries have (the frames they refer
 * to), then the transitions, then the events.
 */
#include "arena.h"
#include "entry.h"

#include <string.h>

struct head {
    uint32_t connection; /* its place in the arena */
    uint32_t since[2][2];
    uint32_t client_phase : 4, server_phase : 4;
    uint32_t client_evidence : 2, server_evidence : 2;
    uint32_t stage : 4, settled : 4;
    uint32_t transition_count : 4, event_count : 4;
    uint32_t answers : 1, reset : 1; /* the frame's number follows */
    uint8_t open_step, close_step;
    uint8_t tail[2]; /* the first octets of what follows */
};

#define HEAD_SIZE offsetof(struct head, tail)

/* A transition takes 11 bits. */
struct packed_transition {
    uint16_t role : 2, from : 4, to : 4, revision : 1;
};

/* An event without its figures; those that are not zero follow. */
struct packed_event {
    uint8_t event;
    uint8_t role : 2, severity : 2, span : 1, count : 1, frame : 1;
};

/* The longest entry. */
#define ENTRY_MAX                                                                                  \
    (HEAD_SIZE + 2 * sizeof(uint32_t) +                                                            \
     TCPSTATE_MAX_TRANSITIONS * sizeof(struct packed_transition) +                                 \
     TCPSTATE_MAX_EVENTS * (sizeof(struct packed_event) + sizeof(int64_t) + 2 * sizeof(uint32_t)))

_Static_assert(sizeof(struct packed_transition) == 2 && sizeof(struct packed_event) == 2,
               "packed is packed");
_Static_assert(TCPSTATE_MAX_TRANSITIONS < 16 && TCPSTATE_MAX_EVENTS < 16, "counts have four bits");
_Static_assert(TCPSTATE_PHASE_COUNT <= 16, "phases have four bits");
_Static_assert(TCPSTATE_EVENT_COUNT <= 256, "events have eight bits");

static uint8_t *
put(uint8_t *at, const void *value, size_t size)
{
    memcpy(at, value, size);
    return at + size;
}

static const uint8_t *
get(const uint8_t *at, void *value, size_t size)
{
    memcpy(value, at, size);
    return at + size;
}

static uint8_t *
put_event(uint8_t *at, const struct tcpstate_occurrence *event)
{
    const struct packed_event packed = {
        .event = event->event,
        .role = event->role & 3,
        .severity = event->severity & 3,
        .span = event->span != 0,
        .count = event->count != 0,
        .frame = event->frame != 0,
    };
    at = put(at, &packed, sizeof(packed));
    if (packed.span)
        at = put(at, &event->span, sizeof(event->span));
    if (packed.count)
        at = put(at, &event->count, sizeof(event->count));
    if (packed.frame)
        at = put(at, &event->frame, sizeof(event->frame));
    return at;
}

static const uint8_t *
get_event(const uint8_t *at, struct tcpstate_occurrence *event)
{
    struct packed_event packed;
    at = get(at, &packed, sizeof(packed));
    *event = (struct tcpstate_occurrence){
        .event = packed.event, .role = packed.role, .severity = packed.severity};
    if (packed.span)
        at = get(at, &event->span, sizeof(event->span));
    if (packed.count)
        at = get(at, &event->count, sizeof(event->count));
    if (packed.frame)
        at = get(at, &event->frame, sizeof(event->frame));
    return at;
}

static struct head
head_of(const struct tcpstate_record *record)
{
    struct head head = {
        .connection = ((const struct connection *)record->connection)->place,
        .client_phase = record->phase[TCPSTATE_CLIENT] & 15,
        .server_phase = record->phase[TCPSTATE_SERVER] & 15,
        .client_evidence = record->evidence[TCPSTATE_CLIENT] & 3,
        .server_evidence = record->evidence[TCPSTATE_SERVER] & 3,
        .stage = record->stage & 15,
        .settled = record->settled & 15,
        .transition_count = MIN(record->transition_count, TCPSTATE_MAX_TRANSITIONS),
        .event_count = MIN(record->event_count, TCPSTATE_MAX_EVENTS),
        .answers = record->answers_frame != 0,
        .reset = tcpstate_connection_reset_frame(record->connection) != 0,
        .open_step = record->open_step,
        .close_step = record->close_step,
    };
    memcpy(head.since, record->since, sizeof(head.since));
    return head;
}

/* Packs what the core said about a segment. Returns the entry's place in the arena. */
uint32_t
entry_make(const struct tcpstate_record *record)
{
    uint8_t octets[ENTRY_MAX];
    const struct head head = head_of(record);
    uint8_t *end = put(octets, &head, HEAD_SIZE);
    if (head.answers)
        end = put(end, &record->answers_frame, sizeof(uint32_t));
    if (head.reset) {
        const uint32_t frame = tcpstate_connection_reset_frame(record->connection);
        end = put(end, &frame, sizeof(frame));
    }
    for (size_t i = 0; i < head.transition_count; i++) {
        const struct tcpstate_transition *transition = &record->transition[i];
        const struct packed_transition packed = {transition->role & 3, transition->from & 15,
                                                 transition->to & 15, transition->revision};
        end = put(end, &packed, sizeof(packed));
    }
    for (size_t i = 0; i < head.event_count; i++)
        end = put_event(end, &record->event[i]);

    uint32_t place = arena_take((size_t)(end - octets));
    memcpy(arena_at(place), octets, (size_t)(end - octets));
    return place;
}

/* Reads an entry back; it is valid until the capture is closed. */
void
entry_read(uint32_t place, struct entry *entry)
{
    struct head head;
    const uint8_t *at = get((const uint8_t *)arena_at(place), &head, HEAD_SIZE);
    *entry = (struct entry){
        .connection = (const struct connection *)arena_at(head.connection),
        .phase = {head.client_phase, head.server_phase},
        .evidence = {head.client_evidence, head.server_evidence},
        .stage = head.stage,
        .settled = head.settled,
        .open_step = head.open_step,
        .close_step = head.close_step,
        .transition_count = head.transition_count,
        .event_count = head.event_count,
    };
    memcpy(entry->since, head.since, sizeof(entry->since));
    if (head.answers)
        at = get(at, &entry->answers_frame, sizeof(uint32_t));
    if (head.reset)
        at = get(at, &entry->reset_frame, sizeof(uint32_t));
    entry->tail = at;
}

/* The transition with this index, which must be less than their count. */
struct tcpstate_transition
entry_transition(const struct entry *entry, size_t index)
{
    struct packed_transition packed;
    get(entry->tail + index * sizeof(packed), &packed, sizeof(packed));
    return (struct tcpstate_transition){packed.role, packed.from, packed.to, packed.revision};
}

/* The events; there must be room for TCPSTATE_MAX_EVENTS. Returns how many there are. */
size_t
entry_events(const struct entry *entry, struct tcpstate_occurrence *events)
{
    const uint8_t *at = entry->tail + entry->transition_count * sizeof(struct packed_transition);
    for (size_t i = 0; i < entry->event_count; i++)
        at = get_event(at, &events[i]);
    return entry->event_count;
}
