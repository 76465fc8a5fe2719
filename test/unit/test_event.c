/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Names and sentences: every value has a name, every event a slug, a severity and a sentence with
 * all its figures filled in, cut cleanly when there is no room.
 */
#include "unit.h"

#define SECOND INT64_C(1000000000)

static struct tcpstate_occurrence
make_occurrence(enum tcpstate_event event)
{
    return (struct tcpstate_occurrence){.event = (uint8_t)event,
                                        .role = TCPSTATE_SERVER,
                                        .span = 12 * SECOND + SECOND / 4,
                                        .count = 3,
                                        .frame = 17};
}

static void
test_every_event_has_a_sentence(void **state)
{
    char text[512];

    (void)state;
    for (unsigned event = 0; event < TCPSTATE_EVENT_COUNT; event++) {
        struct tcpstate_occurrence occurrence = make_occurrence((enum tcpstate_event)event);
        size_t length = tcpstate_event_text(&occurrence, text, sizeof text);

        assert_true(length >= 20 && length < sizeof text);
        assert_int_equal(length, strlen(text));
        assert_null(strpbrk(text, "{}[]|\n"));
    }
}

static void
test_every_event_has_a_slug(void **state)
{
    (void)state;
    for (unsigned event = 0; event < TCPSTATE_EVENT_COUNT; event++) {
        const char *slug = tcpstate_event_slug((enum tcpstate_event)event);

        assert_true(slug[0] >= 'a' && slug[0] <= 'z');
        assert_int_equal(strspn(slug, "abcdefghijklmnopqrstuvwxyz_0123456789"), strlen(slug));
        assert_true(tcpstate_event_severity((enum tcpstate_event)event) <= TCPSTATE_SEVERITY_ERROR);
        assert_true(tcpstate_event_group((enum tcpstate_event)event) <= TCPSTATE_GROUP_ASSUMPTION);
    }
    assert_string_equal(tcpstate_event_slug(TCPSTATE_EVENT_port_reused), "port_reused");
}

static void
test_sentence_names_both_ends(void **state)
{
    struct tcpstate_occurrence occurrence = make_occurrence(TCPSTATE_EVENT_stuck_fin_unacked);
    char text[512];

    (void)state;
    tcpstate_event_text(&occurrence, text, sizeof text);
    assert_non_null(
        strstr(text, "The FIN of the server, sent 3 times, has not been acknowledged for 12.2 s"));
    occurrence.role = TCPSTATE_CLIENT;
    tcpstate_event_text(&occurrence, text, sizeof text);
    assert_non_null(strstr(text, "The FIN of the client"));
}

/* What an event says of every connection: without the figures, which are of one. */
static void
test_every_event_has_a_message(void **state)
{
    char text[512];

    (void)state;
    for (unsigned event = 0; event < TCPSTATE_EVENT_COUNT; event++) {
        for (int role = TCPSTATE_CLIENT; role <= TCPSTATE_SELF + 1; role++) {
            size_t length = tcpstate_event_message((enum tcpstate_event)event,
                                                   (enum tcpstate_role)role, text, sizeof text);

            assert_true(length >= 20 && length < sizeof text);
            assert_null(strpbrk(text, "{}[]|\n"));
            assert_null(strstr(text, "0.001 ms"));
            assert_null(strstr(text, "never,"));
        }
    }
    assert_int_equal(tcpstate_event_message(TCPSTATE_EVENT_COUNT, TCPSTATE_CLIENT, text, 9), 0);
}

static void
test_message_names_both_ends(void **state)
{
    static const char *const expected[] = {
        "The FIN of the client has not been acknowledged. If no acknowledgement follows, the "
        "server is",
        "The FIN of the server has not been acknowledged. If no acknowledgement follows, the "
        "client is",
        "The FIN of the socket has not been acknowledged. If no acknowledgement follows, the "
        "socket is",
        "The FIN of one endpoint has not been acknowledged. If no acknowledgement follows, the "
        "other",
    };
    char text[512];

    (void)state;
    for (int role = TCPSTATE_CLIENT; role <= TCPSTATE_SELF + 1; role++) {
        tcpstate_event_message(TCPSTATE_EVENT_stuck_fin_unacked, (enum tcpstate_role)role, text,
                               sizeof text);
        assert_memory_equal(text, expected[role], strlen(expected[role]));
    }
}

static void
test_sentence_begins_like_one(void **state)
{
    char text[512];

    (void)state;
    for (unsigned event = 0; event < TCPSTATE_EVENT_COUNT; event++) {
        struct tcpstate_occurrence occurrence = make_occurrence((enum tcpstate_event)event);

        tcpstate_event_text(&occurrence, text, sizeof text);
        assert_true((text[0] >= 'A' && text[0] <= 'Z') || (text[0] >= '0' && text[0] <= '9'));
    }
}

static void
test_sentence_names_the_frame(void **state)
{
    struct tcpstate_occurrence occurrence = make_occurrence(TCPSTATE_EVENT_challenge_ack);
    char text[512];

    (void)state;
    tcpstate_event_text(&occurrence, text, sizeof text);
    assert_non_null(strstr(text, "frame 17"));
}

/* Spans from nothing to centuries, negative ones included: capture clocks step back. */
/* Units that suit the time, and words for small numbers. */
static void
test_sentence_suits_its_figures(void **state)
{
    static const struct {
        int64_t span;
        uint32_t count;
        const char *expected;
    } figures[] = {
        {0, 1, "sent once, has not been acknowledged for less than 0.001 ms"},
        {146 * (SECOND / 1000000), 2, "sent twice, has not been acknowledged for 0.146 ms"},
        {SECOND - 1, 3, "sent 3 times, has not been acknowledged for 1 s"},
        {31 * SECOND + SECOND / 4, 3, "sent 3 times, has not been acknowledged for 31.2 s"},
        {1500 * SECOND, 3, "sent 3 times, has not been acknowledged for 25 min"},
        {7 * 3600 * SECOND, 3, "sent 3 times, has not been acknowledged for 7 h"},
    };
    struct tcpstate_occurrence occurrence = make_occurrence(TCPSTATE_EVENT_stuck_fin_unacked);
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        occurrence.span = figures[i].span;
        occurrence.count = figures[i].count;
        tcpstate_event_text(&occurrence, text, sizeof text);
        assert_non_null(strstr(text, figures[i].expected));
    }
}

static void
test_sentence_takes_any_span(void **state)
{
    static const int64_t spans[] = {0,          1,         999,         SECOND / 1000,
                                    SECOND - 1, SECOND,    90 * SECOND, 86400 * SECOND,
                                    -SECOND,    INT64_MAX, INT64_MIN};
    struct tcpstate_occurrence occurrence = make_occurrence(TCPSTATE_EVENT_stuck_close_wait);
    char text[512];

    (void)state;
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        occurrence.span = spans[i];
        assert_true(tcpstate_event_text(&occurrence, text, sizeof text) >= 20);
        assert_true(strlen(text) < sizeof text - 1);
        assert_null(strpbrk(text, "{}"));
    }
}

/* Cut at any length, the text is the beginning of the whole one, and ends in a NUL. */
static void
test_sentence_is_cut(void **state)
{
    struct tcpstate_occurrence occurrence = make_occurrence(TCPSTATE_EVENT_stuck_close_wait);
    char whole[512], text[512];
    size_t length = tcpstate_event_text(&occurrence, whole, sizeof whole);

    (void)state;
    for (size_t size = 0; size <= length + 1; size++) {
        memset(text, 'x', sizeof text);
        assert_int_equal(tcpstate_event_text(&occurrence, text, size), length);
        if (size != 0) {
            size_t kept = size - 1 < length ? size - 1 : length;

            assert_memory_equal(text, whole, kept);
            assert_int_equal(text[kept], '\0');
        }
        assert_int_equal(text[size], 'x');
    }
}

static void
test_event_out_of_range(void **state)
{
    struct tcpstate_occurrence occurrence = {.event = 255};
    char text[16] = "x";

    (void)state;
    assert_int_equal(tcpstate_event_text(&occurrence, text, sizeof text), 0);
    assert_string_equal(text, "");
    assert_string_equal(tcpstate_event_slug(TCPSTATE_EVENT_COUNT), "");
}

static void
test_names_out_of_range(void **state)
{
    (void)state;
    assert_string_equal(tcpstate_phase_name(TCPSTATE_PHASE_COUNT), "");
    assert_string_equal(tcpstate_evidence_name((enum tcpstate_evidence)99), "");
    assert_string_equal(tcpstate_stage_name((enum tcpstate_stage)99), "");
    assert_string_equal(tcpstate_role_name((enum tcpstate_role)99), "");
    assert_string_equal(tcpstate_open_name((enum tcpstate_open)99), "");
    assert_string_equal(tcpstate_close_name((enum tcpstate_close)99), "");
    assert_string_equal(tcpstate_closer_name((enum tcpstate_closer)99), "");
    assert_string_equal(tcpstate_cause_name((enum tcpstate_cause)99), "");
}

/* The names are an API: they stand in users' filters. */
static void
test_names_are_the_documented_ones(void **state)
{
    (void)state;
    assert_string_equal(tcpstate_phase_name(TCPSTATE_PHASE_UNKNOWN), "UNKNOWN");
    assert_string_equal(tcpstate_phase_name(TCPSTATE_PHASE_SYN_RECEIVED), "SYN_RECEIVED");
    assert_string_equal(tcpstate_phase_name(TCPSTATE_PHASE_TIME_WAIT), "TIME_WAIT");
    assert_string_equal(tcpstate_phase_name(TCPSTATE_PHASE_CLOSED), "CLOSED");
    assert_string_equal(tcpstate_evidence_name(TCPSTATE_EVIDENCE_ASSUMED), "assumed");
    assert_string_equal(tcpstate_evidence_name(TCPSTATE_EVIDENCE_INFERRED), "inferred");
    assert_string_equal(tcpstate_evidence_name(TCPSTATE_EVIDENCE_SEEN), "seen");
    assert_string_equal(tcpstate_stage_name(TCPSTATE_STAGE_HALF_CLOSED), "half-closed");
    assert_string_equal(tcpstate_role_name(TCPSTATE_CLIENT), "client");
    assert_string_equal(tcpstate_role_name(TCPSTATE_SERVER), "server");
    assert_string_equal(tcpstate_role_name(TCPSTATE_SELF), "self");
    assert_string_equal(tcpstate_open_name(TCPSTATE_OPEN_THREE_WAY), "three-way");
    assert_string_equal(tcpstate_open_name(TCPSTATE_OPEN_MID_STREAM), "mid-stream");
    assert_string_equal(tcpstate_close_name(TCPSTATE_CLOSE_RESET_AFTER_FIN), "reset-after-fin");
    assert_string_equal(tcpstate_closer_name(TCPSTATE_CLOSER_BOTH), "both");
    assert_string_equal(tcpstate_cause_name(TCPSTATE_CAUSE_TIME_WAIT_ASSASSINATION),
                        "time-wait-assassination");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_event_has_a_sentence),
        cmocka_unit_test(test_every_event_has_a_slug),
        cmocka_unit_test(test_sentence_names_both_ends),
        cmocka_unit_test(test_every_event_has_a_message),
        cmocka_unit_test(test_message_names_both_ends),
        cmocka_unit_test(test_sentence_begins_like_one),
        cmocka_unit_test(test_sentence_names_the_frame),
        cmocka_unit_test(test_sentence_suits_its_figures),
        cmocka_unit_test(test_sentence_takes_any_span),
        cmocka_unit_test(test_sentence_is_cut),
        cmocka_unit_test(test_event_out_of_range),
        cmocka_unit_test(test_names_out_of_range),
        cmocka_unit_test(test_names_are_the_documented_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
