/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Zeek's words, story by story: each conn_state, each letter of the history, and who Zeek takes for
 * the originator. The numbers of both sides wrap in most stories.
 */
#include <stdio.h>

#include "unit.h"

#include "connection.h"

_Static_assert(sizeof(struct tcpstate_zeek) <= 72, "the tracker stays small");

#define ISS_A 0xfffffff0u
#define ISS_B 0x7ffffff0u

static struct tcpstate_connection connection;
static uint16_t port_a, port_b;

static int
begin_story(void **state)
{
    (void)state;
    memset(&connection, 0, sizeof connection);
    port_a = 40000;
    port_b = 4242;
    return 0;
}

static uint8_t
parse_flags(const char *letters)
{
    static const struct {
        char letter;
        uint8_t flag;
    } flags[] = {
        {'S', TCPSTATE_SYN}, {'.', TCPSTATE_ACK}, {'F', TCPSTATE_FIN},
        {'R', TCPSTATE_RST}, {'P', TCPSTATE_PSH},
    };
    uint8_t parsed = 0;

    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (strchr(letters, flags[i].letter))
            parsed |= flags[i].flag;
    return parsed;
}

/* The number behind a word of the segment, or otherwise. */
static uint32_t
number_after(const char *segment, const char *word, uint32_t otherwise)
{
    const char *at = strstr(segment, word);
    uint32_t number = otherwise;

    if (at)
        sscanf(at + strlen(word), "%u", &number);
    return number;
}

/* Observes one segment: "> F. 1 +100 ack 1 win 0", numbers relative to the initial ones, the words
 * "bad" (its checksum), "damaged" (its IP header), "cut" (its text) and "short" (its header)
 * behind. */
static void
observe(const char *line)
{
    struct tcpstate_segment segment = {0};
    char from, letters[8];
    unsigned seq;

    assert_int_equal(sscanf(line, " %c %7s %u", &from, letters, &seq), 3);
    assert_true(from == '>' || from == '<');
    segment.side = from == '<';
    segment.flags = parse_flags(letters);
    segment.seq = (segment.side ? ISS_B : ISS_A) + seq;
    segment.ack = (segment.side ? ISS_A : ISS_B) + number_after(line, "ack ", 0);
    segment.len = number_after(line, "+", 0);
    segment.window = (uint16_t)number_after(line, "win ", 1000);
    segment.source_port = segment.side ? port_b : port_a;
    segment.destination_port = segment.side ? port_a : port_b;
    segment.bad_checksum = strstr(line, "bad") != NULL;
    segment.bad_packet = strstr(line, "damaged") != NULL;
    segment.text_cut = strstr(line, "cut") != NULL;
    segment.options_cut = strstr(line, "short") != NULL;
    tcpstate_zeek_observe(&connection.zeek, &segment);
}

/* Goes on with the story, a segment per line. */
static void
tell(const char *story)
{
    char line[80];
    int length;

    while (sscanf(story, " %79[^\n]%n", line, &length) == 1) {
        observe(line);
        story += length;
    }
}

#define OPENED                                                                                     \
    "> S 0\n"                                                                                      \
    "< S. 0 ack 1\n"                                                                               \
    "> . 1 ack 1\n"

static void
assert_words(const char *conn_state, const char *history)
{
    char text[TCPSTATE_ZEEK_TEXT];
    size_t length = tcpstate_zeek_history(&connection, text, sizeof text);

    assert_string_equal(text, history);
    assert_int_equal(length, strlen(text));
    assert_string_equal(tcpstate_zeek_state(&connection), conn_state);
}

/* States */

static void
test_nothing_seen(void **state)
{
    (void)state;
    assert_words("OTH", "");
}

static void
test_S0_unanswered(void **state)
{
    (void)state;
    tell("> S 0\n> S 0");
    assert_words("S0", "S");
}

static void
test_S1_established(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +100 ack 1\n< . 1 ack 101\n< P. 1 +50 ack 101\n> . 101 ack 51");
    assert_words("S1", "ShADad");
}

static void
test_SF_closed(void **state)
{
    (void)state;
    tell(OPENED "> F. 1 ack 1\n< . 1 ack 2\n< F. 1 ack 2\n> . 2 ack 2");
    assert_words("SF", "ShAFaf");
    tell("> R 2");
    assert_words("SF", "ShAFafR");
}

static void
test_REJ_refused(void **state)
{
    (void)state;
    tell("> S 0\n< R. 0 ack 1");
    assert_words("REJ", "Sr");
}

static void
test_REJ_both_reset_without_text(void **state)
{
    (void)state;
    tell(OPENED "< R 1\n> R 1");
    assert_words("REJ", "ShArR");
}

static void
test_S2_originator_closed(void **state)
{
    (void)state;
    tell(OPENED "> F. 1 ack 1\n< . 1 ack 2");
    assert_words("S2", "ShAFa");
}

static void
test_S3_responder_closed(void **state)
{
    (void)state;
    tell(OPENED "< F. 1 ack 1\n> . 1 ack 2");
    assert_words("S3", "ShAf");
}

static void
test_RSTO_originator_aborted(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +10 ack 1\n> R. 11 ack 1");
    assert_words("RSTO", "ShADR");
}

static void
test_RSTR_responder_aborted(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +10 ack 1\n< R. 1 ack 11");
    assert_words("RSTR", "ShADr");
}

static void
test_RSTOS0_syn_then_rst(void **state)
{
    (void)state;
    tell("> S 0\n> R 1");
    assert_words("RSTOS0", "SR");
}

static void
test_RSTOS0_not_after_an_ack(void **state)
{
    (void)state;
    tell("> S 0\n> . 1 ack 1\n> R 1");
    assert_words("OTH", "SAR");
}

static void
test_RSTRH_syn_ack_then_rst(void **state)
{
    (void)state;
    port_b = 80;
    tell("< S. 0 ack 1\n< R 1");
    assert_words("RSTRH", "^hr");
}

static void
test_SH_syn_then_fin(void **state)
{
    (void)state;
    tell("> S 0\n> F. 1 ack 1");
    assert_words("SH", "SF");
}

static void
test_SHR_syn_ack_then_fin(void **state)
{
    (void)state;
    tell("< S. 0 ack 1\n< . 1 ack 50\n< F. 1 ack 51");
    assert_words("SHR", "^haf");
}

static void
test_OTH_mid_stream(void **state)
{
    (void)state;
    tell("> P. 500 +10 ack 300\n< . 300 ack 510");
    assert_words("OTH", "Da");
}

static void
test_SF_rst_after_fin_then_fin(void **state)
{
    (void)state;
    tell(OPENED "> F. 1 ack 1\n< P. 1 +31 ack 1\n> R 2");
    assert_words("RSTO", "ShAFdR");
    tell("< F. 32 ack 2\n> R 2");
    assert_words("SF", "ShAFdRf");
}

static void
test_S0_syn_after_text(void **state)
{
    (void)state;
    tell("> P. 100 +5 ack 1\n> S 99");
    assert_words("S0", "DS");
}

static void
test_REJ_syn_ack_after_its_reset(void **state)
{
    (void)state;
    tell("> S 0\n< R. 0 ack 1\n< S. 10 ack 1");
    assert_words("REJ", "Srh");
}

static void
test_RSTO_number_far_away(void **state)
{
    (void)state;
    tell(OPENED "> R 20000000\n> P. 1 +10 ack 1");
    assert_words("RSTO", "ShARD");
}

/* The originator */

static void
test_flip_likely_server_port(void **state)
{
    (void)state;
    port_b = 443;
    tell("< P. 1 +10 ack 1");
    assert_words("OTH", "^d");
}

static void
test_flip_lower_of_two_server_ports(void **state)
{
    (void)state;
    port_a = 8080;
    port_b = 443;
    tell("< P. 1 +10 ack 1");
    assert_words("OTH", "^d");
    begin_story(state);
    port_a = 443;
    port_b = 8080;
    tell("< P. 1 +10 ack 1");
    assert_words("OTH", "D");
}

static void
test_flip_not_a_syn_ack_between_server_ports(void **state)
{
    (void)state;
    port_a = 8080;
    port_b = 443;
    tell("< S. 0 ack 1");
    assert_words("OTH", "H");
    tell("> . 1 ack 1\n> P. 1 +10 ack 1");
    assert_words("OTH", "^hAD");
    tell("< S. 0 ack 1\n< F. 1 ack 11\n> F. 11 ack 2");
    assert_words("SF", "^hADhfF");
}

static void
test_flip_not_for_a_stealth_scan(void **state)
{
    (void)state;
    tell("< S. 0 ack 1\n> R 1");
    assert_words("REJ", "Hr");
}

static void
test_flip_syn_captured_after_its_syn_ack(void **state)
{
    (void)state;
    tell("< S. 0 ack 1\n> S 0\n> . 1 ack 1");
    assert_words("S1", "Hs^A");
}

static void
test_reuse_another_syn(void **state)
{
    (void)state;
    tell("> S 0\n> S 7000\n< S. 0 ack 7001\n> . 7001 ack 1");
    assert_words("S1", "ShA");
}

static void
test_reuse_the_same_syn_after_a_reset(void **state)
{
    (void)state;
    tell("> S 0\n< R. 0 ack 1\n> S 0");
    assert_words("S0", "S");
}

static void
test_reuse_not_after_an_answer(void **state)
{
    (void)state;
    tell(OPENED "< F. 1 ack 1\n> F. 1 ack 2\n< . 2 ack 2\n> S 5000\n< . 2 ack 2\n> R 2");
    assert_words("SF", "ShAfFaR");
}

static void
test_reuse_crossing_syns(void **state)
{
    (void)state;
    tell("> S 0\n< S 0\n> S. 0 ack 1\n< S. 0 ack 1\n> . 1 ack 1");
    assert_words("S1", "Sha");
}

/* Letters */

static void
test_letters_once_or_by_number(void **state)
{
    (void)state;
    tell(OPENED "> . 1 ack 1\n> P. 1 +1 ack 1\n> P. 2 +1 ack 1");
    assert_words("S1", "ShAD");
    tell("> F. 3 ack 1\n> F. 3 ack 1\n> F. 4 ack 1");
    assert_words("S2", "ShADFF");
    tell("< R 1\n< R 1\n< R 5");
    assert_words("RSTR", "ShADFFrr");
}

static void
test_letters_of_odd_flags(void **state)
{
    (void)state;
    tell("> SF 0\n> SR 0\n< FR 1\n< FR 1");
    assert_string_equal(tcpstate_zeek_state(&connection), "RSTR");
    begin_story(state);
    tell(OPENED "> FR. 1 ack 1");
    assert_words("RSTO", "ShAI");
    begin_story(state);
    tell("> SF 0");
    assert_words("SH", "Q");
}

static void
test_letter_h_again(void **state)
{
    (void)state;
    tell("> S 0\n> S. 100 ack 1\n< S. 0 ack 101\n< S. 50 ack 101");
    assert_words("S1", "Sh");
    tell("< F. 51 ack 101\n< S. 77 ack 101");
    assert_words("S3", "Shfh");
}

static void
test_letter_t_no_more_than_five(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +10 ack 1");
    for (int i = 0; i < 100000; i++)
        observe("> P. 1 +10 ack 1");
    assert_words("S1", "ShADTTTTT");
}

static void
test_short_header_is_left_out(void **state)
{
    (void)state;
    tell("> S 0\n< S. 0 ack 1 short");
    assert_words("S0", "S");
}

static void
test_letter_t_at_1_and_10(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +10 ack 1");
    for (int i = 0; i < 9; i++)
        tell("> P. 1 +10 ack 1");
    assert_words("S1", "ShADT");
    tell("> P. 1 +10 ack 1");
    assert_words("S1", "ShADTT");
}

static void
test_letter_w_zero_window(void **state)
{
    (void)state;
    tell(OPENED "> P. 1 +10 ack 1\n< . 1 ack 11 win 0");
    assert_words("S1", "ShADaw");
    tell("> F. 11 ack 1\n< . 1 ack 12 win 0");
    assert_words("S2", "ShADawF");
}

static void
test_letter_w_not_on_a_reset(void **state)
{
    (void)state;
    tell("> S 0\n< R. 0 ack 1 win 0");
    assert_words("REJ", "Sr");
}

static void
test_letter_c_bad_checksum(void **state)
{
    (void)state;
    tell("> S 0\n< S. 0 ack 1 bad\n> . 1 ack 1");
    assert_words("S0", "ScA");
}

static void
test_damaged_packet_is_left_out(void **state)
{
    (void)state;
    tell("> S 0 damaged");
    assert_words("OTH", "");
    tell("> S 0\n< S. 0 ack 1 damaged");
    assert_words("S0", "S");
}

static void
test_letter_g_acknowledged_unseen(void **state)
{
    (void)state;
    tell(OPENED "< P. 101 +100 ack 1");
    assert_words("S1", "ShAd");
    tell("> . 1 ack 201");
    assert_words("S1", "ShAdg");
}

static void
test_letter_g_before_the_fin(void **state)
{
    (void)state;
    tell(OPENED "< F. 2903 ack 1\n> . 1 ack 2904");
    assert_words("S3", "ShAfg");
}

static void
test_letter_g_text_cut(void **state)
{
    (void)state;
    tell(OPENED "< P. 1 +100 ack 1 cut\n> . 1 ack 101");
    assert_words("S1", "ShAdg");
}

static void
test_letter_g_not_for_a_filled_hole(void **state)
{
    (void)state;
    tell(OPENED "< P. 101 +100 ack 1\n< P. 201 +100 ack 1\n< P. 1 +50 ack 1\n< P. 51 +50 ack 1\n"
                "> . 1 ack 301\n< F. 301 ack 1\n> . 1 ack 302");
    assert_words("S3", "ShAdtf");
}

static void
test_letter_g_not_mid_stream(void **state)
{
    (void)state;
    tell("> . 1 ack 1\n< . 1 ack 1\n> . 1 ack 5000");
    assert_words("OTH", "Aa");
}

static void
test_history_full(void **state)
{
    char line[40], text[TCPSTATE_ZEEK_TEXT];

    (void)state;
    tell(OPENED);
    for (unsigned i = 1; i <= TCPSTATE_ZEEK_LETTERS - 3; i++) {
        snprintf(line, sizeof line, "> F. %u ack 1", i);
        tell(line);
    }
    assert_words("S2", "ShAFFFFFFFFFFFFFFFFFFFFF");
    tell("> F. 99 ack 1\n< F. 1 ack 1");
    assert_words("SF", "ShAFFFFFFFFFFFFFFFFFFFFF+");
    assert_int_equal(tcpstate_zeek_history(&connection, text, 4), 3);
    assert_string_equal(text, "ShA");
    assert_int_equal(tcpstate_zeek_history(&connection, text, 0), 0);
}

/* Through the core: which segments a connection is given. */

static struct tcpstate_pair pair;
static struct tcpstate_connection connections[3];
static unsigned used;

/* Judges a segment and returns the connection it belongs to. */
static struct tcpstate_connection *
judge(uint8_t side, const char *letters, uint32_t seq, uint32_t ack)
{
    static const struct tcpstate_settings settings = {
        .msl = INT64_C(30000000000), .copy = INT64_C(1000000), .reorder = INT64_C(1000000)};
    static int64_t time;
    static uint32_t frame;
    struct tcpstate_record record = {0};
    struct tcpstate_segment segment = {
        .time = time += INT64_C(100000000),
        .frame = ++frame,
        .seq = seq,
        .ack = ack,
        .side = side,
        .flags = parse_flags(letters),
        .window = 1000,
        .source_port = side ? 80 : 40000,
        .destination_port = side ? 40000 : 80,
    };

    connections[used].index = used;
    tcpstate_observe(&pair, &segment, &settings, &connections[used], &record);
    used += record.opened;
    return record.connection;
}

static void
test_follow_syn_that_waits(void **state)
{
    struct tcpstate_connection *first, *second;

    (void)state;
    judge(0, "S", 1000, 0);
    judge(1, "S.", 5000, 1001);
    first = judge(0, ".", 1001, 5001);
    judge(0, "S", 90000000, 0);
    connection = *first;
    assert_words("S1", "ShA");

    second = judge(1, "S.", 70000000, 90000001);
    assert_ptr_not_equal(second, first);
    judge(0, ".", 90000001, 70000001);
    connection = *second;
    assert_words("S1", "ShA");
    connection = *first;
    assert_words("S1", "ShA");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup(test_##name, begin_story)
    const struct CMUnitTest tests[] = {
        TEST(nothing_seen),
        TEST(S0_unanswered),
        TEST(S1_established),
        TEST(SF_closed),
        TEST(REJ_refused),
        TEST(REJ_both_reset_without_text),
        TEST(S2_originator_closed),
        TEST(S3_responder_closed),
        TEST(RSTO_originator_aborted),
        TEST(RSTR_responder_aborted),
        TEST(RSTOS0_syn_then_rst),
        TEST(RSTOS0_not_after_an_ack),
        TEST(RSTRH_syn_ack_then_rst),
        TEST(SH_syn_then_fin),
        TEST(SHR_syn_ack_then_fin),
        TEST(OTH_mid_stream),
        TEST(SF_rst_after_fin_then_fin),
        TEST(flip_likely_server_port),
        TEST(flip_lower_of_two_server_ports),
        TEST(flip_not_a_syn_ack_between_server_ports),
        TEST(flip_not_for_a_stealth_scan),
        TEST(flip_syn_captured_after_its_syn_ack),
        TEST(reuse_another_syn),
        TEST(reuse_the_same_syn_after_a_reset),
        TEST(reuse_not_after_an_answer),
        TEST(reuse_crossing_syns),
        TEST(letters_once_or_by_number),
        TEST(letters_of_odd_flags),
        TEST(letter_t_at_1_and_10),
        TEST(letter_w_zero_window),
        TEST(letter_w_not_on_a_reset),
        TEST(letter_c_bad_checksum),
        TEST(damaged_packet_is_left_out),
        TEST(letter_g_acknowledged_unseen),
        TEST(letter_g_before_the_fin),
        TEST(letter_g_text_cut),
        TEST(letter_g_not_for_a_filled_hole),
        TEST(letter_g_not_mid_stream),
        TEST(history_full),
        TEST(S0_syn_after_text),
        TEST(REJ_syn_ack_after_its_reset),
        TEST(RSTO_number_far_away),
        TEST(letter_h_again),
        TEST(letter_t_no_more_than_five),
        TEST(short_header_is_left_out),
        TEST(follow_syn_that_waits),
    };
#undef TEST

    return cmocka_run_group_tests(tests, NULL, NULL);
}
