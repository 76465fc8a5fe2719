/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The tables of fixed size: what happens when they are full, and that nothing grows with numbers
 * that somebody else chooses.
 */
#include "unit.h"
#include "../settings.h"
#include "observation.h"

#define MICROSECOND INT64_C(1000)
#define ATTEMPTS 1000000

/* One pair and more connections than it should need. */
static struct tcpstate_pair pair;
static struct tcpstate_connection connections[8];
static uint32_t used;

static void
begin(void)
{
    memset(&pair, 0, sizeof pair);
    memset(connections, 0, sizeof connections);
    used = 0;
}

static struct tcpstate_record
observe(uint8_t side, uint8_t flags, uint32_t seq, uint32_t ack, int64_t time)
{
    const struct tcpstate_segment segment = {
        .time = time,
        .frame = 1,
        .seq = seq,
        .ack = ack,
        .window = 65535,
        .flags = flags,
        .side = side,
        .source_port = side ? 80 : 40000,
        .destination_port = side ? 40000 : 80,
    };
    struct tcpstate_record record;

    assert_true(used < sizeof connections / sizeof connections[0]);
    connections[used].index = used;
    tcpstate_observe(&pair, &segment, &settings, &connections[used], &record);
    used += record.opened;
    return record;
}

static bool
is_copy(const struct tcpstate_record *record)
{
    return record->event_count == 1 && record->event[0].event == TCPSTATE_EVENT_duplicate_packet;
}

/* So many different packets after the first, and then the first again, all within the time of a
 * copy. */
static struct tcpstate_record
observe_again_after(uint32_t others)
{
    begin();
    observe(0, TCPSTATE_ACK, 1000, 2000, 0);
    for (uint32_t i = 1; i <= others; i++)
        observe(0, TCPSTATE_ACK, 1000, 2000 + i, i * MICROSECOND);
    return observe(0, TCPSTATE_ACK, 1000, 2000, 20 * MICROSECOND);
}

static void
test_copies_full(void **state)
{
    struct tcpstate_record last = observe_again_after(TCPSTATE_COPIES - 1);
    struct tcpstate_record forgotten = observe_again_after(TCPSTATE_COPIES);

    (void)state;
    assert_true(is_copy(&last));
    assert_false(is_copy(&forgotten));
}

/* A connection that is open, and two SYNs on it: the second is the one whose answer counts. */
static void
open_and_ask_twice(void)
{
    begin();
    observe(0, TCPSTATE_SYN, 1000, 0, 0);
    observe(1, TCPSTATE_SYN | TCPSTATE_ACK, 5000, 1001, MICROSECOND);
    observe(0, TCPSTATE_ACK, 1001, 5001, 2 * MICROSECOND);
    observe(0, TCPSTATE_SYN, 70000, 0, 3 * MICROSECOND);
    observe(0, TCPSTATE_SYN, 90000, 0, 4 * MICROSECOND);
    assert_int_equal(used, 1);
}

static void
test_pending_syn_replaced(void **state)
{
    (void)state;
    open_and_ask_twice();
    observe(1, TCPSTATE_SYN | TCPSTATE_ACK, 300000, 70001, 5 * MICROSECOND);
    assert_int_equal(used, 1);
    open_and_ask_twice();
    observe(1, TCPSTATE_SYN | TCPSTATE_ACK, 300000, 90001, 5 * MICROSECOND);
    assert_int_equal(used, 2);
}

/* An attempt with a new number each time, answered by nobody: one connection. */
static void
test_syns_without_end(void **state)
{
    (void)state;
    begin();
    for (uint32_t i = 0; i < ATTEMPTS; i++)
        observe(0, TCPSTATE_SYN, i * 2654435761u, 0, i * 1000 * MICROSECOND);
    assert_int_equal(used, 1);
    assert_int_equal(connections[0].index, 0);
}

/* Also on a connection that is open. */
static void
test_syns_without_end_on_live_connection(void **state)
{
    (void)state;
    open_and_ask_twice();
    for (uint32_t i = 0; i < ATTEMPTS; i++)
        observe(0, TCPSTATE_SYN, i * 2654435761u, 0, i * MICROSECOND);
    assert_int_equal(used, 1);
}

static struct observation
make_observation(struct tcpstate_connection *connection, struct tcpstate_record *record,
                 const struct tcpstate_segment *segment)
{
    return (struct observation){
        .pair = &pair,
        .segment = segment,
        .settings = &settings,
        .connection = connection,
        .record = record,
        .snd = &connection->end[0],
        .rcv = &connection->end[1],
        .rcv_role = TCPSTATE_SERVER,
    };
}

static void
test_events_full(void **state)
{
    struct tcpstate_connection connection = {0};
    struct tcpstate_segment segment = {0};
    struct tcpstate_record record = {0};
    struct observation o = make_observation(&connection, &record, &segment);

    (void)state;
    tcpstate_raise(&o, TCPSTATE_EVENT_handshake_complete, TCPSTATE_CLIENT);
    for (int i = 0; i < 3 * TCPSTATE_MAX_EVENTS; i++)
        assert_non_null(tcpstate_raise(&o, TCPSTATE_EVENT_idle_gap, TCPSTATE_CLIENT));
    assert_int_equal(record.event_count, TCPSTATE_MAX_EVENTS);
    assert_int_equal(record.event[0].event, TCPSTATE_EVENT_handshake_complete);
}

static void
test_transitions_full(void **state)
{
    struct tcpstate_connection connection = {0};
    struct tcpstate_segment segment = {0};
    struct tcpstate_record record = {.transition_count = TCPSTATE_MAX_TRANSITIONS};
    struct observation o = make_observation(&connection, &record, &segment);

    (void)state;
    connection.end[TCPSTATE_CLIENT].syn_sent = true;
    for (int i = 0; i < TCPSTATE_MAX_TRANSITIONS; i++)
        record.transition[i].role = TCPSTATE_SERVER;
    tcpstate_settle_states(&o);
    assert_int_equal(record.transition_count, TCPSTATE_MAX_TRANSITIONS);
    assert_int_equal(record.transition[0].role, TCPSTATE_SERVER);
    assert_int_equal(connection.end[TCPSTATE_CLIENT].phase, TCPSTATE_PHASE_SYN_SENT);
}

/* A state that is left and entered again within a segment was not left. */
static void
test_transitions_loop(void **state)
{
    struct tcpstate_connection connection = {0};
    struct tcpstate_segment segment = {0};
    struct tcpstate_record record = {0};
    struct observation o = make_observation(&connection, &record, &segment);

    (void)state;
    for (int i = 0; i < 2 * TCPSTATE_MAX_TRANSITIONS + 1; i++) {
        connection.end[TCPSTATE_CLIENT].syn_sent = i % 2 == 0;
        tcpstate_settle_states(&o);
        assert_int_equal(record.transition_count, i % 2 == 0);
    }
    assert_int_equal(record.transition[0].from, TCPSTATE_PHASE_UNKNOWN);
    assert_int_equal(record.transition[0].to, TCPSTATE_PHASE_SYN_SENT);
}

/* Times as far apart as they may be: the sanitized build sees that no difference overflows. */
static void
test_echo_at_the_edges_of_time(void **state)
{
    const int64_t edge = (INT64_C(1) << 62) - 1;
    struct tcpstate_connection connection = {0};
    struct tcpstate_segment segment = {.time = edge, .timestamps_seen = true, .tsecr = 100};
    struct tcpstate_record record = {0};
    struct observation o = make_observation(&connection, &record, &segment);

    (void)state;
    o.rcv->phase = TCPSTATE_PHASE_SYN_SENT;
    o.rcv->syn_frame = 1;
    o.rcv->sent_tsval = 1;
    o.rcv->sent_time = -edge;
    assert_false(tcpstate_is_echo_wrong(&o));
    o.rcv->sent_time = edge;
    segment.time = -edge;
    assert_true(tcpstate_is_echo_wrong(&o));
}

/* What a connection on a pair of its own costs the caller. */
static void
test_memory_of_a_connection(void **state)
{
    (void)state;
    assert_true(sizeof(struct tcpstate_pair_memory) + sizeof(struct tcpstate_connection_memory) <=
                400);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_of_a_connection),
        cmocka_unit_test(test_copies_full),
        cmocka_unit_test(test_pending_syn_replaced),
        cmocka_unit_test(test_syns_without_end),
        cmocka_unit_test(test_syns_without_end_on_live_connection),
        cmocka_unit_test(test_events_full),
        cmocka_unit_test(test_transitions_full),
        cmocka_unit_test(test_transitions_loop),
        cmocka_unit_test(test_echo_at_the_edges_of_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
