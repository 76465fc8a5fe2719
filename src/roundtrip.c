/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The round trip between the place of capture and each end: nothing answers, or contradicts,
 * sooner.
 *
 * Limitations: one question is timed at a time, and the answer to a repeated one is timed from the
 * first (Karn's rule, RFC 6298 section 3, is kept by taking the shortest time of all).
 */
#include "observation.h"

/* Questions are timed in units of 2^10 nanoseconds, round trips are kept in units of 2^16: up to
 * four seconds. */
#define ASKED_SHIFT 10
#define TRIP_SHIFT 16

/* Whether the segment asks for an answer that nothing else has asked for: a SYN, a FIN or text that
 * goes on where all before was acknowledged, and is not itself. */
static bool
is_question(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (o->end == o->segment->seq)
        return false;
    if (!snd->numbers_known)
        return true;
    return seq_lt(snd->snd_una, o->end) &&
           (o->syn || (snd->snd_una == snd->snd_nxt && seq_lt(snd->snd_nxt, o->end)));
}

/* Whether the segment answers what its sender was asked: its first, or one that acknowledges more
 * than before. */
static bool
is_answer(const struct observation *o)
{
    return o->ack && (!o->snd->seen || seq_lt(o->rcv->snd_una, o->segment->ack));
}

/*
 * Times the questions to both ends.
 */
void
tcpstate_time_round_trip(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t now = (uint32_t)(o->segment->time >> ASKED_SHIFT);
    const uint32_t trip = (now - snd->asked_time) >> (TRIP_SHIFT - ASKED_SHIFT);

    if (o->rst || o->connection->self)
        return;
    if (snd->asked && is_answer(o)) {
        snd->asked = false;
        if (!snd->timed || trip < snd->round_trip) {
            snd->round_trip = (uint16_t)(trip < UINT16_MAX ? trip + 1 : UINT16_MAX);
            snd->timed = true;
        }
    }
    if (rcv->asked || !is_question(o))
        return;
    rcv->asked = true;
    rcv->asked_time = now;
}

/*
 * The shortest time that an answer of this end took from the place of capture and back; 0 if none
 * was timed. Nanoseconds.
 */
int64_t
tcpstate_round_trip(const struct tcpstate_endpoint *endpoint)
{
    return endpoint->timed ? (int64_t)endpoint->round_trip << TRIP_SHIFT : 0;
}

/*
 * Whether a segment of this endpoint, captured a time (nanoseconds) after one captured towards it,
 * may have been sent before that one arrived: within a round trip, or within the capture's own
 * disorder.
 */
bool
tcpstate_has_crossed(const struct observation *o, const struct tcpstate_endpoint *endpoint,
                     int64_t after)
{
    return after <= o->settings->reorder || after <= tcpstate_round_trip(endpoint);
}
