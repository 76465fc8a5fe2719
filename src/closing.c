/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The close: four segments, three, crossing, and what goes wrong with it (RFC 9293 section 3.6).
 */
#include "observation.h"

/* A FIN repeated so often may still be on its way: a tail loss probe (RFC 8985 section 7.2) and two
 * timers. */
#define FINS_OF_THE_PATIENT 3

#define MILLISECOND 1000000

static void
number_fin(struct observation *o)
{
    if (!o->rcv->fin_sent || o->connection->self)
        o->connection->step = 0;
    o->snd->fin_step = tcpstate_next_step(o) & 15u;
    o->record->close_step = o->snd->fin_step;
}

/* Which close it will be, as both FINs tell: one that is the acknowledgement of the other makes it
 * the three-way close; if neither acknowledges the other, they crossed. The other may have been
 * captured ahead of the one that it answers. */
static void
join_close(struct observation *o)
{
    if (o->took_fin || is_fin_covered(o->snd, o->rcv->fin_ack)) {
        o->connection->three_way = true;
        tcpstate_raise(o, TCPSTATE_EVENT_three_way_close, o->took_fin ? o->snd_role : o->rcv_role);
    } else if (have_fins_crossed(o->snd, o->rcv)) {
        tcpstate_raise(o, TCPSTATE_EVENT_simultaneous_close, o->snd_role);
    }
}

/* How sure a FIN makes its sender's state: where the capture missed the beginning, the peer may
 * have closed before, unless it has sent text since. */
static bool
is_fin_assumed(const struct observation *o)
{
    return o->connection->mid_stream && !o->snd->syn_frame && !o->rcv->text_sent &&
           !o->rcv->fin_sent;
}

/* Whether the FIN lies behind all text that its sender used. It may fill the last octet of what was
 * not captured yet: an acknowledgement that was sent after it came before it. */
static bool
is_at_end(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    return !seq_lt(o->end - 1, o->snd_nxt) ||
           (o->end == o->snd_nxt && (snd->gap_before_nxt || snd->gap_at_end));
}

/* Whether the FIN is older than the capture's disorder explains. A timestamp clock ticks once in a
 * millisecond at most (RFC 7323 section 5.4). */
static bool
is_fin_stale(const struct observation *o)
{
    return is_stale(o) || staleness(o) > o->settings->reorder / MILLISECOND + 1;
}

static void
take_first_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (!is_at_end(o) || is_fin_stale(o))
        return;
    if (snd->phase == TCPSTATE_PHASE_CLOSE_WAIT && !snd->text_after_fin && !o->took_fin)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_close, snd->since);
    if (tcpstate_edge((enum tcpstate_phase)snd->phase, TCPSTATE_STIMULUS_SND_FIN) ==
        TCPSTATE_NO_EDGE) {
        if (!is_synchronized(snd) && snd->phase != TCPSTATE_PHASE_CLOSED)
            tcpstate_raise(o, TCPSTATE_EVENT_fin_before_established, o->snd_role);
        return;
    }
    if (tcpstate_is_rejection(o))
        tcpstate_raise(o, TCPSTATE_EVENT_accept_then_close, o->snd_role);
    if (o->fin_delivered && !snd->holed)
        o->rcv->fin_inferred = true;
    snd->fin_assumed = is_fin_assumed(o);
    snd->fin_sent = true;
    snd->fin = o->end;
    snd->fin_told = false;
    snd->fin_ack = o->segment->ack;
    snd->snd_nxt = o->end;
    snd->fin_frame = o->segment->frame;
    snd->sent_time = o->segment->time;
    snd->fin_count = 1;
    number_fin(o);
    snd->gap_before_nxt = false;
    if (snd->holed)
        tcpstate_raise(o, TCPSTATE_EVENT_fin_out_of_order, o->snd_role)->count =
            seq_lt(o->snd_nxt, o->segment->seq) ? o->segment->seq - o->snd_nxt : 0;
    if (o->connection->self)
        tcpstate_raise(o, TCPSTATE_EVENT_close_begun, o->snd_role);
    else if (o->rcv->fin_sent)
        join_close(o);
    else
        tcpstate_raise(o, TCPSTATE_EVENT_close_begun, o->snd_role);
}

/* The sender repeats its FIN, so what was inferred of its peer's receiving it, and the
 * acknowledgement that the capture may hold of it, did not happen. */
static void
take_back(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_endpoint *rcv = o->rcv;

    if (!o->connection->reset && is_fin_acked(snd) && is_inferred(o, snd)) {
        snd->fin_told = false;
        snd->waited = false;
        if (is_fin_taken(snd, rcv))
            tcpstate_raise(o, TCPSTATE_EVENT_last_ack_lost, o->snd_role)->frame = snd->fin_frame;
    }
    if (is_inferred(o, rcv))
        rcv->fin_inferred = false;
    tcpstate_settle_states(o);
}

/* Whether the FIN stands on an acknowledgement of more than any before: some stacks set it on all
 * that they send until it is acknowledged, which repeats nothing. */
static bool
is_fin_on_ack(const struct observation *o)
{
    return o->acks_more && o->segment->len == 0;
}

/* The same FIN again. One that follows an acknowledgement at once, the first or one that answers
 * this very repetition, was sent before that arrived. */
static void
repeat_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    const bool acked = is_fin_acked(snd);
    const int64_t span = o->segment->time - snd->sent_time;
    struct tcpstate_occurrence *told;

    if ((acked && (o->jumbled || tcpstate_has_crossed(o, snd, o->segment->time - snd->since))) ||
        is_network_copy(o->segment, snd->sent_ip_id, snd->sent_tsval))
        return;
    snd->fin_count = count_up(snd->fin_count);
    snd->fin_repeated = true;
    if (o->ack && seq_lt(o->segment->ack, snd->fin_ack))
        snd->fin_ack = o->segment->ack;
    snd->fin_assumed = false;
    o->record->close_step = snd->fin_step;
    take_back(o);
    if ((acked && is_fin_taken(snd, o->rcv)) || is_fin_on_ack(o))
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_fin_retransmission, o->snd_role);
    told->span = span;
    told->frame = snd->fin_frame;
    if (!acked && !snd->stuck_told && snd->fin_count > FINS_OF_THE_PATIENT &&
        span >= o->settings->slow) {
        snd->stuck_told = true;
        told = tcpstate_raise(o, TCPSTATE_EVENT_stuck_fin_unacked, o->snd_role);
        told->count = snd->fin_count;
        told->span = span;
    }
}

/* Whether the FIN before lies beyond a hole, and this one ends the text in front of the hole:
 * nothing will ever fill it. */
static bool
is_hole_empty(const struct observation *o)
{
    return o->snd->holed && seq_lt(o->end, o->snd->fin) && seq_le(o->end - 1, o->snd->hole) &&
           !seq_lt(o->segment->seq, o->snd_una);
}

/* A FIN at another number than the one before: what its receiver acknowledges tells which is its
 * sender's, unless the one before lies behind octets that its sender will never send. */
static void
change_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    tcpstate_raise(o, TCPSTATE_EVENT_fin_seq_changed, o->snd_role);
    snd->fin_changed = true;
    if (!is_hole_empty(o))
        return;
    snd->fin_sent = snd->fin_changed = snd->holed = false;
    snd->snd_nxt = o->snd_nxt = o->end - 1;
    take_first_fin(o);
}

/*
 * The acknowledgement goes beyond the receiver's FIN, to text that followed it: both ends know
 * better than the capture, and that FIN was none of theirs, or was dropped (a stale timestamp, a
 * wrong checksum, a forgery). Another FIN that it covers counts instead.
 */
void
tcpstate_disown_fin(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;

    rcv->fin_sent = rcv->fin_changed && o->segment->ack - rcv->snd_nxt <= 1;
    if (rcv->fin_sent)
        rcv->fin = rcv->snd_nxt = o->segment->ack;
    else
        rcv->fin_frame = 0;
    rcv->fin_unseen = rcv->fin_assumed = rcv->fin_changed = rcv->waited = false;
    rcv->fin_told = false;
    o->snd->fin_inferred = false;
    tcpstate_settle_states(o);
}

/*
 * The sender goes on with text at the number of its FIN: it sent none. Whether its receiver has
 * taken that FIN is another matter. One that came again is its sender's.
 */
void
tcpstate_deny_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (!seq_lt(o->segment->seq, snd->fin) || snd->fin_count > 1 || o->jumbled)
        return;
    o->rcv->fin_inferred = is_fin_taken(o->rcv, snd);
    snd->fin_sent = snd->fin_assumed = snd->fin_changed = snd->waited = false;
    snd->fin_frame = 0;
    snd->snd_nxt = snd->fin - 1;
    o->unsettled = true;
}

/* The FIN was inferred before it was captured. */
static void
take_late_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (snd->fin_answers && seq_lt(o->segment->ack, o->rcv->fin)) {
        o->rcv->snd_una = o->rcv->fin - 1;
        o->rcv->fin_told = o->rcv->waited = false;
        snd->fin_inferred =
            snd->fin_told; /* the FINs crossed: what told it came behind the other */
    }
    snd->fin_unseen = snd->fin_answers = false;
    snd->fin_ack = o->segment->ack;
    snd->fin_frame = o->segment->frame;
    snd->fin_count = 1;
    if (!snd->fin_step)
        snd->fin_step = tcpstate_next_step(o) & 15u;
    o->record->close_step = snd->fin_step;
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
}

/*
 * Step eight: the FIN (RFC 9293 section 3.10.7.4).
 *
 * The sender has closed; its receiver's state follows when it acknowledges the FIN. A FIN at a
 * number before text that its sender has used is not its sender's and changes nothing.
 */
void
tcpstate_take_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (snd->fin_unseen && o->end == snd->fin)
        take_late_fin(o);
    else if (!snd->fin_sent)
        take_first_fin(o);
    else if (o->end == snd->fin)
        repeat_fin(o);
    else
        change_fin(o);
    o->unsettled = true;
    if (snd->fin_sent && o->end == snd->fin) {
        snd->sent_ip_id = o->segment->ip_id;
        snd->sent_tsval = o->segment->tsval;
    }
}

/* Whether the acknowledgement covers one octet of its receiver that was not captured, while the
 * connection closes, or a FIN without ACK: that octet was a FIN. */
static bool
is_fin_missed(const struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;

    if (!o->ack || rcv->fin_sent || tcpstate_is_probe_first(o) || !is_syn_acked(rcv) ||
        o->connection->self ||
        !(o->snd->fin_sent || (o->fin && rcv->seen) || o->rst || rcv->fin_bare))
        return false;
    return o->segment->ack == rcv->snd_nxt + 1 ||
           (o->segment->ack == rcv->snd_nxt && rcv->gap_of_one);
}

/*
 * Before the ACK: whether its receiver must have sent a FIN that was not captured. Such a FIN
 * acknowledged the sender's, if that one went before: FINs rarely cross (RFC 9293 section 3.6).
 */
void
tcpstate_infer_fin(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_endpoint *rcv = o->rcv;

    if (!is_fin_missed(o))
        return;
    o->steady = false;
    rcv->fin_sent = true;
    rcv->fin_unseen = !rcv->fin_bare;
    rcv->fin = rcv->snd_nxt = o->segment->ack;
    rcv->fin_told = is_fin_covered(rcv, rcv->snd_una);
    if (rcv->unseen_acked && rcv->unseen_ack == o->segment->ack)
        rcv->snd_una = o->segment->ack;
    rcv->fin_ack = snd->fin_sent ? snd->fin : snd->snd_una;
    rcv->sent_time = o->segment->time;
    rcv->unseen_acked = false;
    rcv->fin_answers = snd->fin_sent && !is_fin_covered(snd, snd->snd_una);
    if (rcv->fin_answers) {
        snd->snd_una = o->snd_una = snd->fin;
    }
    if (rcv->fin_unseen)
        tcpstate_raise(o, TCPSTATE_EVENT_inferred_fin, o->rcv_role);
    tcpstate_settle_states(o);
}
