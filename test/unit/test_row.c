/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of conversations that are known by heart, and the tallies that they come from.
 */
#include "unit.h"

#include "../settings.h"
#include "row.h"

#define CONNECTIONS 4
#define CLIENT_ISS 0xffffffc0u /* the text passes the end of the sequence space */
#define SERVER_ISS 5000u

static struct tcpstate_pair_memory pair;
static struct tcpstate_connection_memory connections[CONNECTIONS];
static struct tcpstate_tally tallies[CONNECTIONS];
static uint32_t opened, frame;
static int64_t now;

static int
begin(void **state)
{
    (void)state;
    memset(&pair, 0, sizeof pair);
    memset(connections, 0, sizeof connections);
    memset(tallies, 0, sizeof tallies);
    opened = frame = 0;
    now = 0;
    return 0;
}

static struct tcpstate_segment
make(unsigned side, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    const uint32_t iss[2] = {CLIENT_ISS, SERVER_ISS};

    return (struct tcpstate_segment){
        .time = now,
        .frame = ++frame,
        .side = (uint8_t)side,
        .flags = flags,
        .seq = iss[side] + seq,
        .ack = flags & TCPSTATE_ACK ? iss[side ^ 1] + ack : 0,
        .len = len,
        .source_port = side ? 80 : 40000,
        .destination_port = side ? 40000 : 80,
        .window = 65535,
        .ip_id = (uint16_t)frame,
        .ttl = 64,
    };
}

/* A second passes, and a segment; its numbers count from those of the SYNs. */
static void
pass(unsigned side, uint8_t flags, uint32_t seq, uint32_t ack, uint32_t len)
{
    struct tcpstate_segment segment;
    struct tcpstate_record record;

    now += SETTINGS_SECOND;
    segment = make(side, flags, seq, ack, len);
    tcpstate_observe(tcpstate_pair_of(&pair), &segment, &settings,
                     tcpstate_connection_init(&connections[opened], opened), &record);
    opened += record.opened;
    tcpstate_tally_segment(&tallies[tcpstate_connection_index(record.connection)], &segment,
                           &record);
}

static struct tcpstate_row
row_of(uint32_t index)
{
    struct tcpstate_row row;

    tcpstate_row_make(tcpstate_connection_of(&connections[index]), &tallies[index], &settings, now,
                      &row);
    return row;
}

static void
assert_count(const struct tcpstate_row *row, enum tcpstate_column column, uint64_t wanted)
{
    assert_true(row->cell[column].known);
    assert_int_equal(row->cell[column].count, wanted);
}

static void
assert_seconds(const struct tcpstate_row *row, enum tcpstate_column column, int64_t wanted)
{
    assert_true(row->cell[column].known);
    assert_int_equal(row->cell[column].time, wanted * SETTINGS_SECOND);
}

static void
assert_text(const struct tcpstate_row *row, enum tcpstate_column column, const char *wanted)
{
    assert_true(row->cell[column].known);
    assert_string_equal(row->cell[column].text, wanted);
}

static void
shake_hands(void)
{
    pass(0, TCPSTATE_SYN, 0, 0, 0);
    pass(1, TCPSTATE_SYN | TCPSTATE_ACK, 0, 1, 0);
    pass(0, TCPSTATE_ACK, 1, 1, 0);
}

static void
test_four_way_close(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    pass(0, TCPSTATE_ACK, 1, 1, 100);
    pass(0, TCPSTATE_FIN | TCPSTATE_ACK, 101, 1, 0);
    pass(1, TCPSTATE_ACK, 1, 102, 0);
    pass(1, TCPSTATE_FIN | TCPSTATE_ACK, 1, 102, 0);
    pass(0, TCPSTATE_ACK, 102, 2, 0);
    now += 3 * SETTINGS_SECOND;
    row = row_of(0);
    assert_text(&row, TCPSTATE_COLUMN_close, "four-way");
    assert_text(&row, TCPSTATE_COLUMN_client_phase, "TIME_WAIT");
    assert_text(&row, TCPSTATE_COLUMN_client_evidence, "seen");
    assert_text(&row, TCPSTATE_COLUMN_originator, "client");
    assert_seconds(&row, TCPSTATE_COLUMN_time_in_client_phase, 3);
    assert_seconds(&row, TCPSTATE_COLUMN_handshake_time, 2);
    assert_seconds(&row, TCPSTATE_COLUMN_client_rtt, 1);
    assert_seconds(&row, TCPSTATE_COLUMN_server_rtt, 1);
    assert_seconds(&row, TCPSTATE_COLUMN_half_closed_time, 2);
    assert_seconds(&row, TCPSTATE_COLUMN_close_time, 3);
    assert_seconds(&row, TCPSTATE_COLUMN_duration, 7);
    assert_seconds(&row, TCPSTATE_COLUMN_idle_max, 1);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_octets, 100);
    assert_count(&row, TCPSTATE_COLUMN_server_sent_octets, 0);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_segments, 5);
    assert_count(&row, TCPSTATE_COLUMN_server_sent_segments, 3);
    assert_count(&row, TCPSTATE_COLUMN_client_fin_frame, 5);
    assert_false(row.cell[TCPSTATE_COLUMN_reset_frame].known);
    assert_false(row.cell[TCPSTATE_COLUMN_reset_cause].known);
    assert_int_equal(row.event_count, 0);
}

/* Then it is CLOSED, since the end of the 2 MSL. */
static void
test_time_wait_is_over(void **state)
{
    struct tcpstate_row row;

    test_four_way_close(state);
    now = 8 * SETTINGS_SECOND + 2 * settings.msl + 5 * SETTINGS_SECOND;
    row = row_of(0);
    assert_text(&row, TCPSTATE_COLUMN_client_phase, "CLOSED");
    assert_seconds(&row, TCPSTATE_COLUMN_time_in_client_phase, 5);
}

static void
test_repeated_text(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    pass(0, TCPSTATE_ACK, 1, 1, 100);
    pass(0, TCPSTATE_ACK, 1, 1, 100);
    pass(0, TCPSTATE_ACK, 51, 1, 100);
    row = row_of(0);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_octets, 150);
    assert_count(&row, TCPSTATE_COLUMN_client_retransmitted, 1);
}

/* Text that was passed over and comes later is no repetition; what lies outside the hole is. */
static void
test_hole(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    pass(0, TCPSTATE_ACK, 1, 1, 100);
    pass(0, TCPSTATE_ACK, 401, 1, 100);
    pass(0, TCPSTATE_ACK, 101, 1, 100);
    pass(0, TCPSTATE_ACK, 301, 1, 100);
    pass(0, TCPSTATE_ACK, 201, 1, 100);
    row = row_of(0);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_octets, 500);
    assert_count(&row, TCPSTATE_COLUMN_client_retransmitted, 0);
    pass(0, TCPSTATE_ACK, 301, 1, 100);
    pass(0, TCPSTATE_ACK, 51, 1, 100);
    row = row_of(0);
    assert_count(&row, TCPSTATE_COLUMN_client_retransmitted, 2);
}

/* A number that lies a gigabyte ahead is none of the connection. */
static void
test_number_out_of_range(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    pass(0, TCPSTATE_ACK, 1u << 30, 1, 100);
    row = row_of(0);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_octets, 0);
}

/* Which of two SYNs was answered is not known; the handshake took from the first. */
static void
test_repeated_syn_is_not_timed(void **state)
{
    struct tcpstate_row row;

    (void)state;
    pass(0, TCPSTATE_SYN, 0, 0, 0);
    shake_hands();
    row = row_of(0);
    assert_false(row.cell[TCPSTATE_COLUMN_server_rtt].known);
    assert_seconds(&row, TCPSTATE_COLUMN_client_rtt, 1);
    assert_seconds(&row, TCPSTATE_COLUMN_handshake_time, 3);
    assert_count(&row, TCPSTATE_COLUMN_client_retransmitted, 1);
}

static void
test_still_half_closed(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    pass(0, TCPSTATE_FIN | TCPSTATE_ACK, 1, 1, 0);
    pass(1, TCPSTATE_ACK, 1, 2, 0);
    now += 100 * SETTINGS_SECOND;
    row = row_of(0);
    assert_seconds(&row, TCPSTATE_COLUMN_half_closed_time, 101);
    assert_false(row.cell[TCPSTATE_COLUMN_close_time].known);
    assert_true(tcpstate_row_has(&row, TCPSTATE_EVENT_stuck_close_wait));
    assert_false(tcpstate_row_has(&row, TCPSTATE_EVENT_syn_unanswered));
    assert_count(&row, TCPSTATE_COLUMN_alerts, row.event_count);
    assert_int_equal(row.events[0].frame, 0);
}

/* An event stands once, with its first frame, its last and how often it happened, also where it is
 * told once; the count of alerts has those that are told. */
static void
test_events_stand_once(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    for (uint32_t i = 0; i < 3; i++)
        pass(1, TCPSTATE_RST, 2000000000u + i, 0, 0);
    row = row_of(0);
    assert_true(row.event_count >= 1);
    assert_int_equal(row.events[0].event, TCPSTATE_EVENT_reset_ignored);
    assert_int_equal(row.events[0].frame, 4);
    assert_int_equal(row.events[0].count, 3);
    assert_int_equal(row.events[0].last_frame, 6);
    assert_true(row.cell[TCPSTATE_COLUMN_alerts].count >= row.event_count);
    for (size_t i = 1; i < row.event_count; i++)
        assert_int_not_equal(row.events[i].event, row.events[0].event);
}

/* A copy is no segment. */
static void
test_copies_do_not_count(void **state)
{
    struct tcpstate_segment segment;
    struct tcpstate_record record;
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    segment = make(0, TCPSTATE_ACK, 1, 1, 100);
    for (int i = 0; i < 2; i++) {
        tcpstate_observe(tcpstate_pair_of(&pair), &segment, &settings,
                         tcpstate_connection_init(&connections[opened], opened), &record);
        tcpstate_tally_segment(&tallies[0], &segment, &record);
    }
    row = row_of(0);
    assert_count(&row, TCPSTATE_COLUMN_client_sent_segments, 3);
    assert_count(&row, TCPSTATE_COLUMN_client_retransmitted, 0);
}

static void
test_refusal_by_icmp(void **state)
{
    struct tcpstate_segment quoted;
    struct tcpstate_record record;
    struct tcpstate_row row;

    (void)state;
    pass(0, TCPSTATE_SYN, 0, 0, 0);
    now += SETTINGS_SECOND;
    quoted = make(0, TCPSTATE_SYN, 0, 0, 0);
    assert_true(tcpstate_observe_unreachable(tcpstate_pair_of(&pair), &quoted, &record));
    tcpstate_tally_refusal(&tallies[0], &quoted, &record);
    row = row_of(0);
    assert_text(&row, TCPSTATE_COLUMN_open, "refused");
    assert_true(tcpstate_row_has(&row, TCPSTATE_EVENT_refused_by_icmp));
    assert_count(&row, TCPSTATE_COLUMN_segments, 1);
}

static void
test_without_a_tally(void **state)
{
    struct tcpstate_row row;

    (void)state;
    shake_hands();
    tcpstate_row_make(tcpstate_connection_of(&connections[0]), NULL, &settings, now, &row);
    assert_text(&row, TCPSTATE_COLUMN_open, "three-way");
    assert_false(row.cell[TCPSTATE_COLUMN_client_sent_octets].known);
    assert_false(row.cell[TCPSTATE_COLUMN_idle_max].known);
}

static void
test_columns(void **state)
{
    (void)state;
    assert_string_equal(tcpstate_column_name(TCPSTATE_COLUMN_connection), "connection");
    assert_int_equal(tcpstate_column_kind(TCPSTATE_COLUMN_ts), TCPSTATE_KIND_TIME);
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++)
        assert_true(tcpstate_column_description((enum tcpstate_column)column)[0] != '\0');
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_four_way_close, begin),
        cmocka_unit_test_setup(test_time_wait_is_over, begin),
        cmocka_unit_test_setup(test_repeated_text, begin),
        cmocka_unit_test_setup(test_hole, begin),
        cmocka_unit_test_setup(test_number_out_of_range, begin),
        cmocka_unit_test_setup(test_repeated_syn_is_not_timed, begin),
        cmocka_unit_test_setup(test_still_half_closed, begin),
        cmocka_unit_test_setup(test_events_stand_once, begin),
        cmocka_unit_test_setup(test_copies_do_not_count, begin),
        cmocka_unit_test_setup(test_refusal_by_icmp, begin),
        cmocka_unit_test_setup(test_without_a_tally, begin),
        cmocka_unit_test(test_columns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
