/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether a packet was captured twice: the last packets of each pair, by digest.
 */
#include "observation.h"

/* Nanoseconds in which the age of a remembered packet counts, modulo 2^16: a second each way. */
#define COPY_TICK 32000

static uint64_t
pair_of(uint32_t high, uint32_t low)
{
    return (uint64_t)high << 32 | low;
}

/* A digest of what two captures of one packet have in common; never 0. The TTL is left out: the
 * copies may have been taken before and behind a router. */
static uint32_t
digest_of(const struct tcpstate_segment *segment)
{
    const uint64_t words[] = {
        pair_of(segment->seq, segment->ack),
        pair_of(segment->len, (uint32_t)segment->window << 16 | segment->ip_id),
        segment->timestamps_seen ? pair_of(segment->tsval, segment->tsecr) : 0,
        pair_of(segment->sack_seen ? segment->sack_right : 0,
                (uint32_t)segment->sack_seen << 16 | (uint32_t)segment->flags << 8 | segment->side),
    };
    uint64_t digest = 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        digest = (digest ^ words[i]) * 0xff51afd7ed558ccdu;
        digest ^= digest >> 32;
    }
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
    pair->copies_of_previous = UINT8_MAX;
}

/*
 * Notes which connection the packet remembered last belongs to.
 */
void
tcpstate_copies_note(struct tcpstate_pair *pair, const struct tcpstate_connection *connection)
{
    const unsigned newest = (pair->next_copy + TCPSTATE_COPIES - 1u) % TCPSTATE_COPIES;
    const unsigned bit = 1u << newest;

    pair->copies_of_previous =
        (uint8_t)(connection == pair->previous ? pair->copies_of_previous | bit
                                               : pair->copies_of_previous & ~bit);
}

/*
 * Whether this packet was captured before, within settings->copy nanoseconds.
 *
 * The pair remembers its last TCPSTATE_COPIES packets; an older copy is not recognised and judged
 * as the retransmission it looks like. A packet is remembered as a side effect. span is set to the
 * time between the two, nanoseconds rounded to COPY_TICK, if it is a copy. settings->copy is at
 * most a second; with 0 no packet is a copy.
 */
struct tcpstate_connection *
tcpstate_copies_find(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                     const struct tcpstate_settings *settings, int64_t *span)
{
    const uint32_t digest = digest_of(segment);
    const uint16_t now = (uint16_t)(segment->time / COPY_TICK);

    for (size_t i = 0; i < TCPSTATE_COPIES; i++) {
        int64_t age;

        if (pair->copy_digest[i] != digest ||
            (is_alike(segment) && is_answer_again(pair, i, segment->side & 1u)))
            continue;
        age = (int16_t)(uint16_t)(now - pair->copy_time[i]) * (int64_t)COPY_TICK;
        if (settings->copy > 0 && (age < 0 ? -age : age) <= settings->copy) {
            *span = age;
            return pair->copies_of_previous >> i & 1 ? pair->previous : pair->live;
        }
    }
    pair->copy_digest[pair->next_copy] = digest;
    pair->copy_time[pair->next_copy] = now;
    pair->copies_of_previous = (uint8_t)(pair->copies_of_previous & ~(1u << pair->next_copy));
    pair->copies_of_side = (uint8_t)((pair->copies_of_side & ~(1u << pair->next_copy)) |
                                     (segment->side & 1u) << pair->next_copy);
    pair->next_copy = (uint8_t)((pair->next_copy + 1) % TCPSTATE_COPIES);
    return NULL;
}
