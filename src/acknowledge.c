/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ACK: what it proves of its sender, and what follows for its receiver (RFC 9293 section
 * 3.10.7.4, fifth step).
 */
#include "observation.h"

/* An acknowledgement that reaches farther beyond what was captured is not believed. */
#define UNSEEN_SPAN (1 << 30)

/* Whether to believe an acknowledgement of what was not captured. It is believed when it comes a
 * second time, or when nothing of that endpoint is captured at all; a single one may be forged, and
 * an endpoint would drop it (RFC 9293 section 3.10.7.4). Of two that the capture may have swapped
 * the higher waits for what it covers. */
static bool
is_believed(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;
    const bool again = rcv->unseen_acked && seq_le(rcv->unseen_ack, ack);

    o->steady = false;
    if (tcpstate_is_probe_first(o)) {
        rcv->snd_nxt = ack;
        rcv->unseen_acked = false;
        return true;
    }
    if (rcv->fin_sent) {
        tcpstate_raise(o, TCPSTATE_EVENT_ack_beyond_fin, o->snd_role);
        return false;
    }
    if (!rcv->syn_sent || seq_diff(ack, rcv->snd_nxt) > UNSEEN_SPAN)
        return false;
    if (!is_syn_acked(rcv) || (rcv->seen && !again)) {
        if (!rcv->unseen_acked || !o->jumbled)
            rcv->unseen_ack = ack;
        rcv->unseen_acked = true;
        if (is_syn_acked(rcv))
            tcpstate_raise(o, TCPSTATE_EVENT_ack_of_unseen, o->snd_role);
        return false;
    }
    rcv->unseen_acked = false;
    rcv->gap_at_end = true;
    rcv->gap_of_one = ack - rcv->snd_nxt == 1;
    tcpstate_raise(o, TCPSTATE_EVENT_capture_gap, o->rcv_role)->count = ack - rcv->snd_nxt;
    rcv->snd_nxt = ack;
    return true;
}

/*
 * What the acknowledgement of a SYN or FIN proves of the endpoint that sends it: it has taken that
 * one, and with it every acknowledgement that came in it or before.
 */
void
tcpstate_prove(struct observation *o, uint32_t ack)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_endpoint *rcv = o->rcv;
    const bool syn = is_syn_covered(rcv, ack) && !is_syn_taken(snd, rcv);
    const bool syn_again = is_syn_covered(rcv, ack) && !is_syn_acked(snd);
    const bool fin = is_fin_covered(rcv, ack) && !is_fin_taken(snd, rcv);

    if (snd->fin_inferred && !rcv->fin_sent && seq_lt(rcv->snd_una, ack)) {
        snd->fin_inferred = false; /* it goes on taking text */
        o->unsettled = true;
    }
    rcv->snd_una = seq_max(rcv->snd_una, ack);
    if (!syn && !fin && !syn_again)
        return;
    o->unsettled = true;
    tell(snd, o->snd_una);
    if (!o->syn) {
        snd->spoken |= is_syn_acked(snd);
        snd->waited |= is_fin_acked(snd);
    }
}

/* Whether the receiver lacks octets before the sender's FIN, which it then cannot take: later than
 * a round trip after that FIN it sent its own, and acknowledged less than all the text. */
static bool
is_fin_beyond_hole(const struct observation *o)
{
    return o->snd->holed ||
           (seq_lt(o->rcv->fin_ack, o->snd->fin - 1) &&
            !tcpstate_has_crossed(o, o->rcv, o->rcv->sent_time - o->snd->sent_time));
}

/* What follows for the receiver of an acknowledgement if it arrived, with all that its sender had
 * sent before, in order. */
static void
deliver(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;

    if (rcv->ack_refused && !is_syn_acked(rcv))
        return;
    if (o->connection->syns_crossed && is_syn_covered(rcv, ack))
        rcv->syn_inferred = true;
    if (have_fins_crossed(snd, rcv) && is_fin_covered(rcv, ack) && !is_fin_taken(rcv, snd) &&
        !is_fin_beyond_hole(o) && o->segment->seq == snd->fin) {
        rcv->fin_inferred = o->unsettled = true;
    }
    o->unsettled |= !is_syn_acked(rcv) || (rcv->fin_sent && !is_fin_acked(rcv));
    tell(rcv, ack);
}

/* Keeps the right edge of the window that the sender offers. The window of a segment with SYN is
 * never scaled, and any other's only if both SYNs had the option (RFC 7323 section 2.2); so the
 * edge that a SYN shows is rough, and gives way to the next. */
static void
take_window(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    const bool scaled = !o->syn && snd->window_scaled && o->rcv->window_scaled;
    uint32_t edge;

    if (!o->syn && !(snd->options_known && o->rcv->options_known))
        return;
    edge = o->segment->ack + ((uint32_t)o->segment->window << (scaled ? snd->window_shift : 0));
    if (snd->edge_rough || !snd->edge_known || tcpstate_notice_window(o, edge))
        snd->rcv_edge = edge;
    else
        snd->rcv_edge = seq_max(snd->rcv_edge, edge);
    snd->edge_known = true;
    snd->edge_rough = o->syn;
}

/* An acknowledgement that repeats the challenged number right after an unacceptable segment is the
 * challenge (RFC 5961 sections 3.2, 4.2, 5.2). From an endpoint whose window is closed it is the
 * update of that window. */
static void
take_challenge_ack(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const bool pure = o->segment->len == 0 && !o->syn && !o->fin && !o->rst;

    if (!connection->challenged_frame || connection->challenged_role == o->snd_role)
        return;
    if (pure && o->snd->numbers_known && o->segment->seq == o->snd->snd_nxt &&
        o->segment->ack == o->rcv->snd_una && !(o->snd->window_closed && o->segment->window != 0)) {
        const bool reuse = connection->challenged_syn && connection->close_complete;

        if (!connection->challenged_syn || !tcpstate_may_have_closed(connection))
            tcpstate_raise(o, reuse ? TCPSTATE_EVENT_reuse_refused : TCPSTATE_EVENT_challenge_ack,
                           o->snd_role)
                ->frame = connection->challenged_frame;
        o->record->answers_frame = connection->challenged_frame;
        connection->challenge_sent = true;
        connection->challenge_role = o->snd_role & 1;
        connection->challenge_of_syn = connection->challenged_syn;
        connection->challenge_ack = o->segment->ack;
        o->pair->pending.active = false;
    }
    connection->challenged_frame = 0;
}

/* Whether the segment completes its receiver's handshake and closes at once: its acknowledgement
 * counts as any, and its FIN arrives with it. */
static bool
is_last_of_handshake(struct observation *o)
{
    if (is_synchronized(o->rcv) || o->rcv->phase == TCPSTATE_PHASE_SYN_SENT || o->syn ||
        is_syn_acked(o->rcv) || o->rcv->ack_refused || !is_syn_covered(o->rcv, o->segment->ack))
        return false;
    o->fin_delivered = true;
    return true;
}

/* The old connection's acknowledgement answers the SYN of the next one: its sender has not let go
 * of the old one (RFC 9293 section 3.6.1). */
static void
refuse_next(struct observation *o)
{
    const struct tcpstate_connection *next = o->pair->live;
    const struct tcpstate_endpoint *client = &next->end[TCPSTATE_CLIENT];
    struct tcpstate_occurrence *told;

    if (o->connection != o->pair->previous || client->phase != TCPSTATE_PHASE_SYN_SENT ||
        next->client_side == (o->segment->side & 1u) || o->segment->len != 0 || o->fin ||
        o->snd->phase != TCPSTATE_PHASE_TIME_WAIT || o->segment->seq != o->snd->snd_nxt)
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_reuse_refused, o->snd_role);
    told->frame = client->syn_frame;
    o->record->answers_frame = client->syn_frame;
}

/* What the acknowledgement changes: all that it may where a SYN or FIN is open. */
static void
settle_ack(struct observation *o)
{
    tcpstate_prove(o, o->segment->ack);
    if (o->fit == FIT_ACCEPTABLE && (!o->demanding || is_last_of_handshake(o)))
        deliver(o);
    if (o->unsettled)
        tcpstate_settle_states(o);
}

/* Step five: the ACK; false if the whole segment is to be dropped, as one that acknowledges what
 * cannot have been sent. What the capture may merely have missed is no reason to drop the text. */
bool
tcpstate_take_ack(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;
    uint32_t una;

    if (!rcv->numbers_known)
        tcpstate_learn_numbers(o);
    else if (seq_lt(rcv->snd_nxt, ack) && !is_believed(o))
        return !rcv->fin_sent;
    if (rcv->fin_sent && seq_lt(rcv->fin, ack))
        tcpstate_disown_fin(o);
    take_challenge_ack(o);
    refuse_next(o);
    o->took_fin = is_fin_covered(rcv, ack) && !is_fin_covered(rcv, rcv->snd_una);
    if (o->took_fin)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_close, rcv->sent_time);
    una = rcv->snd_una;
    o->acks_more = seq_lt(una, ack);
    if (o->steady)
        rcv->snd_una = seq_max(una, ack);
    else
        settle_ack(o);
    take_window(o);
    if (!rcv->seen && is_syn_acked(rcv) && o->acks_more && seq_lt(rcv->iss, una))
        tcpstate_raise(o, TCPSTATE_EVENT_one_direction, o->snd_role);
    if (o->acks_more) {
        if (o->snd->fin_sent && rcv->phase == TCPSTATE_PHASE_CLOSE_WAIT &&
            seq_lt(rcv->text_from, ack)) {
            struct tcpstate_occurrence *told =
                tcpstate_raise(o, TCPSTATE_EVENT_half_closed_transfer, o->rcv_role);

            told->count = ack - rcv->text_from;
            told->span = o->segment->time - o->snd->sent_time;
        }
        if (rcv->holed && seq_le(rcv->hole, ack)) {
            rcv->holed = false;
            rcv->gap_at_end |= rcv->gap_before_nxt;
            rcv->gap_of_one = rcv->gap_before_nxt && rcv->hole - una == 1;
            tcpstate_raise(o, TCPSTATE_EVENT_capture_gap, o->rcv_role);
        }
        rcv->repeats = 0;
    }
    return true;
}

/* Whether the segment goes on behind what was acknowledged and never captured. Text says that no
 * FIN is among it. */
static bool
is_behind_unseen(const struct observation *o)
{
    return !seq_lt(o->segment->seq, o->snd->unseen_ack) && !o->fin && o->snd->seen;
}

/* What the sender's peer acknowledged is missing from the capture: the sender goes on behind it. */
static void
confirm_gap(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    snd->holed = false;
    snd->gap_at_end = o->segment->len == 0;
    snd->gap_of_one = snd->gap_at_end && o->segment->seq - o->snd_nxt == 1;
    tcpstate_raise(o, TCPSTATE_EVENT_capture_gap, o->snd_role)->count =
        o->segment->seq - o->snd_nxt;
}

/*
 * After the text and the FIN: an acknowledgement captured before the octets it covers, or instead
 * of them, counts now.
 */
void
tcpstate_take_early_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    const bool fin_late =
        o->fin && snd->fin_count == 1 && !is_fin_acked(snd) && is_fin_covered(snd, snd->snd_una);
    const uint32_t ack = fin_late ? snd->snd_una : snd->unseen_ack;

    if (!fin_late && (!snd->unseen_acked || seq_lt(snd->snd_nxt, ack)))
        return;
    snd->unseen_acked = false;
    if (is_fin_covered(snd, ack)) {
        if (!o->rcv->fin_inferred)
            tell(o->rcv, o->rcv->snd_una);
        o->rcv->waited |= is_fin_acked(o->rcv);
        if (!is_fin_covered(snd, o->rcv->fin_ack) || is_fin_covered(o->rcv, o->rcv->snd_una) ||
            !o->rcv->fin_sent)
            tell(snd, ack);
    }
    snd->snd_una = seq_max(snd->snd_una, ack);
    o->unsettled = true;
    if (!fin_late && is_behind_unseen(o))
        confirm_gap(o);
    else
        tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
}

/*
 * What an endpoint sends next may prove what was inferred of it: any segment that it is past the
 * handshake, the acknowledgement of text that acknowledged its FIN that it is in FIN_WAIT_2.
 */
void
tcpstate_confirm(struct observation *o)
{
    if (o->snd->phase == TCPSTATE_PHASE_ESTABLISHED && !o->snd->spoken) {
        o->snd->spoken = true;
        if (o->connection->syns_crossed && o->segment->len == 0 && !o->fin)
            o->record->open_step = tcpstate_next_step(o);
    }
    if (o->snd->phase == TCPSTATE_PHASE_FIN_WAIT_2 && !(o->fin && o->end == o->snd->fin) &&
        is_fin_taken(o->rcv, o->snd) && seq_lt(o->rcv->text_from, o->rcv->snd_una))
        o->snd->waited = true;
}
