/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Three things that change nothing, tried on random segments: a constant added to all sequence
 * numbers, the other order of the two addresses, and packets captured twice.
 *
 * The segments are half a conversation that makes sense and half garbage, from a fixed seed.
 */
#include <stdio.h>

#include "unit.h"

#include "../settings.h"
#include "connection.h"

#define STORIES 400
#define SEGMENTS 60
#define CONNECTIONS (SEGMENTS + 1)

/* One pair and the connections it may need. */
struct capture {
    struct tcpstate_pair pair;
    struct tcpstate_connection connections[CONNECTIONS];
    uint32_t used;
};

static uint64_t seed;

/* A pseudo-random number below limit (xorshift; the same on every machine). */
static uint32_t
below(uint32_t limit)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32) % limit;
}

static uint32_t
one_of(const uint32_t *choices, uint32_t count)
{
    return choices[below(count)];
}

/* The next segment of a story; nxt holds what each side would send next. */
static struct tcpstate_segment
next_segment(uint32_t nxt[2], int64_t *time, uint16_t ip_id)
{
    static const uint32_t flags[] = {
        TCPSTATE_SYN,
        TCPSTATE_SYN | TCPSTATE_ACK,
        TCPSTATE_ACK,
        TCPSTATE_ACK,
        TCPSTATE_ACK,
        TCPSTATE_ACK | TCPSTATE_PSH,
        TCPSTATE_FIN | TCPSTATE_ACK,
        TCPSTATE_FIN | TCPSTATE_ACK,
        TCPSTATE_RST,
        TCPSTATE_RST | TCPSTATE_ACK,
        TCPSTATE_SYN | TCPSTATE_FIN,
        0,
    };
    static const uint32_t steps[] = {0, 0, 0,          0,   0,        0,       0,
                                     0, 1, UINT32_MAX, 100, 1u << 20, 1u << 30};
    static const uint32_t lengths[] = {0, 0, 0, 0, 1, 100, 1460};
    static const uint32_t waits[] = {2, 2, 2, 2, 50, 1000, 61000, 130000};
    struct tcpstate_segment segment = {.ttl = 64, .window = 65535, .ip_id = ip_id};

    *time += INT64_C(1000000) * one_of(waits, sizeof waits / sizeof waits[0]);
    segment.time = *time;
    segment.frame = ip_id;
    segment.side = (uint8_t)below(2);
    segment.source_port = segment.side ? 80 : 40000;
    segment.destination_port = segment.side ? 40000 : 80;
    segment.flags = (uint8_t)one_of(flags, sizeof flags / sizeof flags[0]);
    if (!(segment.flags & TCPSTATE_SYN))
        segment.len = one_of(lengths, sizeof lengths / sizeof lengths[0]);
    segment.seq = nxt[segment.side] + one_of(steps, sizeof steps / sizeof steps[0]);
    if (segment.flags & TCPSTATE_ACK)
        segment.ack = nxt[segment.side ^ 1] + one_of(steps, sizeof steps / sizeof steps[0]);
    if (segment.seq == nxt[segment.side])
        nxt[segment.side] += segment.len + !!(segment.flags & (TCPSTATE_SYN | TCPSTATE_FIN));
    return segment;
}

static struct tcpstate_record
observe(struct capture *capture, const struct tcpstate_segment *segment)
{
    struct tcpstate_record record = {0};

    capture->connections[capture->used].index = capture->used;
    tcpstate_observe(&capture->pair, segment, &settings, &capture->connections[capture->used],
                     &record);
    if (record.opened)
        capture->used++;
    assert_true(capture->used < CONNECTIONS);
    return record;
}

static void
assert_same_record(const struct tcpstate_record *a, const struct tcpstate_record *b)
{
    assert_int_equal(a->connection->index, b->connection->index);
    assert_int_equal(a->sender, b->sender);
    assert_memory_equal(a->phase, b->phase, sizeof a->phase);
    assert_memory_equal(a->evidence, b->evidence, sizeof a->evidence);
    assert_int_equal(a->stage, b->stage);
    assert_int_equal(a->open_step, b->open_step);
    assert_int_equal(a->close_step, b->close_step);
    assert_int_equal(a->settled, b->settled);
    assert_int_equal(a->answers_frame, b->answers_frame);
    assert_int_equal(a->connection->open, b->connection->open);
    assert_int_equal(a->connection->close, b->connection->close);
    assert_int_equal(a->connection->closer, b->connection->closer);
    assert_int_equal(a->transition_count, b->transition_count);
    for (int i = 0; i < a->transition_count; i++) {
        assert_int_equal(a->transition[i].role, b->transition[i].role);
        assert_int_equal(a->transition[i].from, b->transition[i].from);
        assert_int_equal(a->transition[i].to, b->transition[i].to);
    }
    assert_int_equal(a->event_count, b->event_count);
    for (int i = 0; i < a->event_count; i++)
        assert_int_equal(a->event[i].event, b->event[i].event);
}

/* What holds of every record, whatever the segments: a transition starts where the endpoint was,
 * the last one ends where it is, and events are declared ones. */
static void
assert_sound(const struct tcpstate_record *record)
{
    int last[2] = {-1, -1};

    for (int i = 0; i < record->transition_count; i++) {
        const struct tcpstate_transition *t = &record->transition[i];

        assert_true(t->role < 2 && t->from != t->to);
        if (last[t->role] >= 0)
            assert_int_equal(last[t->role], t->from);
        last[t->role] = t->to;
    }
    for (int role = 0; role < 2; role++)
        if (last[role] >= 0 && record->transition_count < TCPSTATE_MAX_TRANSITIONS)
            assert_int_equal(last[role], record->phase[role]);
    for (int i = 0; i < record->event_count; i++)
        assert_true(record->event[i].event < TCPSTATE_EVENT_COUNT);
}

/* How a story is told another way. */
typedef void (*retelling)(struct tcpstate_segment *segment, struct capture *capture);

static void
assert_retelling_changes_nothing(retelling retell)
{
    static struct capture plain, other;

    seed = 0x9e3779b97f4a7c15u;
    for (int story = 0; story < STORIES; story++) {
        uint32_t nxt[2] = {below(UINT32_MAX), 0xfffffff0};
        int64_t time = 0;

        memset(&plain, 0, sizeof plain);
        memset(&other, 0, sizeof other);
        for (uint16_t i = 1; i <= SEGMENTS; i++) {
            struct tcpstate_segment segment = next_segment(nxt, &time, i);
            struct tcpstate_record expected = observe(&plain, &segment);
            struct tcpstate_record record;

            assert_sound(&expected);
            retell(&segment, &other);
            record = observe(&other, &segment);
            assert_same_record(&record, &expected);
        }
    }
}

static void
shift(struct tcpstate_segment *segment, struct capture *capture)
{
    static const uint32_t constant[2] = {0x7ffffff7, 0x12345678};

    (void)capture;
    segment->seq += constant[segment->side];
    if (segment->flags & TCPSTATE_ACK)
        segment->ack += constant[segment->side ^ 1];
}

static void
mirror(struct tcpstate_segment *segment, struct capture *capture)
{
    (void)capture;
    segment->side ^= 1;
}

static void
test_any_state_numbers_shifted(void **state)
{
    (void)state;
    assert_retelling_changes_nothing(shift);
}

static void
test_any_state_sides_mirrored(void **state)
{
    (void)state;
    assert_retelling_changes_nothing(mirror);
}

/* Each packet once more, a microsecond later: the copy repeats the states and says nothing else. */
static void
test_any_state_captured_twice(void **state)
{
    static struct capture plain, twice;

    (void)state;
    seed = 0x9e3779b97f4a7c15u;
    for (int story = 0; story < STORIES; story++) {
        uint32_t nxt[2] = {below(UINT32_MAX), 0xfffffff0};
        int64_t time = 0;

        memset(&plain, 0, sizeof plain);
        memset(&twice, 0, sizeof twice);
        for (uint16_t i = 1; i <= SEGMENTS; i++) {
            struct tcpstate_segment segment = next_segment(nxt, &time, i);
            struct tcpstate_record expected = observe(&plain, &segment);
            struct tcpstate_record record = observe(&twice, &segment);
            struct tcpstate_record copy;

            assert_same_record(&record, &expected);
            segment.time += 1000;
            copy = observe(&twice, &segment);
            assert_ptr_equal(copy.connection, record.connection);
            assert_memory_equal(copy.phase, record.phase, sizeof copy.phase);
            assert_int_equal(copy.transition_count, 0);
            assert_int_equal(copy.settled, 0);
            assert_int_equal(copy.event_count, 1);
            assert_int_equal(copy.event[0].event, TCPSTATE_EVENT_duplicate_packet);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_state_numbers_shifted),
        cmocka_unit_test(test_any_state_sides_mirrored),
        cmocka_unit_test(test_any_state_captured_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
