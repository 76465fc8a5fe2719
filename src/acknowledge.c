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

    if (rcv->fin_sent) {
        tcpstate_raise(o, TCPSTATE_EVENT_ack_beyond_fin, o->snd_role);
        return false;
    }
    if (!rcv->syn_acked || seq_diff(ack, rcv->snd_nxt) > UNSEEN_SPAN)
        return false;
    if (rcv->seen && !again) {
        if (!rcv->unseen_acked || !o->jumbled)
            rcv->unseen_ack = ack;
        rcv->unseen_acked = true;
        tcpstate_raise(o, TCPSTATE_EVENT_ack_of_unseen, o->snd_role);
        return false;
    }
    rcv->unseen_acked = false;
    rcv->gap_at_end = true;
    rcv->gap_of_one = ack - rcv->snd_nxt == 1;
    tcpstate_raise(o, TCPSTATE_EVENT_capture_gap, o->rcv_role);
    rcv->snd_nxt = ack;
    return true;
}

/*
 * What an acknowledgement proves of the endpoint that sends it: which of its peer's SYN and FIN it
 * has taken, and with them any acknowledgement that came in them or before. una is how far that
 * endpoint itself was acknowledged before.
 */
void
tcpstate_prove(struct observation *o, enum tcpstate_role role, uint32_t ack, uint32_t una)
{
    struct tcpstate_endpoint *endpoint = &o->connection->end[role];
    const struct tcpstate_endpoint *peer =
        o->connection->self ? endpoint : &o->connection->end[role ^ 1];

    if (!endpoint->syn_received && is_syn_covered(peer, ack)) {
        endpoint->syn_received = true;
        if (endpoint->phase == TCPSTATE_PHASE_SYN_SENT && !o->syn) {
            endpoint->syn_acked = is_syn_covered(endpoint, una);
            tcpstate_step(o, role,
                          endpoint->syn_acked ? TCPSTATE_STIMULUS_RCV_SYN_ACK
                                              : TCPSTATE_STIMULUS_RCV_SYN,
                          TCPSTATE_EVIDENCE_SEEN);
        }
    }
    if (!endpoint->syn_acked && endpoint->syn_received && is_syn_covered(endpoint, una)) {
        endpoint->syn_acked = true;
        tcpstate_step(o, role, TCPSTATE_STIMULUS_RCV_ACK_OF_SYN,
                      o->syn ? TCPSTATE_EVIDENCE_INFERRED : TCPSTATE_EVIDENCE_SEEN);
    }
    if (endpoint->fin_received || !peer->fin_sent || ack != peer->fin)
        return;
    if (!endpoint->fin_acked && is_fin_covered(endpoint, una)) {
        endpoint->fin_acked = true;
        tcpstate_step(o, role, TCPSTATE_STIMULUS_RCV_ACK_OF_FIN, TCPSTATE_EVIDENCE_SEEN);
    }
    endpoint->fin_received = true;
    endpoint->text_from = endpoint->snd_nxt;
    tcpstate_step(o, role, TCPSTATE_STIMULUS_RCV_FIN, TCPSTATE_EVIDENCE_SEEN);
}

/* What follows for the receiver of an acknowledgement if it arrived, with all that its sender had
 * sent before, in order. */
static void
deliver(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;
    const enum tcpstate_evidence evidence =
        rcv->seen || o->connection->self ? TCPSTATE_EVIDENCE_INFERRED : TCPSTATE_EVIDENCE_ASSUMED;

    if (!rcv->syn_acked && !rcv->ack_refused && is_syn_covered(rcv, ack)) {
        if (rcv->phase == TCPSTATE_PHASE_SYN_SENT && o->connection->syns_crossed)
            tcpstate_step(o, o->rcv_role, TCPSTATE_STIMULUS_RCV_SYN, TCPSTATE_EVIDENCE_INFERRED);
        if (rcv->phase != TCPSTATE_PHASE_SYN_SENT) {
            rcv->syn_acked = true;
            tcpstate_step(o, o->rcv_role, TCPSTATE_STIMULUS_RCV_ACK_OF_SYN, evidence);
        }
    }
    if (rcv->fin_acked || !is_fin_covered(rcv, ack))
        return;
    if (o->connection->fins_crossed && !rcv->fin_received && o->snd->fin_sent && !o->snd->holed &&
        o->segment->seq == o->snd->fin) {
        rcv->fin_received = true;
        rcv->text_from = rcv->snd_nxt;
        tcpstate_step(o, o->rcv_role, TCPSTATE_STIMULUS_RCV_FIN, TCPSTATE_EVIDENCE_INFERRED);
    }
    rcv->fin_acked = true;
    tcpstate_step(o, o->rcv_role, TCPSTATE_STIMULUS_RCV_ACK_OF_FIN, evidence);
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
    if (!snd->spoke || !snd->edge_known || tcpstate_notice_window(o, edge))
        snd->rcv_edge = edge;
    else
        snd->rcv_edge = seq_max(snd->rcv_edge, edge);
    snd->edge_known = true;
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
        o->segment->ack == o->rcv->snd_una && !o->snd->window_closed) {
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

/* Step four: the ACK; false if the whole segment is to be dropped, as one that acknowledges what
 * cannot have been sent. What the capture may merely have missed is no reason to drop the text. */
bool
tcpstate_take_ack(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;

    if (!rcv->numbers_known)
        tcpstate_learn_numbers(o);
    else if (seq_lt(rcv->snd_nxt, ack) && !is_believed(o))
        return !rcv->fin_sent;
    take_challenge_ack(o);
    o->took_fin = is_fin_covered(rcv, ack) && !is_fin_covered(rcv, rcv->snd_una);
    if (o->took_fin)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_close, rcv->mark);
    tcpstate_prove(o, o->snd_role, ack, o->snd_una);
    if (o->fit == FIT_ACCEPTABLE && !o->demanding)
        deliver(o);
    take_window(o);
    if (!rcv->seen && !o->connection->one_direction_told && rcv->syn_acked &&
        seq_lt(rcv->snd_una, ack) && seq_lt(rcv->iss, rcv->snd_una)) {
        tcpstate_raise(o, TCPSTATE_EVENT_one_direction, o->snd_role);
        o->connection->one_direction_told = true;
    }
    if (seq_lt(rcv->snd_una, ack)) {
        if (o->snd->fin_sent && rcv->phase == TCPSTATE_PHASE_CLOSE_WAIT && !rcv->half_close_told &&
            seq_lt(rcv->text_from, ack)) {
            struct tcpstate_occurrence *told =
                tcpstate_raise(o, TCPSTATE_EVENT_half_closed_transfer, o->rcv_role);

            told->count = ack - rcv->text_from;
            told->span = o->segment->time - o->snd->mark;
            rcv->half_close_told = true;
        }
        if (rcv->holed && seq_le(rcv->hole, ack)) {
            rcv->holed = false;
            tcpstate_raise(o, TCPSTATE_EVENT_capture_gap, o->rcv_role);
        }
        rcv->snd_una = ack;
        rcv->repeats = 0;
    }
    return true;
}

/*
 * After the text and the FIN: an acknowledgement captured before the octets it covers counts now.
 */
void
tcpstate_take_early_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    const bool fin_late =
        o->fin && snd->fin_count == 1 && !snd->fin_acked && is_fin_covered(snd, snd->snd_una);
    const uint32_t ack = fin_late ? snd->snd_una : snd->unseen_ack;

    if (!fin_late && (!snd->unseen_acked || seq_lt(snd->snd_nxt, ack)))
        return;
    snd->unseen_acked = false;
    if (is_fin_covered(snd, ack)) {
        tcpstate_prove(o, o->rcv_role, ack, o->rcv->snd_una);
        snd->fin_acked = true;
        tcpstate_step(o, o->snd_role, TCPSTATE_STIMULUS_RCV_ACK_OF_FIN, TCPSTATE_EVIDENCE_INFERRED);
    }
    snd->snd_una = seq_max(snd->snd_una, ack);
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
}

/*
 * What an endpoint sends next may prove what was inferred of it: any segment that it is past the
 * handshake, the acknowledgement of text that acknowledged its FIN that it is in FIN_WAIT_2.
 */
void
tcpstate_confirm(struct observation *o)
{
    if (o->snd->phase == TCPSTATE_PHASE_ESTABLISHED &&
        o->snd->evidence == TCPSTATE_EVIDENCE_INFERRED) {
        o->snd->evidence = TCPSTATE_EVIDENCE_SEEN;
        o->record->changed = true;
        if (o->connection->syns_crossed && o->segment->len == 0 && !o->fin)
            o->record->open_step = tcpstate_next_step(o);
    }
    if (o->snd->phase == TCPSTATE_PHASE_FIN_WAIT_2 &&
        o->snd->evidence == TCPSTATE_EVIDENCE_INFERRED && o->rcv->fin_received &&
        seq_lt(o->rcv->text_from, o->rcv->snd_una)) {
        o->snd->evidence = TCPSTATE_EVIDENCE_SEEN;
        o->record->changed = true;
    }
}
