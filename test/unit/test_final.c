/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the end of the capture tells: final states, how it was opened, and the events that nothing
 * but the end can settle. Each state's connection is made from one literal.
 */
#include "unit.h"

#include "connection.h"

#define SECOND INT64_C(1000000000)
#define MSL (30 * SECOND)

static const struct tcpstate_settings settings = {
    .msl = MSL, .stuck = 60 * SECOND, .slow = 3 * SECOND};

/* A captured connection whose endpoints are in these states since time 0. */
static struct tcpstate_connection
make_connection(enum tcpstate_phase client, enum tcpstate_phase server)
{
    struct tcpstate_connection connection = {0};

    connection.handshake_complete = true;
    connection.open = TCPSTATE_OPEN_THREE_WAY;
    for (int role = 0; role < 2; role++) {
        struct tcpstate_endpoint *endpoint = &connection.end[role];

        endpoint->phase = (role == TCPSTATE_CLIENT ? client : server) & 15u;
        endpoint->evidence = TCPSTATE_EVIDENCE_SEEN;
        endpoint->seen = endpoint->numbers_known = true;
        endpoint->syn_sent = true;
        endpoint->snd_una = endpoint->iss + 1;
        endpoint->syn_told = true;
        endpoint->syn_count = 1;
    }
    return connection;
}

/* The endpoint's FIN, behind its SYN, is acknowledged, and it knows. */
static void
acknowledge_fin(struct tcpstate_endpoint *endpoint)
{
    endpoint->fin_sent = true;
    endpoint->fin = endpoint->snd_una = endpoint->iss + 2;
    endpoint->fin_told = true;
}

/* Whether the end of the capture, at that time, raises the event. */
static bool
ends_with(const struct tcpstate_connection *connection, int64_t end, enum tcpstate_event event)
{
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];
    size_t count = tcpstate_finish(connection, &settings, end, events, TCPSTATE_MAX_EVENTS);

    for (size_t i = 0; i < count; i++)
        if (events[i].event == event)
            return true;
    return false;
}

static void
test_time_wait_expires(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_TIME_WAIT, TCPSTATE_PHASE_CLOSED);

    (void)state;
    connection.wait_time = 5 * SECOND;
    assert_int_equal(
        tcpstate_final_phase(&connection, TCPSTATE_CLIENT, &settings, 5 * SECOND + 2 * MSL - 1),
        TCPSTATE_PHASE_TIME_WAIT);
    assert_int_equal(
        tcpstate_final_phase(&connection, TCPSTATE_CLIENT, &settings, 5 * SECOND + 2 * MSL),
        TCPSTATE_PHASE_CLOSED);
    assert_int_equal(tcpstate_final_phase(&connection, TCPSTATE_SERVER, &settings, 0),
                     TCPSTATE_PHASE_CLOSED);
}

/* The capture's last packet may have an earlier time than the connection's. */
static void
test_time_wait_ends_before_it_began(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_TIME_WAIT, TCPSTATE_PHASE_CLOSED);

    (void)state;
    connection.wait_time = 5 * SECOND;
    assert_int_equal(tcpstate_final_phase(&connection, TCPSTATE_CLIENT, &settings, 0),
                     TCPSTATE_PHASE_TIME_WAIT);
}

static void
test_any_state_but_time_wait_stays(void **state)
{
    (void)state;
    for (unsigned phase = 0; phase < TCPSTATE_PHASE_COUNT; phase++) {
        struct tcpstate_connection connection =
            make_connection((enum tcpstate_phase)phase, (enum tcpstate_phase)phase);

        if (phase == TCPSTATE_PHASE_TIME_WAIT)
            continue;
        assert_int_equal(
            tcpstate_final_phase(&connection, TCPSTATE_CLIENT, &settings, 1000 * SECOND), phase);
        assert_int_equal(
            tcpstate_final_phase(&connection, TCPSTATE_SERVER, &settings, 1000 * SECOND), phase);
    }
}

static void
test_self_connection_has_one_final_phase(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_TIME_WAIT, TCPSTATE_PHASE_UNKNOWN);

    (void)state;
    connection.self = true;
    assert_int_equal(tcpstate_final_phase(&connection, TCPSTATE_SERVER, &settings, 1),
                     TCPSTATE_PHASE_TIME_WAIT);
    assert_int_equal(tcpstate_final_phase(&connection, TCPSTATE_SELF, &settings, 1),
                     TCPSTATE_PHASE_TIME_WAIT);
}

static void
test_established_never_closed(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_ESTABLISHED, TCPSTATE_PHASE_ESTABLISHED);

    (void)state;
    assert_true(ends_with(&connection, SECOND, TCPSTATE_EVENT_never_closed));
}

static void
test_closed_raises_nothing(void **state)
{
    static const enum tcpstate_phase pairs[][2] = {
        {TCPSTATE_PHASE_TIME_WAIT, TCPSTATE_PHASE_CLOSED},
        {TCPSTATE_PHASE_TIME_WAIT, TCPSTATE_PHASE_TIME_WAIT},
        {TCPSTATE_PHASE_CLOSED, TCPSTATE_PHASE_CLOSED},
        {TCPSTATE_PHASE_CLOSED, TCPSTATE_PHASE_LISTEN},
    };
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];

    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct tcpstate_connection connection = make_connection(pairs[i][0], pairs[i][1]);

        connection.close_complete = true;
        connection.reset = pairs[i][1] == TCPSTATE_PHASE_LISTEN;
        acknowledge_fin(&connection.end[0]);
        acknowledge_fin(&connection.end[1]);
        assert_int_equal(
            tcpstate_finish(&connection, &settings, 1000 * SECOND, events, TCPSTATE_MAX_EVENTS), 0);
    }
}

static void
test_close_wait_is_stuck(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_FIN_WAIT_2, TCPSTATE_PHASE_CLOSE_WAIT);

    (void)state;
    acknowledge_fin(&connection.end[TCPSTATE_CLIENT]);
    assert_false(ends_with(&connection, 59 * SECOND, TCPSTATE_EVENT_stuck_close_wait));
    assert_false(ends_with(&connection, 59 * SECOND, TCPSTATE_EVENT_stuck_fin_wait_2));
    assert_true(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_stuck_close_wait));
    assert_true(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_stuck_fin_wait_2));
    connection.end[0].stuck_told = connection.end[1].stuck_told = true;
    assert_false(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_stuck_close_wait));
    assert_false(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_stuck_fin_wait_2));
}

static void
test_last_ack_is_unacknowledged(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_FIN_WAIT_2, TCPSTATE_PHASE_LAST_ACK);
    struct tcpstate_endpoint *server = &connection.end[TCPSTATE_SERVER];

    (void)state;
    server->fin_sent = true;
    server->fin_count = 1;
    server->fin = 100;
    server->snd_una = 99;
    assert_false(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_stuck_fin_unacked));
    server->fin_count = 2;
    assert_false(ends_with(&connection, 3 * SECOND - 1, TCPSTATE_EVENT_stuck_fin_unacked));
    assert_true(ends_with(&connection, 3 * SECOND, TCPSTATE_EVENT_stuck_fin_unacked));
    connection.end[TCPSTATE_CLIENT].timed = true;
    connection.end[TCPSTATE_CLIENT].round_trip = UINT16_MAX;
    assert_false(ends_with(&connection, 3 * SECOND, TCPSTATE_EVENT_stuck_fin_unacked));
}

static void
test_syn_sent_is_unanswered(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_SYN_SENT, TCPSTATE_PHASE_LISTEN);

    (void)state;
    connection.open = TCPSTATE_OPEN_NONE;
    connection.handshake_complete = false;
    connection.end[TCPSTATE_SERVER].seen = connection.end[TCPSTATE_SERVER].syn_sent = false;
    assert_false(ends_with(&connection, 61 * SECOND, TCPSTATE_EVENT_syn_unanswered));
    connection.end[TCPSTATE_CLIENT].syn_count = 2;
    assert_false(ends_with(&connection, 3 * SECOND - 1, TCPSTATE_EVENT_syn_unanswered));
    assert_true(ends_with(&connection, 3 * SECOND, TCPSTATE_EVENT_syn_unanswered));
    assert_int_equal(tcpstate_final_open(&connection), TCPSTATE_OPEN_UNANSWERED);
}

static void
test_syn_received_is_half_open(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_SYN_SENT, TCPSTATE_PHASE_SYN_RECEIVED);

    (void)state;
    connection.open = TCPSTATE_OPEN_NONE;
    connection.handshake_complete = false;
    connection.end[TCPSTATE_SERVER].syn_count = 2;
    assert_false(ends_with(&connection, 3 * SECOND - 1, TCPSTATE_EVENT_half_open));
    assert_true(ends_with(&connection, 3 * SECOND, TCPSTATE_EVENT_half_open));
    assert_int_equal(tcpstate_final_open(&connection), TCPSTATE_OPEN_HALF_OPEN);
}

static void
test_settled_open_is_final(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_ESTABLISHED, TCPSTATE_PHASE_ESTABLISHED);

    (void)state;
    connection.open = TCPSTATE_OPEN_FAST_OPEN;
    assert_int_equal(tcpstate_final_open(&connection), TCPSTATE_OPEN_FAST_OPEN);
}

/* With one direction only, silence of the other proves nothing. */
static void
test_one_direction_raises_nothing(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_FIN_WAIT_2, TCPSTATE_PHASE_CLOSE_WAIT);
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];

    (void)state;
    connection.end[TCPSTATE_SERVER].seen = false;
    assert_int_equal(
        tcpstate_finish(&connection, &settings, 99 * SECOND, events, TCPSTATE_MAX_EVENTS), 0);
}

static void
test_finish_keeps_to_the_room(void **state)
{
    struct tcpstate_connection connection =
        make_connection(TCPSTATE_PHASE_FIN_WAIT_2, TCPSTATE_PHASE_CLOSE_WAIT);
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS] = {{.event = 0xee}, {.event = 0xee}};
    size_t all = tcpstate_finish(&connection, &settings, 99 * SECOND, events, TCPSTATE_MAX_EVENTS);

    (void)state;
    assert_true(all >= 2 && all <= TCPSTATE_MAX_EVENTS);
    memset(events, 0xee, sizeof events);
    assert_int_equal(tcpstate_finish(&connection, &settings, 99 * SECOND, events, 0), 0);
    assert_int_equal(events[0].event, 0xee);
    assert_int_equal(tcpstate_finish(&connection, &settings, 99 * SECOND, events, 1), 1);
    assert_int_equal(events[1].event, 0xee);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_wait_expires),
        cmocka_unit_test(test_time_wait_ends_before_it_began),
        cmocka_unit_test(test_any_state_but_time_wait_stays),
        cmocka_unit_test(test_self_connection_has_one_final_phase),
        cmocka_unit_test(test_established_never_closed),
        cmocka_unit_test(test_closed_raises_nothing),
        cmocka_unit_test(test_close_wait_is_stuck),
        cmocka_unit_test(test_last_ack_is_unacknowledged),
        cmocka_unit_test(test_syn_sent_is_unanswered),
        cmocka_unit_test(test_syn_received_is_half_open),
        cmocka_unit_test(test_settled_open_is_final),
        cmocka_unit_test(test_one_direction_raises_nothing),
        cmocka_unit_test(test_finish_keeps_to_the_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
