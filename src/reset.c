/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The RST: accepted, challenged, ignored or contradicted (RFC 9293 sections 3.5.2, 3.5.3 and
 * 3.10.7.4, RFC 5961 section 3).
 */
#include "observation.h"

enum ruling {
    RULING_ACCEPTED,
    RULING_CHALLENGED, /* inside the window, not at the exact number */
    RULING_IGNORED,    /* outside the window */
    RULING_LATE        /* nothing is left to reset */
};

/* Whether the RST lies where its receiver may expect the next octet. What the receiver has taken
 * beyond what it acknowledged, an observer does not know: any number its peer has reached may be
 * the exact one. Linux also takes the number below a FIN that it acknowledged, and the right edge
 * of the last SACK block. */
static bool
is_exact(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;
    const uint32_t seq = o->segment->seq;

    if (!snd->numbers_known)
        return true;
    if (o->rcv->sacked && (uint16_t)seq == o->rcv->sack_right && seq_lt(o->snd_una, seq) &&
        seq - o->snd_una <= TCPSTATE_OPENING_SPAN)
        return true;
    if (!snd->seen && seq_lt(o->snd_una, seq))
        return seq - o->snd_una < TCPSTATE_OPENING_SPAN;
    if (snd->holed && seq_le(snd->hole, seq))
        return false;
    if (seq_within(seq, o->snd_una, seq_max(o->snd_una, o->snd_nxt)))
        return true;
    return snd->fin_sent && seq == snd->fin - 1 && o->rcv->phase != TCPSTATE_PHASE_TIME_WAIT;
}

/* Whether the endpoint's TIME_WAIT is known to outlive RSTs (RFC 1337). */
static bool
is_reset_proof(const struct tcpstate_endpoint *endpoint)
{
    return endpoint->rst_refused && endpoint->phase == TCPSTATE_PHASE_TIME_WAIT;
}

static enum ruling
rule_on_synchronized(const struct observation *o)
{
    if (is_exact(o) && !is_reset_proof(o->rcv))
        return RULING_ACCEPTED;
    if (o->connection->close_complete)
        return RULING_LATE;
    if (o->rcv->edge_known && seq_within(o->segment->seq, o->snd_una, o->rcv->rcv_edge) &&
        seq_lt(o->snd_una, o->rcv->rcv_edge))
        return RULING_CHALLENGED;
    return RULING_IGNORED;
}

/* In SYN_SENT a RST counts if it acknowledges the SYN (section 3.10.7.3), and echoes a timestamp of
 * it if any. */
static enum ruling
rule_on_syn_sent(const struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;

    if (o->ack && rcv->syn_sent && seq_lt(rcv->iss, o->segment->ack) &&
        seq_le(o->segment->ack, rcv->snd_nxt) && !tcpstate_is_echo_wrong(o))
        return RULING_ACCEPTED;
    return RULING_IGNORED;
}

static enum ruling
rule(const struct observation *o)
{
    switch ((enum tcpstate_phase)o->rcv->phase) {
    case TCPSTATE_PHASE_CLOSED:
        return RULING_LATE;
    case TCPSTATE_PHASE_UNKNOWN:
        return RULING_ACCEPTED;
    case TCPSTATE_PHASE_SYN_SENT:
        return rule_on_syn_sent(o);
    case TCPSTATE_PHASE_LISTEN:
        if (o->snd->phase == TCPSTATE_PHASE_CLOSED)
            return RULING_LATE;
        return is_exact(o) ? RULING_ACCEPTED : RULING_IGNORED;
    case TCPSTATE_PHASE_SYN_RECEIVED:
    case TCPSTATE_PHASE_ESTABLISHED:
    case TCPSTATE_PHASE_FIN_WAIT_1:
    case TCPSTATE_PHASE_FIN_WAIT_2:
    case TCPSTATE_PHASE_CLOSE_WAIT:
    case TCPSTATE_PHASE_CLOSING:
    case TCPSTATE_PHASE_LAST_ACK:
    case TCPSTATE_PHASE_TIME_WAIT:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
    return rule_on_synchronized(o);
}

/* Names what an accepted RST means on a connection past its handshake. Whether its orderly close
 * was done is not known where nothing of the peer was captured. */
static void
name_reset(struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;
    const struct tcpstate_endpoint *rcv = o->rcv;
    const int64_t silence = tcpstate_silence_before_rst(o);

    if (o->connection->challenge_sent && o->connection->challenge_role == o->rcv_role &&
        o->connection->challenge_of_syn && !o->ack &&
        o->segment->seq == o->connection->challenge_ack) {
        tcpstate_raise(o, TCPSTATE_EVENT_peer_restarted, o->snd_role);
        o->connection->recovering = true;
    }
    if (rcv->phase == TCPSTATE_PHASE_TIME_WAIT) {
        if (o->ack) /* what its stack sends behind each close, not the answer to an old duplicate */
            tcpstate_raise(o, TCPSTATE_EVENT_reset_after_close, o->snd_role);
        else
            tcpstate_raise(o, TCPSTATE_EVENT_time_wait_assassinated, o->rcv_role)->span =
                o->segment->time - rcv->since;
        return;
    }
    if (tcpstate_is_text_refused(o))
        tcpstate_raise(o, TCPSTATE_EVENT_data_to_closed_socket, o->snd_role);
    if (!snd->fin_sent && !rcv->fin_sent && (snd->seen || o->connection->mid_stream))
        tcpstate_raise(o, TCPSTATE_EVENT_reset_established, o->snd_role);
    else if ((snd->fin_sent || rcv->fin_sent) && rcv->seen)
        tcpstate_raise(o, TCPSTATE_EVENT_reset_after_fin, o->snd_role);
    if (silence != 0)
        tcpstate_raise(o, TCPSTATE_EVENT_reset_after_idle, o->snd_role)->span = silence;
}

/* Names what an accepted RST means before the handshake is complete. */
static void
name_refusal(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;

    if (o->rcv->phase == TCPSTATE_PHASE_UNKNOWN) {
        if (o->record->opened)
            tcpstate_raise(o, TCPSTATE_EVENT_reset_without_connection, o->snd_role);
        return;
    }
    connection->open = TCPSTATE_OPEN_ABORTED;
    if (o->rcv->phase == TCPSTATE_PHASE_SYN_SENT && !o->snd->syn_sent) {
        struct tcpstate_occurrence *told =
            tcpstate_raise(o,
                           o->silence > o->settings->slow ? TCPSTATE_EVENT_refused_late
                                                          : TCPSTATE_EVENT_connection_refused,
                           o->snd_role);

        connection->open = TCPSTATE_OPEN_REFUSED;
        told->span = o->silence;
        told->frame = o->rcv->syn_frame;
    } else if (o->rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED &&
               o->snd->phase == TCPSTATE_PHASE_SYN_SENT)
        tcpstate_raise(o, TCPSTATE_EVENT_handshake_aborted, o->snd_role)->frame = o->rcv->syn_frame;
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
}

/* Whether an endpoint opened passively, and so returns to LISTEN when reset in SYN_RECEIVED. */
static bool
is_passive(const struct observation *o, enum tcpstate_role role)
{
    return role == TCPSTATE_SERVER && !o->connection->syns_crossed && !o->connection->split;
}

/* The RST counts as delivered; a passive opener that was not past the handshake is in LISTEN again.
 * To an endpoint that is not open it tells nothing. */
static void
take_reset(struct observation *o)
{
    const enum tcpstate_phase phase = (enum tcpstate_phase)o->rcv->phase;

    if (tcpstate_edge(phase, TCPSTATE_STIMULUS_RCV_RST) == phase)
        return;
    o->rcv->rst_taken = true;
    o->rcv->passive = phase == TCPSTATE_PHASE_SYN_RECEIVED && is_passive(o, o->rcv_role);
    tcpstate_settle_states(o);
}

/* The RST proves that its sender is closed, also where that was only inferred; and by its ACK of
 * the SYN,ACK, that its sender had taken that one before it aborted. */
static void
prove_closed(struct observation *o)
{
    if (o->ack && o->snd->phase == TCPSTATE_PHASE_SYN_SENT && !o->connection->syns_crossed &&
        o->rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED)
        tcpstate_prove(o, o->segment->ack);
    o->snd->rst_sent = true;
    tcpstate_settle_states(o);
}

/* A RST without ACK answers a segment. From an endpoint that is ESTABLISHED by inference only, it
 * answers the ACK that was to complete the handshake: there was no socket to take it any more. */
static void
doubt_handshake(struct observation *o)
{
    if (o->snd->phase == TCPSTATE_PHASE_ESTABLISHED && is_inferred(o, o->snd))
        o->snd->syn_told = o->snd->fin_told = false;
    tcpstate_settle_states(o);
}

/* An acceptable RST counts as delivered, and with it the FIN that its sender sent before. One at
 * the FIN's own number is acceptable in FIN_WAIT_2 only if the FIN did not arrive. */
static void
deliver_fin(struct observation *o)
{
    if (!o->snd->fin_sent || o->snd->holed || is_fin_taken(o->rcv, o->snd) ||
        !is_synchronized(o->rcv) ||
        seq_lt(o->segment->seq, o->snd->fin - (o->rcv->phase != TCPSTATE_PHASE_FIN_WAIT_2)))
        return;
    o->rcv->fin_inferred = true;
    tcpstate_settle_states(o);
}

/* The first segment captured is a RST that acknowledges: so much its receiver has sent. */
static void
learn_from_rst(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;

    if (!o->ack || rcv->numbers_known || rcv->phase != TCPSTATE_PHASE_UNKNOWN)
        return;
    set_iss(rcv, o->segment->ack - 1);
    rcv->snd_una = rcv->snd_nxt = o->segment->ack;
}

static void
accept_rst(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const bool past_handshake = is_synchronized(o->rcv) || is_synchronized(o->snd);

    learn_from_rst(o);
    if (past_handshake)
        tcpstate_infer_fin(o);
    if (o->ack && is_fin_covered(o->rcv, o->segment->ack))
        tcpstate_prove(o, o->segment->ack);
    tcpstate_settle_states(o);
    if (!o->ack)
        doubt_handshake(o);
    if (connection->reset) {
        tcpstate_raise(o, TCPSTATE_EVENT_reset_after_close, o->snd_role);
    } else if (past_handshake) {
        name_reset(o);
        tcpstate_notice_reset(o);
    } else
        name_refusal(o);
    if (!connection->reset) {
        connection->reset_role = o->snd_role & 1;
        connection->reset_foreign = tcpstate_is_path_changed(o);
        tcpstate_settle_cause(o, tcpstate_cause_of(o));
    }
    connection->challenge_sent = false;
    connection->reset_seq = o->segment->seq;
    deliver_fin(o);
    if (!connection->reset && !connection->close_complete) {
        connection->reset = true;
        if (o->rcv->phase != TCPSTATE_PHASE_UNKNOWN)
            tcpstate_settle_reset(o);
    }
    if (o->segment->timestamps_seen) {
        o->snd->timestamps = true;
        o->snd->tsval = o->segment->tsval;
    }
    if (!connection->reset_frame)
        connection->reset_frame = o->segment->frame;
    if (!tcpstate_is_ack_refused(o))
        prove_closed(o);
    take_reset(o);
}

/* A RST that answers the ACK of a connection its sender does not know (RFC 9293 section 3.5.1,
 * figure 9): its sender stays in SYN_SENT and will try again. */
static bool
is_recovery(const struct observation *o)
{
    return !o->ack && o->connection->challenge_sent &&
           o->connection->challenge_role == o->rcv_role &&
           o->segment->seq == o->connection->challenge_ack && !is_synchronized(o->rcv) &&
           (o->snd->phase == TCPSTATE_PHASE_SYN_SENT ||
            o->rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED);
}

/* Whether the RST answers an ACK without SYN: its sender stays in SYN_SENT, and its receiver has no
 * connection that it knows of (RFC 9293 section 3.10.7.3). */
static bool
is_denial(const struct observation *o)
{
    return o->snd->phase == TCPSTATE_PHASE_SYN_SENT && o->rcv->phase == TCPSTATE_PHASE_LISTEN &&
           o->rcv->seen;
}

/* The receiver forgets what its sender does not know: an older connection, or the answer to an old
 * duplicate SYN. */
static void
recover(struct observation *o)
{
    if (o->rcv->phase == TCPSTATE_PHASE_LISTEN) {
        o->connection->recovering = true;
        return;
    }
    if (o->snd->phase != TCPSTATE_PHASE_SYN_SENT)
        prove_closed(o);
    take_reset(o);
    o->rcv->syn_sent = o->rcv->syn_inferred = o->rcv->numbers_known = false;
    o->unsettled = true;
    o->connection->challenge_sent = false;
    tcpstate_settle_cause(o, TCPSTATE_CAUSE_OLD_DUPLICATE);
}

/* Whether the RST lies where its sender may have come to: just behind its SYN,ACK, or, where
 * nothing of its receiver was captured, anywhere beyond. */
static bool
is_behind_handshake(const struct observation *o)
{
    const uint32_t next = o->snd->iss + 1;

    return o->segment->seq == next || (!o->rcv->seen && seq_lt(next, o->segment->seq) &&
                                       o->segment->seq - next < TCPSTATE_OPENING_SPAN);
}

/* A RST beyond its sender's SYN, of which nothing was captured: both ends were past the handshake.
 */
static void
infer_handshake(struct observation *o)
{
    if (o->snd->seen || o->snd->phase != TCPSTATE_PHASE_SYN_SENT ||
        o->rcv->phase != TCPSTATE_PHASE_SYN_RECEIVED || !seq_lt(o->snd->iss + 1, o->segment->seq) ||
        o->segment->seq - o->snd->iss >= TCPSTATE_OPENING_SPAN)
        return;
    o->rcv->snd_una = seq_max(o->rcv->snd_una, o->rcv->iss + 1);
    o->rcv->syn_told = o->snd->syn_told = true;
    o->snd->snd_nxt = o->snd_nxt = o->segment->seq;
    tcpstate_settle_states(o);
}

/* A RST at the number behind its sender's SYN,ACK answers the acknowledgement of that, which is not
 * captured yet, or not at all: its receiver was past the handshake, and its sender had none. */
static void
infer_answered_ack(struct observation *o)
{
    if (o->ack || o->rcv->phase != TCPSTATE_PHASE_SYN_SENT || o->connection->syns_crossed ||
        o->snd->phase != TCPSTATE_PHASE_SYN_RECEIVED || !is_behind_handshake(o))
        return;
    o->rcv->syn_inferred = true;
    o->rcv->syn_told = true;
    if (o->segment->seq != o->snd->iss + 1) {
        o->snd->syn_told = true;
        o->snd->snd_una = o->snd_una = o->snd->snd_nxt = o->snd_nxt = o->segment->seq;
        tcpstate_settle_states(o);
        return;
    }
    tcpstate_settle_states(o);
    o->connection->open = TCPSTATE_OPEN_ABORTED;
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
}

/* Whether the RST has the number that its sender has come to: it closes its sender, whether or not
 * its receiver takes it. In SYN_SENT none that answers a segment has it: it stands at the number
 * that was wrongly acknowledged (RFC 9293 section 3.10.7.3). */
static bool
is_own_number(const struct observation *o)
{
    return o->ack && (is_synchronized(o->snd) || o->snd->phase == TCPSTATE_PHASE_SYN_SENT) &&
           o->snd->numbers_known && o->segment->seq == o->snd->snd_nxt;
}

/*
 * Step two: the RST.
 *
 * An acceptable one closes its sender, which has proved it, and its receiver if it arrived; any
 * other changes nothing.
 */
void
tcpstate_take_rst(struct observation *o)
{
    if (is_recovery(o)) {
        recover(o);
        return;
    }
    if (is_denial(o))
        return;
    infer_answered_ack(o);
    infer_handshake(o);
    switch (rule(o)) {
    case RULING_ACCEPTED:
        accept_rst(o);
        break;
    case RULING_CHALLENGED:
        if (is_own_number(o))
            prove_closed(o);
        tcpstate_raise(o, TCPSTATE_EVENT_reset_challenged, o->snd_role);
        tcpstate_note_unacceptable(o);
        break;
    case RULING_IGNORED:
        if (o->rcv->seen)
            tcpstate_raise(o, TCPSTATE_EVENT_reset_ignored, o->snd_role);
        if (is_own_number(o))
            prove_closed(o);
        break;
    case RULING_LATE:
        tcpstate_raise(o, TCPSTATE_EVENT_reset_after_close, o->snd_role);
        tcpstate_notice_second_reset(o);
        if (!tcpstate_is_ack_refused(o))
            prove_closed(o);
        break;
    }
}

/*
 * The RST that answers this segment may have been captured ahead of it: it ends what the segment
 * opened, or went on with.
 */
void
tcpstate_take_denial_ahead(struct observation *o)
{
    if (!o->rcv->rst_sent || !tcpstate_is_denied(o->connection, o->segment->side ^ 1u))
        return;
    tcpstate_settle_states(o);
    if (o->snd->phase == TCPSTATE_PHASE_CLOSED || o->snd->phase == TCPSTATE_PHASE_LISTEN ||
        is_reset_proof(o->snd))
        return;
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
    o->snd->passive = o->snd->phase == TCPSTATE_PHASE_SYN_RECEIVED && is_passive(o, o->snd_role);
    o->snd->rst_taken = o->unsettled = true;
    if (!o->connection->reset && !o->connection->close_complete) {
        o->connection->reset = true;
        o->connection->reset_role = o->rcv_role & 1;
        o->connection->reset_seq = o->segment->ack;
        o->connection->challenge_sent = false;
    }
}
