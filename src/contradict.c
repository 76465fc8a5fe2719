/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What contradicts a RST: its sender goes on, or its receiver does (RFC 9293 section 3.5.3, RFC
 * 1337).
 */
#include "observation.h"

/* How long a segment may be under way where no round trip was timed: RFC 6298 section 2.1's second.
 */
#define UNTIMED_ROUND_TRIP INT64_C(1000000000)

/* How long an acknowledgement of text may be held back, in practice (RFC 9293 section 3.8.6.3
 * allows half a second): 200 ms. */
#define DELAYED_ACK INT64_C(200000000)

/* Whether the segment goes beyond what its sender had sent and acknowledged before, and is not
 * older by its timestamp than the RST. */
static bool
is_news(const struct observation *o)
{
    if (o->segment->timestamps_seen && o->snd->timestamps &&
        seq_lt(o->segment->tsval, o->snd->tsval))
        return false;
    return o->syn || o->fin || (o->snd->numbers_known && seq_lt(o->snd_nxt, o->end)) ||
           (o->rcv->numbers_known && seq_lt(o->rcv->snd_una, o->segment->ack));
}

/* The endpoint is again what it was before the RST, and has not taken the FIN that came with it. */
static void
restore(struct observation *o, enum tcpstate_role role)
{
    struct tcpstate_endpoint *endpoint = &o->connection->end[role];

    endpoint->rst_sent = endpoint->rst_taken = endpoint->fin_inferred = false;
    tcpstate_settle_states(o);
}

/*
 * Before any other step: an endpoint that goes on after its own RST did not send it, so both ends
 * are again what they were (the RST was injected, or answered something else).
 *
 * A segment that may have been captured out of order, or that says nothing new and so may have been
 * sent before the RST, is no contradiction; nor is one that does not follow from what its sender
 * sent and acknowledged before: of the two that one is the odd one.
 */
void
tcpstate_doubt_rst(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    int64_t age = o->segment->time - o->snd->since;

    if (!connection->reset || connection->reset_role != o->snd_role ||
        o->snd->phase != TCPSTATE_PHASE_CLOSED || (o->syn && !o->ack))
        return;
    if (age <= o->settings->reorder ||
        (o->snd->numbers_known &&
         (seq_lt(o->segment->seq, o->snd_una) || seq_lt(o->snd_nxt, o->segment->seq))) ||
        (o->ack && o->rcv->numbers_known && seq_lt(o->segment->ack, o->rcv->snd_una)) ||
        o->fit == FIT_BEYOND || !is_news(o))
        return;
    tcpstate_raise(o, TCPSTATE_EVENT_reset_contradicted, o->snd_role)->frame =
        connection->reset_frame;
    restore(o, o->snd_role);
    connection->reset = false;
    connection->open = connection->handshake_complete || connection->mid_stream
                           ? connection->open
                           : (uint8_t)TCPSTATE_OPEN_NONE;
}

/* Whether the receiver of the RST had taken octets beyond the RST's number, so that it was old. An
 * ICMP error ends a connection too, but has no number. */
static bool
is_reset_missed(const struct observation *o)
{
    const uint32_t seq = o->connection->reset_seq;
    const bool below_fin = o->rcv->fin_sent && seq == o->rcv->fin - 1;

    return o->ack && o->connection->reset_frame && !o->connection->challenge_sent &&
           is_inferred(o, o->snd) && o->rcv->numbers_known &&
           seq_lt(seq + below_fin, o->segment->ack) && seq_le(o->segment->ack, o->rcv->snd_nxt);
}

/* How long the sender may have held its segment back. What TIME_WAIT sends answers at once. */
static int64_t
time_held_back(const struct observation *o)
{
    return o->connection->close_complete ? 0 : DELAYED_ACK;
}

/* Whether the receiver of the RST sends on later than anything can have been under way: it has not
 * taken it (RFC 1337 keeps TIME_WAIT, a stack's window may be another than we think, or the RST was
 * lost). */
static bool
is_reset_refused(struct observation *o)
{
    const int64_t delay = time_held_back(o);
    const int64_t after = o->segment->time - o->snd->since;

    if (!o->snd->rst_taken || o->snd->rst_sent || after <= delay ||
        tcpstate_has_crossed(o, o->snd, after - delay) ||
        (!o->snd->timed && after < UNTIMED_ROUND_TRIP))
        return false;
    o->snd->rst_refused = true;
    tcpstate_raise(o, TCPSTATE_EVENT_reset_not_taken, o->snd_role)->frame =
        o->connection->reset_frame;
    return true;
}

/*
 * Whether a segment that is no RST still counts although its sender was closed by a RST. What was
 * on its way does not; but the receiver of the RST that sends a FIN had not got it yet, and one
 * that acknowledges more than the RST's number ignored it: both are again what they were. So is an
 * endpoint that goes on after an ICMP error, which was none of its connection then.
 */
bool
tcpstate_outlives_rst(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;

    if (o->snd->phase != TCPSTATE_PHASE_CLOSED || o->syn)
        return true;
    if (!connection->reset) {
        if (is_reset_refused(o) || is_reset_missed(o))
            restore(o, o->snd_role);
        return true;
    }
    if (connection->reset_role == o->snd_role)
        return false;
    if (!connection->reset_frame) {
        connection->reset = false;
        connection->open = TCPSTATE_OPEN_NONE;
        restore(o, o->snd_role);
        return true;
    }
    if (is_reset_missed(o) || (o->fin && !o->snd->fin_sent && !o->jumbled) || is_reset_refused(o)) {
        restore(o, o->snd_role);
        return true;
    }
    return false;
}
