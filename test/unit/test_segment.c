/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is read from a TCP header, and from one that is too short, lies about its length, or holds
 * options that run over the end.
 */
#include "unit.h"

#define HEADER 20

/* A header of 20 octets and a data offset of words * 4. */
static void
make_header(uint8_t *header, uint8_t words, uint8_t flags)
{
    static const uint8_t fixed[HEADER] = {
        0x9c, 0x40, 0x00, 0x50,             /* ports 40000, 80 */
        0xff, 0xff, 0xff, 0xfa,             /* SEG.SEQ */
        0x80, 0x00, 0x00, 0x01,             /* SEG.ACK */
        0x00, 0x00, 0xfa, 0xf0, 0, 0, 0, 0, /* SEG.WND 64240 */
    };

    memcpy(header, fixed, HEADER);
    header[12] = (uint8_t)(words << 4);
    header[13] = flags;
}

/* Parses a header of 20 octets followed by options, all captured. */
static struct tcpstate_segment
parse_options(const uint8_t *options, size_t size)
{
    uint8_t header[60] = {0};
    struct tcpstate_segment segment = {0};

    make_header(header, (uint8_t)((HEADER + size + 3) / 4), TCPSTATE_SYN);
    memcpy(header + HEADER, options, size);
    assert_true(tcpstate_segment_parse(header, HEADER + (size + 3) / 4 * 4, &segment));
    return segment;
}

static void
test_parse_fixed_fields(void **state)
{
    uint8_t header[HEADER];
    struct tcpstate_segment segment = {0};

    (void)state;
    make_header(header, 5, TCPSTATE_SYN | TCPSTATE_ACK | TCPSTATE_CWR);
    assert_true(tcpstate_segment_parse(header, sizeof header, &segment));
    assert_int_equal(segment.source_port, 40000);
    assert_int_equal(segment.destination_port, 80);
    assert_int_equal(segment.seq, 0xfffffffa);
    assert_int_equal(segment.ack, 0x80000001);
    assert_int_equal(segment.window, 64240);
    assert_int_equal(segment.flags, TCPSTATE_SYN | TCPSTATE_ACK | TCPSTATE_CWR);
    assert_false(segment.timestamps_seen || segment.window_scale_seen || segment.sack_seen ||
                 segment.fast_open_seen || segment.options_cut);
}

static void
test_parse_leaves_the_callers_fields(void **state)
{
    uint8_t header[HEADER];
    struct tcpstate_segment segment = {
        .time = 7, .frame = 8, .len = 9, .ip_id = 10, .ttl = 11, .side = 1, .self = true};

    (void)state;
    make_header(header, 5, TCPSTATE_ACK);
    assert_true(tcpstate_segment_parse(header, sizeof header, &segment));
    assert_int_equal(segment.time, 7);
    assert_int_equal(segment.frame, 8);
    assert_int_equal(segment.len, 9);
    assert_int_equal(segment.ip_id, 10);
    assert_int_equal(segment.ttl, 11);
    assert_int_equal(segment.side, 1);
    assert_true(segment.self);
}

static void
test_parse_forgets_the_last_options(void **state)
{
    uint8_t header[HEADER];
    struct tcpstate_segment segment = {.timestamps_seen = true,
                                       .window_scale_seen = true,
                                       .sack_seen = true,
                                       .fast_open_seen = true};

    (void)state;
    make_header(header, 5, TCPSTATE_ACK);
    assert_true(tcpstate_segment_parse(header, sizeof header, &segment));
    assert_false(segment.timestamps_seen || segment.window_scale_seen || segment.sack_seen ||
                 segment.fast_open_seen);
}

static void
test_parse_too_short(void **state)
{
    uint8_t header[HEADER];
    struct tcpstate_segment segment, untouched;

    (void)state;
    memset(&segment, 0xa5, sizeof segment);
    memcpy(&untouched, &segment, sizeof segment);
    make_header(header, 5, TCPSTATE_ACK);
    for (size_t size = 0; size < HEADER; size++)
        assert_false(tcpstate_segment_parse(header, size, &segment));
    for (uint8_t words = 0; words < 5; words++) {
        make_header(header, words, TCPSTATE_ACK);
        assert_false(tcpstate_segment_parse(header, sizeof header, &segment));
    }
    assert_memory_equal(&segment, &untouched, sizeof segment);
}

static void
test_parse_all_options(void **state)
{
    static const uint8_t options[] = {
        2,  4,  5,    0xb4,                                     /* MSS */
        4,  2,                                                  /* SACK permitted */
        8,  10, 0x01, 0x02, 0x03, 0x04, 0x0a, 0x0b, 0x0c, 0x0d, /* timestamps */
        1,                                                      /* no operation */
        3,  3,  7,                                              /* window scale */
        34, 2,                                                  /* Fast Open, no cookie */
    };
    struct tcpstate_segment segment = parse_options(options, sizeof options);

    (void)state;
    assert_true(segment.timestamps_seen && segment.window_scale_seen && segment.fast_open_seen);
    assert_int_equal(segment.tsval, 0x01020304);
    assert_int_equal(segment.tsecr, 0x0a0b0c0d);
    assert_int_equal(segment.window_shift, 7);
    assert_false(segment.sack_seen);
}

static void
test_parse_sack(void **state)
{
    static const uint8_t blocks[] = {1,    1,    5, 18, 0, 0, 0, 1, 0xff, 0xff,
                                     0xff, 0xfe, 0, 0,  0, 9, 0, 0, 0,    10};
    static const uint8_t empty[] = {5, 2, 1, 1};
    static const uint8_t half[] = {5, 6, 0, 0, 0, 1, 1, 1};
    struct tcpstate_segment segment = parse_options(blocks, sizeof blocks);

    (void)state;
    assert_true(segment.sack_seen);
    assert_int_equal(segment.sack_right, 0xfffffffe);
    assert_false(parse_options(empty, sizeof empty).sack_seen);
    assert_false(parse_options(half, sizeof half).sack_seen);
}

static void
test_parse_window_scale_above_14(void **state)
{
    static const uint8_t options[] = {3, 3, 200, 0};
    struct tcpstate_segment segment = parse_options(options, sizeof options);

    (void)state;
    assert_true(segment.window_scale_seen);
    assert_int_equal(segment.window_shift, 14); /* RFC 7323 section 2.3 */
}

static void
test_parse_fast_open_experiment(void **state)
{
    static const uint8_t ours[] = {254, 8, 0xf9, 0x89, 1, 2, 3, 4};
    static const uint8_t other[] = {254, 8, 0xe2, 0xd4, 1, 2, 3, 4};
    static const uint8_t bare[] = {254, 3, 0xf9, 0};

    (void)state;
    assert_true(parse_options(ours, sizeof ours).fast_open_seen);
    assert_false(parse_options(other, sizeof other).fast_open_seen);
    assert_false(parse_options(bare, sizeof bare).fast_open_seen);
}

static void
test_parse_wrong_lengths(void **state)
{
    static const uint8_t scale_of_four[] = {3, 4, 7, 0};
    static const uint8_t scale_of_two[] = {3, 2, 0, 0};
    static const uint8_t short_timestamps[] = {8, 6, 0, 0, 0, 1, 0, 0};

    (void)state;
    assert_false(parse_options(scale_of_four, sizeof scale_of_four).window_scale_seen);
    assert_false(parse_options(scale_of_two, sizeof scale_of_two).window_scale_seen);
    assert_false(parse_options(short_timestamps, sizeof short_timestamps).timestamps_seen);
}

/* An option of length 0 or 1 would never end, one longer than the rest would run over the end. */
static void
test_parse_options_that_run_over(void **state)
{
    static const uint8_t endless[] = {99, 0, 3, 3, 7, 0, 0, 0};
    static const uint8_t too_small[] = {99, 1, 3, 3, 7, 0, 0, 0};
    static const uint8_t too_long[] = {8, 10, 0, 0};
    static const uint8_t kind_alone[] = {1, 1, 1, 3};

    (void)state;
    assert_false(parse_options(endless, sizeof endless).window_scale_seen);
    assert_false(parse_options(too_small, sizeof too_small).window_scale_seen);
    assert_false(parse_options(too_long, sizeof too_long).timestamps_seen);
    assert_false(parse_options(kind_alone, sizeof kind_alone).window_scale_seen);
}

static void
test_parse_stops_at_end_of_options(void **state)
{
    static const uint8_t options[] = {0, 3, 3, 7};

    (void)state;
    assert_false(parse_options(options, sizeof options).window_scale_seen);
}

/* A capture with a small snaplen ends within the options. */
static void
test_parse_cut_options(void **state)
{
    static const uint8_t options[] = {3, 3, 7, 1, 1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};
    uint8_t header[HEADER + sizeof options];

    (void)state;
    make_header(header, 9, TCPSTATE_SYN);
    memcpy(header + HEADER, options, sizeof options);
    for (size_t size = HEADER; size < sizeof header; size++) {
        struct tcpstate_segment segment = {0};

        assert_true(tcpstate_segment_parse(header, size, &segment));
        assert_true(segment.options_cut);
        assert_int_equal(segment.window_scale_seen, size >= HEADER + 3);
        assert_false(segment.timestamps_seen);
    }
}

/* Text after the header is not taken for options. */
static void
test_parse_ignores_text(void **state)
{
    uint8_t packet[HEADER + 3];
    struct tcpstate_segment segment = {0};

    (void)state;
    make_header(packet, 5, TCPSTATE_ACK);
    memcpy(packet + HEADER, "\x03\x03\x07", 3);
    assert_true(tcpstate_segment_parse(packet, sizeof packet, &segment));
    assert_false(segment.window_scale_seen || segment.options_cut);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse_fixed_fields),
        cmocka_unit_test(test_parse_leaves_the_callers_fields),
        cmocka_unit_test(test_parse_forgets_the_last_options),
        cmocka_unit_test(test_parse_too_short),
        cmocka_unit_test(test_parse_all_options),
        cmocka_unit_test(test_parse_sack),
        cmocka_unit_test(test_parse_window_scale_above_14),
        cmocka_unit_test(test_parse_fast_open_experiment),
        cmocka_unit_test(test_parse_wrong_lengths),
        cmocka_unit_test(test_parse_options_that_run_over),
        cmocka_unit_test(test_parse_stops_at_end_of_options),
        cmocka_unit_test(test_parse_cut_options),
        cmocka_unit_test(test_parse_ignores_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
