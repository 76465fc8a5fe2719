/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a connection's first segment says of its endpoints, and what the capture missed of the
 * handshake (RFC 9293 section 3.5).
 */
#include "observation.h"

/* Both ends of a connection whose beginning was not captured: ESTABLISHED, if the first segment is
 * one that a synchronized endpoint sends. */
static void
assume_established(struct observation *o)
{
    for (int role = 0; role < 2; role++) {
        struct tcpstate_endpoint *endpoint = &o->connection->end[role];

        set_iss(endpoint, (endpoint == o->snd ? o->segment->seq : o->segment->ack) - 1);
        endpoint->snd_una = endpoint->snd_nxt = endpoint->iss + 1;
        endpoint->syn_sent = endpoint->syn_told = true;
    }
    o->snd_una = o->snd_nxt = o->segment->seq;
    tcpstate_begin_states(o);
    o->rcv->gap_at_end = true;
}

/* The pair of addresses and ports had a connection before, whose end the capture may have missed.
 */
static void
name_reuse(struct observation *o)
{
    const struct tcpstate_connection *previous = o->pair->previous;
    const bool open =
        o->connection->segments != 0 && !previous->reset && !previous->close_complete &&
        !(previous->end[TCPSTATE_CLIENT].fin_sent && previous->end[TCPSTATE_SERVER].fin_sent) &&
        previous->end[TCPSTATE_CLIENT].seen && previous->end[TCPSTATE_SERVER].seen &&
        !tcpstate_may_have_closed(previous);
    struct tcpstate_occurrence *reuse = tcpstate_raise(
        o, open ? TCPSTATE_EVENT_reused_while_open : TCPSTATE_EVENT_port_reused, o->snd_role);

    reuse->span = o->segment->time - previous->last_time;
    reuse->frame = previous->last_frame;
}

/*
 * The first segment of a connection decides what its endpoints are assumed to be.
 *
 * A SYN's sender was CLOSED, its receiver should be LISTEN; a SYN,ACK's sender was LISTEN. Anything
 * else is the middle of a connection (or no part of one: then nothing is known).
 */
void
tcpstate_open(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const bool promoted = connection->segments != 0;

    if (o->pair->previous && (o->syn || promoted))
        name_reuse(o);
    if (o->pair->previous && o->pair->previous->recovering)
        tcpstate_raise(o, TCPSTATE_EVENT_half_open_recovery, o->snd_role);
    if (promoted) {
        struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
        const int64_t asked = client->since;

        tcpstate_settle_states(o);
        client->since = asked;
        return;
    }
    if (o->syn && !o->fin && !o->rst) {
        o->snd->phase = o->snd->base = o->ack ? TCPSTATE_PHASE_LISTEN : TCPSTATE_PHASE_CLOSED;
        if (!connection->self)
            o->rcv->phase = o->rcv->base = o->ack ? TCPSTATE_PHASE_SYN_SENT : TCPSTATE_PHASE_LISTEN;
        return;
    }
    if (o->syn || (!o->rst && !o->ack))
        return;
    connection->mid_stream = true;
    connection->open = TCPSTATE_OPEN_MID_STREAM;
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
    tcpstate_raise(o, TCPSTATE_EVENT_mid_stream, o->snd_role);
    if (o->fin && !o->rst)
        tcpstate_raise(o, TCPSTATE_EVENT_fin_without_connection, o->snd_role);
    if (!o->rst)
        assume_established(o);
}

/* The answer to the SYN acknowledges what its sender never sent: numbers of an older connection.
 * Text, or an acknowledgement just ahead of the SYN's numbers, was captured before what it answers.
 */
static void
refuse_reuse(struct observation *o)
{
    struct tcpstate_occurrence *told;

    if (o->segment->len != 0 || o->segment->ack - o->rcv->iss < TCPSTATE_OPENING_SPAN)
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_reuse_refused, o->snd_role);
    told->frame = o->rcv->syn_frame;
    o->record->answers_frame = o->rcv->syn_frame;
    tcpstate_expect_rst(o);
}

/* The sender is a passive opener whose own SYN,ACK was not captured, or whose acknowledgement was
 * not. Text proves that the handshake is over on its side; a bare ACK proves nothing: it may be the
 * first half of a split handshake, or of an older connection. */
static bool
catch_up_sender(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (snd->phase == TCPSTATE_PHASE_LISTEN) {
        if (!is_syn_covered(o->rcv, o->segment->ack) || seq_lt(o->rcv->snd_nxt, o->segment->ack)) {
            refuse_reuse(o);
            return false;
        }
        if (o->segment->len == 0) {
            o->snd->snd_nxt = o->segment->seq;
            o->rcv->snd_una = seq_max(o->rcv->snd_una, o->segment->ack);
            if (o->fin)
                tcpstate_raise(o, TCPSTATE_EVENT_fin_before_established, o->snd_role);
            if (tcpstate_is_echo_wrong(o))
                tcpstate_expect_rst(o);
            return false;
        }
        set_iss(snd, o->segment->seq - 1);
        snd->syn_sent = true;
        o->snd_una = snd->iss;
        snd->snd_nxt = o->snd_nxt = o->segment->seq;
        o->connection->fast_open =
            o->connection->fast_open_asked && seq_lt(o->rcv->iss + 1, o->segment->ack);
        o->rcv->snd_una = seq_max(o->rcv->snd_una, o->segment->ack);
        tcpstate_settle_states(o);
    }
    if (snd->phase == TCPSTATE_PHASE_SYN_RECEIVED && o->segment->len != 0 &&
        !o->connection->fast_open && !o->connection->fast_open_asked &&
        !o->connection->syns_crossed && seq_lt(snd->iss, o->segment->seq)) {
        snd->snd_una = o->snd_una = seq_max(snd->snd_una, snd->iss + 1);
        snd->syn_told = snd->spoken = o->rcv->syn_told = true;
        tcpstate_settle_states(o);
    }
    return true;
}

/* Whether the segment's numbers can complete the handshake of its receiver: it acknowledges the
 * receiver's SYN and nothing beyond what the receiver sent, and goes on from its sender's SYN. The
 * text in between may be missing. */
static bool
is_third_segment(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (!seq_within(o->segment->ack, o->rcv->iss + 1, o->rcv->snd_nxt))
        return false;
    if (snd->phase != TCPSTATE_PHASE_SYN_SENT || !snd->numbers_known)
        return true;
    return seq_lt(snd->iss, o->segment->seq);
}

/*
 * Before the ACK of a segment without SYN: fills in what the capture missed of the handshake, and
 * judges the segment that should complete it.
 *
 * Returns false if the segment changes nothing: its numbers are not those of the handshake (RFC
 * 9293 section 3.10.7.4, "SYN-RECEIVED STATE").
 */
bool
tcpstate_catch_up(struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;

    if (o->snd->ack_refused && o->snd->phase == TCPSTATE_PHASE_SYN_RECEIVED) {
        o->snd->ack_refused = false;
        tell(o->snd, o->snd->snd_una);
        o->snd->spoken = true;
        tcpstate_settle_states(o);
    }
    if (o->connection->handshake_complete || o->connection->mid_stream)
        return true;
    tcpstate_pick_alternate(o);
    if (rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED && !is_third_segment(o)) {
        if (!o->jumbled || seq_le(o->segment->ack, rcv->snd_nxt))
            tcpstate_raise(o, TCPSTATE_EVENT_handshake_ack_invalid, o->snd_role);
        return false;
    }
    return catch_up_sender(o);
}
