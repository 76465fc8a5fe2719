/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether a packet was captured twice: the last packets of each pair, by digest.
 */
#include "observation.h"

/* The age of a remembered packet counts in units of 2^15 nanoseconds, modulo 2^16: a second each
 * way. */
#define COPY_SHIFT 15

/* A bit for each packet that is remembered. */
#define EVERY_COPY ((1u << TCPSTATE_COPIES) - 1)

static uint64_t
pair_of(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

/*
 * A digest of what two captures of one packet have in common; never 0. The TTL is left out: the
 * copies may have been taken before and behind a router.
 */
uint32_t
tcpstate_copies_digest(const struct tcpstate_segment *segment)
{
    const uint32_t control = (uint32_t)segment->flags << 24 | (uint32_t)segment->side << 23;
    const uint64_t numbers = pair_of(segment->seq, segment->ack);
    const uint64_t sizes =
        pair_of(segment->len ^ control, (uint32_t)segment->window << 16 | segment->ip_id);
    uint64_t options = segment->timestamps_seen ? pair_of(segment->tsval, segment->tsecr) : 0;
    uint64_t digest;

    if (segment->sack_seen)
        options ^= pair_of(segment->sack_right, 0);
    digest =
        numbers * 0x9e3779b97f4a7c15u + sizes * 0xff51afd7ed558ccdu + options * 0xc4ceb9fe1a85ec53u;
    digest = (digest ^ digest >> 32) * 0xff51afd7ed558ccdu >> 32;
    return (uint32_t)digest | 1;
}

/* Whether nothing tells a RST from the next one of its sender: it has no identification (RFC 6864
 * section 4: datagrams that are not fragmented need none; IPv6 has none). */
static bool
is_alike(const struct tcpstate_segment *segment)
{
    return segment->ip_id == 0 && (segment->flags & TCPSTATE_RST);
}

/* Whether the other side's packets were captured after the remembered one: what is alike then
 * answers each of them (RFC 9293 section 3.10.7.1: equal acknowledgements draw equal RSTs). */
static bool
is_answer_again(const struct tcpstate_pair *pair, size_t place, unsigned side)
{
    for (size_t i = (place + 1) % TCPSTATE_COPIES; i != pair->next_copy;
         i = (i + 1) % TCPSTATE_COPIES)
        if ((pair->copies_of_side >> i & 1u) != side)
            return true;
    return false;
}

/*
 * The live connection becomes the previous one: so do the packets remembered of it, and those of
 * the one before are forgotten.
 */
void
tcpstate_copies_age(struct tcpstate_pair *pair)
{
    for (size_t i = 0; i < TCPSTATE_COPIES; i++)
        if (pair->copies_of_previous >> i & 1)
            pair->copy_digest[i] = 0;
    pair->copies_of_previous = EVERY_COPY;
}

static unsigned
with_bit(unsigned bits, unsigned place, bool value)
{
    return (bits & ~(1u << place)) | (unsigned)value << place;
}

/*
 * Remembers the packet that is judged next, of the previous connection or of the live one.
 */
void
tcpstate_copies_keep(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                     uint32_t digest, bool of_previous)
{
    const unsigned place = pair->next_copy;

    pair->copy_digest[place] = digest;
    pair->copy_time[place] = (uint16_t)(segment->time >> COPY_SHIFT);
    pair->copies_of_previous = with_bit(pair->copies_of_previous, place, of_previous) & EVERY_COPY;
    pair->copies_of_side = with_bit(pair->copies_of_side, place, segment->side & 1) & EVERY_COPY;
    pair->next_copy = place + 1 < TCPSTATE_COPIES ? (place + 1) & 7 : 0;
}

/* Whether the packet may be a second capture of the one remembered there, which was captured within
 * settings->copy for certain; span is set to the time between them. */
static bool
is_copy_of(const struct tcpstate_pair *pair, size_t place, const struct tcpstate_segment *segment,
           const struct tcpstate_settings *settings, int64_t *span)
{
    const uint16_t now = (uint16_t)(segment->time >> COPY_SHIFT);
    const int64_t unit = INT64_C(1) << COPY_SHIFT;

    if (is_alike(segment) && is_answer_again(pair, place, segment->side & 1u))
        return false;
    *span = (int16_t)(uint16_t)(now - pair->copy_time[place]) * unit;
    return (*span < 0 ? -*span : *span) + unit <= settings->copy;
}

/*
 * Whether this packet was captured before, within settings->copy nanoseconds.
 *
 * The pair remembers its last TCPSTATE_COPIES packets; an older copy is not recognised and judged
 * as the retransmission it looks like. Returns the connection of the packet that it copies, or
 * NULL; span is set to the time between the two, nanoseconds rounded to 2^COPY_SHIFT, if it is a
 * copy. settings->copy is at most a second; with 0 no packet is a copy.
 */
struct tcpstate_connection *
tcpstate_copies_find(const struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                     uint32_t digest, const struct tcpstate_settings *settings, int64_t *span)
{
    for (size_t i = 0; i < TCPSTATE_COPIES; i++)
        if (pair->copy_digest[i] == digest && is_copy_of(pair, i, segment, settings, span))
            return pair->copies_of_previous >> i & 1 ? pair->previous : pair->live;
    return NULL;
}
