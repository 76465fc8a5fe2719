/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sequence number arithmetic on both sides of the two places where it can go wrong: 2^32, where the
 * numbers wrap, and 2^31, beyond which a distance changes its sign.
 */
#include "unit.h"

#include "seq.h"

static const uint32_t bases[] = {0, 1, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};

#define BASES (sizeof bases / sizeof bases[0])

static void
test_diff_wraps(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASES; i++) {
        assert_int_equal(seq_diff(bases[i], bases[i]), 0);
        assert_int_equal(seq_diff(bases[i] + 5, bases[i]), 5);
        assert_int_equal(seq_diff(bases[i], bases[i] + 5), -5);
        assert_int_equal(seq_diff(bases[i] + 0x7fffffff, bases[i]), INT32_MAX);
        assert_int_equal(seq_diff(bases[i] + 0x80000000, bases[i]), INT32_MIN);
    }
}

static void
test_lt_le_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASES; i++) {
        const uint32_t x = bases[i];

        assert_false(seq_lt(x, x));
        assert_true(seq_le(x, x));
        assert_true(seq_lt(x, x + 1) && seq_le(x, x + 1));
        assert_false(seq_lt(x + 1, x) || seq_le(x + 1, x));
        assert_true(seq_lt(x, x + 0x7fffffff));
        assert_false(seq_lt(x + 0x7fffffff, x));
    }
}

static void
test_max_wraps(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASES; i++) {
        assert_int_equal(seq_max(bases[i], bases[i]), bases[i]);
        assert_int_equal(seq_max(bases[i], bases[i] + 9), bases[i] + 9);
        assert_int_equal(seq_max(bases[i] + 9, bases[i]), bases[i] + 9);
    }
}

static void
test_within_is_closed(void **state)
{
    (void)state;
    for (size_t i = 0; i < BASES; i++) {
        const uint32_t low = bases[i], high = bases[i] + 100;

        assert_true(seq_within(low, low, high));
        assert_true(seq_within(high, low, high));
        assert_true(seq_within(low + 50, low, high));
        assert_false(seq_within(low - 1, low, high));
        assert_false(seq_within(high + 1, low, high));
        assert_true(seq_within(low, low, low));
        assert_false(seq_within(low + 1, low, low));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff_wraps),
        cmocka_unit_test(test_lt_le_wrap),
        cmocka_unit_test(test_max_wraps),
        cmocka_unit_test(test_within_is_closed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
