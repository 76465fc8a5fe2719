/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What must hold whatever the segments: each record makes sense by itself and after the one before,
 * and neither a constant added to all sequence numbers, nor the other order of the two addresses,
 * nor packets captured twice change anything.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fsm.h"
#include "../settings.h"
#include "world.h"

#define TEXT_MAX 1024

#define COUNT(list) (0 list(ONE))
#define ONE(...) +1

/* What the last record of each connection said. */
struct shown {
    uint8_t phase[2], evidence[2], stage;
    int64_t since[2];
    uint32_t reset_frame;
};

static struct world plain, shifted, mirrored, doubled;
static struct shown shown[WORLD_PACKETS + 1];

/* How the capture at hand is told, and what to do before the program ends in failure. */
static const char *telling = "plain";
static void (*on_failure)(void);

static void
require(bool holds, const char *what, uint32_t frame)
{
    if (holds)
        return;
    fprintf(stderr, "segment %" PRIu32 ", %s: does not hold: %s\n", frame, telling, what);
    if (on_failure)
        on_failure();
    abort();
}

#define REQUIRE(condition) require(condition, #condition, frame)

static bool
is_edge(uint8_t from, uint8_t to)
{
    for (int stimulus = 0; stimulus < TCPSTATE_STIMULUS_COUNT; stimulus++)
        if (tcpstate_edge((enum tcpstate_phase)from, (enum tcpstate_stimulus)stimulus) == to)
            return true;
    return false;
}

/* Every value is one of its list. */
static void
check_ranges(const struct tcpstate_record *record, uint32_t frame)
{
    struct tcpstate_summary summary;

    tcpstate_summarize(record->connection, &summary);
    REQUIRE(summary.open < COUNT(TCPSTATE_OPENS));
    REQUIRE(summary.close < COUNT(TCPSTATE_CLOSES));
    REQUIRE(summary.closer < COUNT(TCPSTATE_CLOSERS));
    REQUIRE(summary.cause < COUNT(TCPSTATE_CAUSES));
    REQUIRE(summary.stage == record->stage && record->stage < COUNT(TCPSTATE_STAGES));
    REQUIRE((record->sender == TCPSTATE_SELF) == tcpstate_connection_is_self(record->connection));
    REQUIRE(record->sender <= TCPSTATE_SELF);
    REQUIRE((record->settled &
             ~(TCPSTATE_SETTLED_OPEN | TCPSTATE_SETTLED_CLOSE | TCPSTATE_SETTLED_CAUSE)) == 0);
    REQUIRE(record->transition_count <= TCPSTATE_MAX_TRANSITIONS);
    REQUIRE(record->event_count <= TCPSTATE_MAX_EVENTS);
    REQUIRE(record->answers_frame < frame);
    for (int role = 0; role < 2; role++) {
        REQUIRE(record->phase[role] < TCPSTATE_PHASE_COUNT);
        REQUIRE(record->evidence[role] < COUNT(TCPSTATE_EVIDENCES));
    }
}

static void
check_event(const struct tcpstate_occurrence *event, uint32_t frame)
{
    char text[TEXT_MAX];

    REQUIRE(event->event < TCPSTATE_EVENT_COUNT);
    REQUIRE(event->role <= TCPSTATE_SELF);
    REQUIRE(event->severity <= TCPSTATE_SEVERITY_ERROR);
    REQUIRE(event->frame <= frame);
    REQUIRE(tcpstate_event_text(event, text, sizeof text) < sizeof text);
    REQUIRE(strlen(text) != 0);
}

/* Each transition starts where its endpoint was, goes along an edge of the diagram or is a named
 * revision, and the last one ends where its endpoint is. Fewer than the record can hold, so none is
 * missing. */
static void
check_transitions(const struct tcpstate_record *record, const struct shown *before, uint32_t frame)
{
    const bool self = tcpstate_connection_is_self(record->connection);
    int phase[2] = {-1, -1};

    REQUIRE(record->transition_count < TCPSTATE_MAX_TRANSITIONS);
    REQUIRE(record->event_count < TCPSTATE_MAX_EVENTS);
    for (int role = 0; role < 2 && !record->opened; role++)
        phase[role] = before->phase[role];
    for (int i = 0; i < record->transition_count; i++) {
        const struct tcpstate_transition *t = &record->transition[i];
        const int role = t->role == TCPSTATE_SELF ? 0 : t->role;

        REQUIRE((t->role == TCPSTATE_SELF) == self);
        REQUIRE(t->from != t->to);
        REQUIRE(phase[role] < 0 || phase[role] == t->from);
        REQUIRE(t->revision || is_edge(t->from, t->to));
        phase[role] = t->to;
        if (self)
            phase[1] = t->to;
    }
    REQUIRE(phase[0] < 0 || phase[0] == record->phase[0]);
    REQUIRE(phase[1] < 0 || phase[1] == record->phase[1]);
}

/* A record that claims to say nothing new says what the one before said. */
static void
check_unchanged(const struct tcpstate_record *record, const struct shown *before, uint32_t frame)
{
    if (record->changed)
        return;
    REQUIRE(!record->opened && !record->settled && !record->answers_frame);
    REQUIRE(!record->open_step && !record->close_step);
    REQUIRE(record->transition_count == 0 && record->event_count == 0);
    REQUIRE(memcmp(record->phase, before->phase, sizeof record->phase) == 0);
    REQUIRE(memcmp(record->evidence, before->evidence, sizeof record->evidence) == 0);
    REQUIRE(memcmp(record->since, before->since, sizeof record->since) == 0);
    REQUIRE(record->stage == before->stage);
    REQUIRE(tcpstate_connection_reset_frame(record->connection) == before->reset_frame);
}

static void
check_record(const struct tcpstate_record *record, uint32_t frame)
{
    struct shown *before = &shown[tcpstate_connection_index(record->connection)];

    check_ranges(record, frame);
    for (int i = 0; i < record->event_count; i++)
        check_event(&record->event[i], frame);
    check_transitions(record, before, frame);
    check_unchanged(record, before, frame);
    memcpy(before->phase, record->phase, sizeof before->phase);
    memcpy(before->evidence, record->evidence, sizeof before->evidence);
    memcpy(before->since, record->since, sizeof before->since);
    before->stage = record->stage;
    before->reset_frame = tcpstate_connection_reset_frame(record->connection);
}

static void
check_same_events(const struct tcpstate_record *a, const struct tcpstate_record *b, uint32_t frame)
{
    REQUIRE(a->event_count == b->event_count);
    for (int i = 0; i < a->event_count; i++) {
        REQUIRE(a->event[i].event == b->event[i].event && a->event[i].role == b->event[i].role);
        REQUIRE(a->event[i].severity == b->event[i].severity);
        REQUIRE(a->event[i].span == b->event[i].span && a->event[i].count == b->event[i].count);
        REQUIRE(a->event[i].frame == b->event[i].frame);
    }
}

/* What Zeek would log is the same whichever address comes first. (Zeek itself counts copies, and
 * has rules for the number 0.) */
static void
check_same_zeek(const struct tcpstate_record *a, const struct tcpstate_record *b, uint32_t frame)
{
    char text_a[TCPSTATE_ZEEK_TEXT], text_b[TCPSTATE_ZEEK_TEXT];

    REQUIRE(strcmp(tcpstate_zeek_state(a->connection), tcpstate_zeek_state(b->connection)) == 0);
    REQUIRE(tcpstate_zeek_history(a->connection, text_a, sizeof text_a) < sizeof text_a);
    REQUIRE(tcpstate_zeek_history(b->connection, text_b, sizeof text_b) < sizeof text_b);
    REQUIRE(strcmp(text_a, text_b) == 0);
}

static void
check_same(const struct tcpstate_record *a, const struct tcpstate_record *b, uint32_t frame)
{
    struct tcpstate_summary of_a, of_b;

    tcpstate_summarize(a->connection, &of_a);
    tcpstate_summarize(b->connection, &of_b);
    REQUIRE(tcpstate_connection_index(a->connection) == tcpstate_connection_index(b->connection));
    REQUIRE(of_a.open == of_b.open && of_a.close == of_b.close);
    REQUIRE(of_a.closer == of_b.closer && of_a.cause == of_b.cause);
    REQUIRE(a->sender == b->sender && a->stage == b->stage && a->settled == b->settled);
    REQUIRE(memcmp(a->phase, b->phase, sizeof a->phase) == 0);
    REQUIRE(memcmp(a->evidence, b->evidence, sizeof a->evidence) == 0);
    REQUIRE(memcmp(a->since, b->since, sizeof a->since) == 0);
    REQUIRE(a->open_step == b->open_step && a->close_step == b->close_step);
    REQUIRE(a->answers_frame == b->answers_frame && a->opened == b->opened);
    REQUIRE(a->transition_count == b->transition_count);
    for (int i = 0; i < a->transition_count; i++)
        REQUIRE(memcmp(&a->transition[i], &b->transition[i], sizeof a->transition[i]) == 0);
    check_same_events(a, b, frame);
}

/* The same packet in a world that is told another way. */
static void
check_retold(struct world *world, const char *how, const struct packet *packet,
             const struct tcpstate_record *expected)
{
    const uint32_t frame = packet->segment.frame;
    struct tcpstate_record record;

    telling = how;
    REQUIRE(world_observe(world, packet, &record) == (expected != NULL));
    if (expected)
        check_same(&record, expected, frame);
    if (expected && world == &mirrored)
        check_same_zeek(&record, expected, frame);
}

static struct packet
shift(const struct packet *packet)
{
    static const uint32_t constants[FUZZ_PAIRS][2] = {
        {0x7ffffff7, 0x12345678}, {1, 0xffffffff}, {0x80000000, 0}, {0x89abcdef, 0x89abcdef}};
    const uint32_t *constant = constants[packet->pair];
    struct packet other = *packet;

    other.segment.seq += constant[packet->segment.side];
    other.segment.ack += constant[packet->segment.side ^ 1];
    other.segment.sack_right += constant[packet->segment.side ^ 1];
    return other;
}

static struct packet
mirror(const struct packet *packet)
{
    struct packet other = *packet;

    if (!other.segment.self)
        other.segment.side ^= 1;
    return other;
}

/* A packet captured twice at one time is one segment, and the second says only that. */
static void
check_copy(struct world *world, const struct packet *packet, const struct tcpstate_record *original)
{
    const uint32_t frame = packet->segment.frame;
    struct tcpstate_record record;

    if (packet->quoted)
        return;
    REQUIRE(world_observe(world, packet, &record));
    REQUIRE(tcpstate_connection_index(record.connection) ==
            tcpstate_connection_index(original->connection));
    REQUIRE(memcmp(record.phase, original->phase, sizeof record.phase) == 0);
    REQUIRE(!record.opened && record.transition_count == 0 && record.settled == 0);
    REQUIRE(record.event_count == 1);
    REQUIRE(record.event[0].event == TCPSTATE_EVENT_duplicate_packet);
}

/* What is asked of a connection when the capture ends. */
static void
check_end(struct world *world, int64_t end)
{
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];
    uint32_t frame = 0;

    for (uint32_t i = 0; i < world->used; i++) {
        const struct tcpstate_connection *connection =
            tcpstate_connection_of(&world->connections[i]);
        size_t room = i % (TCPSTATE_MAX_EVENTS + 1);
        size_t count = tcpstate_finish(connection, &settings, end, events, room);

        frame = tcpstate_connection_last_frame(connection);
        REQUIRE(count <= room);
        for (size_t event = 0; event < count; event++)
            check_event(&events[event], frame);
        REQUIRE(tcpstate_final_open(connection) < COUNT(TCPSTATE_OPENS));
        for (int role = 0; role <= TCPSTATE_SELF; role++)
            REQUIRE(tcpstate_final_phase(connection, (enum tcpstate_role)role, &settings, end) <
                    TCPSTATE_PHASE_COUNT);
    }
}

/*
 * What to call before an invariant that is broken ends the program.
 */
void
fuzz_on_failure(void (*handler)(void))
{
    on_failure = handler;
}

/*
 * Has the core judge what the octets tell, four times over, and aborts if an invariant is broken.
 * Returns how many packets there were.
 */
size_t
fuzz_check(const uint8_t *data, size_t size)
{
    struct decoder decoder;
    struct packet packet;
    size_t packets = 0;

    world_begin(&plain);
    world_begin(&shifted);
    world_begin(&mirrored);
    world_begin(&doubled);
    decode_begin(&decoder, data, size);
    while (packets < WORLD_PACKETS && decode_next(&decoder, &packet)) {
        const struct packet other = shift(&packet), swapped = mirror(&packet);
        struct tcpstate_record record;
        const struct tcpstate_record *told = world_observe(&plain, &packet, &record) ? &record : 0;

        telling = "plain";
        if (told)
            check_record(told, packet.segment.frame);
        check_retold(&shifted, "numbers shifted", &other, told);
        check_retold(&mirrored, "sides mirrored", &swapped, told);
        check_retold(&doubled, "captured twice", &packet, told);
        check_copy(&doubled, &packet, told);
        packets++;
    }
    check_end(&plain, decoder.time);
    return packets;
}
