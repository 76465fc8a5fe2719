/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sequence number arithmetic, modulo 2^32 (RFC 9293 section 3.4).
 *
 * Two numbers compare as their distance does, so a comparison is meaningful only while they are
 * less than 2^31 octets apart.
 */
#ifndef TCPSTATE_SEQ_H
#define TCPSTATE_SEQ_H

#include <stdbool.h>
#include <stdint.h>

/* The distance from b to a in octets, -2^31..2^31-1. */
static inline int32_t
seq_diff(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b);
}

static inline bool
seq_lt(uint32_t a, uint32_t b)
{
    return seq_diff(a, b) < 0;
}

static inline bool
seq_le(uint32_t a, uint32_t b)
{
    return seq_diff(a, b) <= 0;
}

static inline uint32_t
seq_max(uint32_t a, uint32_t b)
{
    return seq_lt(a, b) ? b : a;
}

/* Whether x lies in the closed interval [low, high], high being at or after low. */
static inline bool
seq_within(uint32_t x, uint32_t low, uint32_t high)
{
    return x - low <= high - low;
}

#endif
