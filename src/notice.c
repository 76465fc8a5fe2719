/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is worth a remark but changes no state: silence, probes, repetitions, windows, paths,
 * storms.
 */
#include "observation.h"

/* A second, in units of 2^27 nanoseconds. */
#define STORM_SHIFT 27
#define STORM_UNITS 8

#define CROSSING_RESETS 5000000 /* nanoseconds within which RSTs both ways belong together */

/* A segment of an open connection after a long silence. */
static void
notice_silence(struct observation *o)
{
    if (o->silence > o->settings->idle && is_synchronized(o->snd) && is_synchronized(o->rcv))
        tcpstate_raise(o, TCPSTATE_EVENT_idle_gap, o->snd_role)->span = o->silence;
}

/*
 * Whether the segment comes another way than its sender's segments before.
 */
bool
tcpstate_is_path_changed(const struct observation *o)
{
    const struct tcpstate_segment *segment = o->segment;
    const struct tcpstate_endpoint *snd = o->snd;

    return (segment->ttl && snd->ttl && segment->ttl != snd->ttl) ||
           (segment->link && snd->link && segment->link != snd->link);
}

static void
notice_path(struct observation *o)
{
    if (o->syn &&
        o->ack) /* a listener's, or a proxy's in front of it: before the socket has a TTL */
        return;
    if (tcpstate_is_path_changed(o))
        tcpstate_raise(o, TCPSTATE_EVENT_hop_change, o->snd_role);
    o->snd->ttl = o->segment->ttl;
    o->snd->link = o->segment->link;
}

/* Keepalives go one below what their sender has used, when all of it is acknowledged (RFC 9293
 * section 3.8.4). With the window closed they are window probes. */
static bool
is_keepalive(const struct observation *o)
{
    return o->segment->len <= 1 && !o->syn && !o->fin && is_synchronized(o->snd) &&
           o->segment->seq == o->snd->snd_nxt - 1 && o->snd->snd_una == o->snd->snd_nxt &&
           !o->rcv->window_closed;
}

static void
notice_keepalive(struct observation *o)
{
    if (!o->connection->self)
        o->rcv->probes = 0;
    if (!is_keepalive(o) || o->jumbled) /* its answer may stand before it */
        return;
    if (o->snd->probes < 15)
        o->snd->probes = (o->snd->probes + 1u) & 15;
    if (o->snd->probes == 2 && o->rcv->seen)
        tcpstate_raise(o, TCPSTATE_EVENT_keepalive_unanswered, o->snd_role)->count = 2;
}

/* Counts repetitions of the first text that is not acknowledged. */
static void
notice_repetition(struct observation *o)
{
    if (o->segment->len != 0 && o->segment->seq == o->snd_una && is_synchronized(o->snd) &&
        seq_lt(o->snd_una, o->snd_nxt) && !o->rcv->window_closed)
        o->snd->repeats = count_up(o->snd->repeats);
}

static void
notice_timestamp(struct observation *o)
{
    if (is_stale(o))
        tcpstate_raise(o, TCPSTATE_EVENT_paws_reject, o->snd_role);
}

/* Text again that was acknowledged longer ago than a round trip: its sender has not taken that
 * acknowledgement. */
static void
notice_ack_not_taken(struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (o->segment->len == 0 || o->syn || o->fin || o->fit == FIT_BEYOND || !snd->timed ||
        o->connection->close_complete || snd->snd_una != snd->snd_nxt ||
        seq_lt(snd->snd_una, o->end) || is_keepalive(o) || !is_synchronized(snd) ||
        tcpstate_has_crossed(o, snd, o->silence))
        return;
    tcpstate_raise(o, TCPSTATE_EVENT_ack_not_taken, o->snd_role)->count = o->segment->len;
}

/* Whether the segment only says again what its sender had said: an acknowledgement of nothing new.
 */
static bool
is_idle_ack(const struct observation *o)
{
    return o->ack && !o->syn && o->segment->len == 0 &&
           !(seq_lt(o->rcv->snd_una, o->segment->ack) && seq_le(o->segment->ack, o->rcv->snd_nxt));
}

static enum storm
storm_of(const struct observation *o)
{
    if (o->rst)
        return STORM_OF_RESETS;
    if (o->fin)
        return STORM_OF_FINS;
    return is_idle_ack(o) ? STORM_OF_ACKS : STORM_NONE;
}

/* Counts RSTs, FINs, or acknowledgements that answer each other, of this connection within a
 * second. */
static void
notice_storm(struct observation *o)
{
    static const enum tcpstate_event events[] = {
        [STORM_OF_RESETS] = TCPSTATE_EVENT_reset_storm,
        [STORM_OF_FINS] = TCPSTATE_EVENT_fin_storm,
        [STORM_OF_ACKS] = TCPSTATE_EVENT_ack_storm,
    };
    struct tcpstate_connection *connection = o->connection;
    const enum storm storm = storm_of(o);
    const uint8_t now = (uint8_t)(o->segment->time >> STORM_SHIFT);

    if (storm == STORM_NONE && connection->storm != STORM_OF_ACKS)
        return;
    if (connection->storm != storm || (uint8_t)(now - connection->storm_time) >= STORM_UNITS) {
        connection->storm = (unsigned)storm & 3;
        connection->storm_time = now;
        connection->storm_count = 0;
    } else if (storm == STORM_OF_ACKS && connection->storm_role == o->snd_role) {
        return;
    }
    connection->storm_role = o->snd_role & 1;
    connection->storm_count = count_up(connection->storm_count);
    if (storm != STORM_NONE && connection->storm_count == o->settings->storm + 1)
        tcpstate_raise(o, events[storm], o->snd_role)->count = o->settings->storm;
}

/* Whether the segment acknowledges a number far from where its receiver stands: another
 * connection's. */
static bool
is_foreign(const struct observation *o)
{
    const int32_t span = TCPSTATE_OLD_NUMBERS_SPAN;
    const int32_t ack = seq_diff(o->segment->ack, o->rcv->snd_nxt);

    return o->ack && o->rcv->numbers_known && (ack > span || ack < -span);
}

/*
 * Before the steps: what the segment shows beside its effect on states.
 */
void
tcpstate_notice(struct observation *o)
{
    notice_storm(o);
    if (o->rst || o->record->opened)
        return;
    notice_silence(o);
    notice_path(o);
    notice_keepalive(o);
    notice_repetition(o);
    notice_ack_not_taken(o);
    notice_timestamp(o);
    if (o->fit == FIT_BEYOND && !o->jumbled && (o->segment->len != 0 || is_foreign(o)))
        tcpstate_raise(o, TCPSTATE_EVENT_segment_out_of_window, o->snd_role);
}

/*
 * The right edge of the sender's window moved left (RFC 9293 section 3.8.6).
 *
 * edge is the sequence number just beyond the window that this segment offers. Scaling rounds an
 * edge down by less than one unit, an acknowledgement that came late offers an older window, and a
 * peer whose FIN is acknowledged has nothing left to send: none takes anything back. Returns
 * whether it moved.
 */
bool
tcpstate_notice_window(struct observation *o, uint32_t edge)
{
    const struct tcpstate_endpoint *snd = o->snd;
    const int32_t lost = seq_diff(snd->rcv_edge, edge);

    if (lost < 1 << snd->window_shift || seq_lt(o->segment->ack, o->rcv->snd_una) ||
        seq_lt(o->segment->seq, o->snd_nxt) ||
        (o->rcv->fin_sent && is_fin_covered(o->rcv, o->segment->ack)))
        return false;
    tcpstate_raise(o, TCPSTATE_EVENT_window_shrunk, o->snd_role)->count = (uint32_t)lost;
    return true;
}

/*
 * Whether the sender of the RST repeated its FIN so often, and for so long, that it gave up.
 */
bool
tcpstate_is_fin_given_up(const struct observation *o)
{
    return o->snd->fin_count > TCPSTATE_GIVING_UP && !is_fin_acked(o->snd) &&
           o->segment->time - o->snd->sent_time >= o->settings->slow;
}

/* Text that was never acknowledged, not even by this RST. */
static uint32_t
unacked_by(const struct observation *o, const struct tcpstate_endpoint *endpoint)
{
    uint32_t una = endpoint->snd_una;

    if (!endpoint->text_sent || !o->rcv->seen || (o->ack && o->jumbled))
        return 0; /* what it does not acknowledge may have been captured before it, or behind */
    if (endpoint == o->rcv && o->ack)
        una = seq_max(una, o->segment->ack);
    return seq_lt(una, endpoint->snd_nxt) ? endpoint->snd_nxt - una - endpoint->fin_sent : 0;
}

/*
 * An accepted RST of a connection past its handshake: who sent it, and what is lost with it.
 */
void
tcpstate_notice_reset(struct observation *o)
{
    const enum tcpstate_role roles[] = {o->snd_role, o->rcv_role};

    if (tcpstate_is_path_changed(o))
        tcpstate_raise(o, TCPSTATE_EVENT_reset_suspicious, o->snd_role);
    for (int i = 0; i < 2; i++) {
        const struct tcpstate_endpoint *endpoint = &o->connection->end[roles[i]];
        const uint32_t lost = unacked_by(o, endpoint);

        if (endpoint->repeats >= TCPSTATE_GIVING_UP)
            tcpstate_raise(o, TCPSTATE_EVENT_gave_up_retransmitting, roles[i])->count =
                endpoint->repeats + 1u;
        else if (endpoint == o->snd && tcpstate_is_fin_given_up(o))
            tcpstate_raise(o, TCPSTATE_EVENT_gave_up_retransmitting, roles[i])->count =
                endpoint->fin_count;
        if (lost != 0 && !(endpoint == o->rcv && endpoint->text_after_fin)) {
            tcpstate_raise(o, TCPSTATE_EVENT_unacked_data_at_close, roles[i])->count = lost;
            break;
        }
    }
    if (o->ack && tcpstate_is_rejection(o))
        tcpstate_raise(o, TCPSTATE_EVENT_accept_then_close, o->snd_role);
}

/*
 * A RST on a connection that another one ended: both ways at once, none of the two is the
 * endpoints'.
 */
void
tcpstate_notice_second_reset(struct observation *o)
{
    const int64_t age = o->segment->time - o->rcv->since;

    if (o->connection->reset && o->connection->reset_role != o->snd_role &&
        o->connection->handshake_complete && age >= 0 && age <= CROSSING_RESETS)
        tcpstate_raise(o, TCPSTATE_EVENT_reset_suspicious, o->snd_role);
}

/*
 * A step of the handshake or the close that took its sender longer than settings->slow; asked is
 * when it was asked for, nanoseconds since the epoch. What is stuck is another event.
 */
void
tcpstate_notice_step(struct observation *o, enum tcpstate_event event, int64_t asked)
{
    const int64_t span = o->segment->time - asked;

    if (span > o->settings->slow && span <= o->settings->stuck)
        tcpstate_raise(o, event, o->snd_role)->span = span;
}

/*
 * Whether the acceptor closes or resets with its first own segment, and no text came either way:
 * none was captured, and none is acknowledged that was not captured yet.
 */
bool
tcpstate_is_rejection(const struct observation *o)
{
    return o->snd_role == TCPSTATE_SERVER && o->connection->handshake_complete && !o->snd->spoke &&
           o->segment->time - o->snd->since <= o->settings->slow && !o->snd->text_sent &&
           !o->rcv->text_sent && !o->rcv->fin_sent && o->segment->len == 0 &&
           seq_le(o->segment->ack, o->rcv->iss + 1);
}
