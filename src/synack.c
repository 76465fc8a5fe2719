/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SYN,ACK: first, again, or with another number (RFC 9293 sections 3.5 and 3.10.7.3, RFC 7413).
 */
#include "observation.h"

/* A SYN,ACK that acknowledges nothing its receiver sent draws a RST and changes nothing (section
 * 3.10.7.3); so does one that echoes another timestamp than the SYN's. One that acknowledges the
 * number before the last SYN brings that number back. */
static bool
is_syn_ack_valid(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    struct tcpstate_endpoint *rcv = o->rcv;
    const uint32_t ack = o->segment->ack;

    if (connection->self && !rcv->numbers_known && ack == o->segment->seq + 1) {
        tcpstate_raise(o, TCPSTATE_EVENT_unsolicited_synack, o->snd_role);
        return true;
    }
    if (!rcv->syn_sent && rcv->phase == TCPSTATE_PHASE_SYN_SENT && !rcv->numbers_known) {
        set_iss(rcv, ack - 1);
        rcv->syn_sent = true;
        rcv->snd_nxt = ack;
        tcpstate_raise(o, TCPSTATE_EVENT_unsolicited_synack, o->snd_role);
        return true;
    }
    if (!rcv->syn_sent && !rcv->numbers_known && o->snd->phase == TCPSTATE_PHASE_SYN_SENT) {
        tcpstate_learn_numbers(o);
        connection->syns_crossed = true;
        return true;
    }
    if (connection->alternate_known && connection->alternate_role == o->rcv_role &&
        ack == connection->alternate_iss + 1 && !o->snd->syn_sent) {
        set_iss(rcv, connection->alternate_iss);
        rcv->snd_nxt = ack;
        connection->alternate_known = false;
    }
    return rcv->syn_sent && seq_lt(rcv->iss, ack) && seq_le(ack, rcv->snd_nxt) &&
           !tcpstate_is_echo_wrong(o);
}

/* The first SYN,ACK of an endpoint, or the first after it was back in LISTEN. */
static void
answer_syn(struct observation *o)
{
    const uint32_t offered = o->rcv->snd_nxt - o->rcv->iss - 1;

    tcpstate_keep_syn(o);
    tcpstate_number_syn(o);
    if (o->rcv->syn_frame)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_handshake, o->rcv->sent_time);
    tcpstate_leave_listen(o);
    if (offered == 0 || o->connection->self)
        return;
    o->connection->fast_open = o->segment->ack == o->rcv->snd_nxt;
    if (o->connection->fast_open)
        tcpstate_raise(o, TCPSTATE_EVENT_fast_open_accepted, o->snd_role);
    else if (o->connection->fast_open_asked)
        tcpstate_raise(o, TCPSTATE_EVENT_fast_open_ignored, o->snd_role);
}

/* The acknowledgement of the SYN,ACK was not taken. One captured so close before that the capture
 * may have swapped them answers this SYN,ACK, and counts again. */
static void
doubt_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    snd->ack_refused = snd->ack_doubted;
    snd->ack_doubted = true;
    if (!o->jumbled || snd->ack_refused) {
        snd->syn_told = snd->fin_told = snd->spoken = snd->fin_inferred = false;
        tcpstate_settle_states(o);
    }
    tcpstate_raise(o, TCPSTATE_EVENT_synack_after_ack, o->snd_role)->frame = snd->syn_frame;
}

/* The same SYN,ACK again: its acknowledgement has not arrived, and if the capture holds one, that
 * one is taken back. When that happens twice, its sender's own segments decide: a listener whose
 * accept queue is full drops every acknowledgement, and text with it. Where nothing of the peer was
 * captured, whether it had acknowledged is not known. */
static void
repeat_syn_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_occurrence *told;

    if (is_network_copy(o->segment, snd->sent_ip_id, snd->sent_tsval))
        return;
    tcpstate_keep_syn(o);
    o->record->open_step = snd->syn_step;
    if (snd->phase == TCPSTATE_PHASE_ESTABLISHED && is_inferred(o, snd)) {
        if (snd->syn_count <= o->rcv->syn_count ||
            tcpstate_has_crossed(o, snd, o->segment->time - snd->since))
            return;
        doubt_ack(o);
        return;
    }
    if (o->jumbled)
        return;
    if (o->connection->reset && snd->phase == TCPSTATE_PHASE_LISTEN)
        snd->rst_taken = false;
    tcpstate_settle_states(o);
    if (snd->phase != TCPSTATE_PHASE_SYN_RECEIVED || !o->rcv->seen)
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_synack_retransmission, o->snd_role);
    told->span = o->segment->time - snd->sent_time;
    told->frame = snd->syn_frame;
}

/* A SYN,ACK with another number: the acknowledgement will pick one. */
static void
change_syn_ack(struct observation *o)
{
    tcpstate_raise(o, TCPSTATE_EVENT_synack_isn_changed, o->snd_role);
    o->connection->alternate_iss = o->segment->seq;
    o->connection->alternate_role = o->snd_role & 1;
    o->connection->alternate_known = true;
}

/* The SYN,ACK answers a SYN that its receiver did not send: an old duplicate, as a rule. It proves
 * the state of its sender all the same, which the receiver's RST will undo (RFC 9293 figure 8). */
static void
reject_syn_ack(struct observation *o)
{
    if (is_synchronized(o->snd) || o->connection->mid_stream)
        return;
    tcpstate_raise(o, TCPSTATE_EVENT_synack_bad_ack, o->snd_role);
    tcpstate_expect_rst(o);
    if (o->snd->phase != TCPSTATE_PHASE_LISTEN)
        return;
    tcpstate_keep_syn(o);
    tcpstate_leave_listen(o);
}

/* The connection is over, and its server answers an old duplicate of the client's SYN as a new one.
 * The client's RST will end it (section 3.5.1). */
static void
answer_old_duplicate(struct observation *o)
{
    tcpstate_keep_syn(o);
    tcpstate_leave_listen(o);
    tcpstate_expect_rst(o);
}

/*
 * Step four: a SYN,ACK. Returns whether the segment goes on through the steps; false if it changes
 * nothing, its acknowledgement included.
 */
bool
tcpstate_take_syn_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    tcpstate_learn_missed_syn(o);
    if (!is_syn_ack_valid(o)) {
        reject_syn_ack(o);
        return false;
    }
    if (tcpstate_is_syn_late(o)) {
        tcpstate_take_late_syn(o);
        return false;
    }
    if (!snd->syn_sent || (snd->phase == TCPSTATE_PHASE_LISTEN && snd->iss != o->segment->seq)) {
        answer_syn(o);
        return true;
    }
    if (snd->iss != o->segment->seq) {
        if (snd->phase == TCPSTATE_PHASE_CLOSED && o->connection->close_complete)
            answer_old_duplicate(o);
        else if (!is_synchronized(snd))
            change_syn_ack(o);
        else if (snd->syn_frame && o->rcv->seen)
            tcpstate_raise(o, TCPSTATE_EVENT_synack_isn_changed, o->snd_role);
        return false;
    }
    if (snd->phase == TCPSTATE_PHASE_SYN_SENT) {
        tcpstate_keep_syn(o);
        tcpstate_number_syn(o);
        tcpstate_leave_listen(o);
        return true;
    }
    repeat_syn_ack(o);
    return !is_syn_covered(o->rcv, o->rcv->snd_una);
}
