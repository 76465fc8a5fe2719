/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SYN and the SYN,ACK: first, again, late, or with another number (RFC 9293 sections 3.5 and
 * 3.10.7.2 to 3.10.7.4, RFC 7413).
 */
#include "observation.h"

/* What a SYN tells of its sender for good. */
static void
keep_syn(struct observation *o)
{
    const struct tcpstate_segment *segment = o->segment;
    struct tcpstate_endpoint *snd = o->snd;

    if (!snd->numbers_known || snd->iss != segment->seq || !snd->syn_sent) {
        set_iss(snd, segment->seq);
        o->snd_una = segment->seq;
        snd->snd_nxt = o->end;
        o->snd_nxt = segment->seq;
    }
    if (!snd->syn_frame) {
        snd->syn_frame = segment->frame;
        snd->mark = segment->time;
    }
    snd->syn_sent = true;
    snd->syn_count = count_up(snd->syn_count);
    snd->mark_ip_id = segment->ip_id;
    snd->mark_tsval = segment->tsval;
    snd->options_known = !segment->options_cut;
    snd->window_scaled = segment->window_scale_seen;
    snd->window_shift = segment->window_shift;
}

/* The endpoint is in SYN_SENT again: nothing of its attempt before counts. */
static void
begin_again(struct tcpstate_endpoint *endpoint)
{
    set_iss(endpoint, endpoint->iss);
    endpoint->syn_inferred = endpoint->spoken = false;
    endpoint->rst_sent = endpoint->rst_taken = false;
}

/* The endpoint is in LISTEN again: nothing that it sent before counts. */
static void
forget(struct tcpstate_endpoint *endpoint)
{
    endpoint->syn_sent = endpoint->syn_inferred = endpoint->numbers_known = false;
    endpoint->rst_sent = endpoint->rst_taken = endpoint->spoken = false;
    endpoint->base = TCPSTATE_PHASE_LISTEN;
}

/* A SYN,ACK: its sender has taken a SYN, be it one that its receiver did not send, and whatever
 * ended the endpoint before is past. */
static void
answer(struct observation *o)
{
    if (o->connection->close_complete)
        o->rcv->syn_inferred = o->rcv->fin_inferred = true;
    o->snd->syn_inferred = true;
    o->snd->rst_sent = o->snd->rst_taken = o->snd->expired = false;
    o->snd->fin_sent = false;
    tcpstate_settle_states(o);
}

static void
number_syn(struct observation *o)
{
    o->snd->syn_step = tcpstate_next_step(o) & 15u;
    o->record->open_step = o->snd->syn_step;
}

/* Whether the numbers of this SYN were inferred before it was captured: the capture's order is not
 * the wire's. */
static bool
is_syn_late(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (snd->syn_frame || !snd->syn_sent)
        return false;
    if (snd->iss == o->segment->seq || (o->segment->len != 0 && snd->iss + 1 == o->end))
        return true;
    return o->connection->mid_stream &&
           o->segment->time - o->connection->first_time <= o->settings->reorder;
}

static void
take_late_syn(struct observation *o)
{
    const struct tcpstate_endpoint before = *o->snd;

    keep_syn(o);
    o->snd->snd_una = o->snd_una = before.snd_una;
    o->snd->snd_nxt = o->snd_nxt = seq_max(before.snd_nxt, o->end);
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
}

/* The first SYN of an endpoint, without ACK. */
static void
take_first_syn(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const bool crossing = !connection->self && o->rcv->phase == TCPSTATE_PHASE_SYN_SENT;
    const bool answered = crossing && is_syn_covered(o->rcv, o->rcv->snd_una) &&
                          o->snd->snd_nxt != o->segment->seq + 1;

    keep_syn(o);
    number_syn(o);
    if (connection->self)
        tcpstate_raise(o, TCPSTATE_EVENT_self_connection, o->snd_role);
    if (answered) {
        connection->split = true;
        tcpstate_raise(o, TCPSTATE_EVENT_split_handshake, o->snd_role);
    } else if (crossing) {
        connection->syns_crossed = true;
        tcpstate_raise(o, TCPSTATE_EVENT_simultaneous_open, o->snd_role);
    }
    connection->fast_open_asked = o->segment->fast_open_seen;
    if (o->segment->len != 0 && (o->segment->fast_open_seen || !o->segment->options_cut))
        tcpstate_raise(o,
                       o->segment->fast_open_seen ? TCPSTATE_EVENT_fast_open_syn_data
                                                  : TCPSTATE_EVENT_data_before_established,
                       o->snd_role)
            ->count = o->segment->len;
}

/* The SYN was captured after the RST that refused it. */
static void
take_refused_syn(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;

    keep_syn(o);
    number_syn(o);
    tcpstate_settle_states(o);
    o->snd->rst_taken = true;
    connection->mid_stream = false;
    connection->open = TCPSTATE_OPEN_REFUSED;
    tcpstate_settle_cause(o, TCPSTATE_CAUSE_CLOSED_PORT);
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
    tcpstate_raise(o, TCPSTATE_EVENT_connection_refused, o->rcv_role)->frame =
        connection->reset_frame;
}

/* Whether the connection's last segment is a RST by which that side denies it. */
static bool
is_denied(const struct tcpstate_connection *connection, unsigned side)
{
    return connection->denied && connection->denying_side == side;
}

/* Whether the first SYN was answered with a segment of the connection before, which is captured
 * behind the SYN, or so shortly ahead of it that the capture may have swapped them. */
static bool
is_answered_before(const struct observation *o)
{
    const struct tcpstate_connection *previous = o->pair->previous;

    return previous && o->snd->syn_count == 1 &&
           o->snd->mark - previous->last_time <= o->settings->reorder;
}

/* Whether the sender of the SYN found that its peer still had an older connection, and reset it
 * (section 3.5.1, figure 9). The RST shows it also where the peer's answer was not captured. */
static bool
is_recovered(const struct observation *o)
{
    const unsigned side = o->segment->side;

    return o->connection->recovering || (!o->connection->reset && is_denied(o->connection, side)) ||
           (is_answered_before(o) && is_denied(o->pair->previous, side));
}

/* The same SYN again. */
static void
repeat_syn(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_occurrence *told;
    bool recovered, answered;

    if (is_network_copy(o->segment, snd->mark_ip_id, snd->mark_tsval))
        return;
    recovered = is_recovered(o);
    answered = o->rcv->seen || is_answered_before(o);
    if (o->connection->reset) {
        begin_again(snd);
        forget(o->rcv);
        tcpstate_settle_states(o);
        o->connection->reset = false;
        o->connection->open = TCPSTATE_OPEN_NONE;
    }
    keep_syn(o);
    o->record->open_step = snd->syn_step;
    if (recovered) {
        o->connection->recovering = false;
        tcpstate_raise(o, TCPSTATE_EVENT_half_open_recovery, o->snd_role);
        return;
    }
    if (answered)
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_syn_unanswered, o->snd_role);
    told->count = snd->syn_count - 1u;
    told->frame = snd->syn_frame;
    told->span = o->segment->time - snd->mark;
    if (told->span < o->settings->slow)
        told->severity = TCPSTATE_SEVERITY_NOTE;
}

/* Whether the connection before has answered the SYN, so that its sender tries anew. */
static bool
is_refused_before(const struct observation *o)
{
    const struct tcpstate_connection *previous = o->pair->previous;

    return previous && !o->rcv->seen && previous->last_time >= o->snd->mark;
}

/* Another number from an endpoint in SYN_SENT: the new one counts, and the old one if its answer
 * comes after all. */
static void
change_syn(struct observation *o)
{
    if (is_refused_before(o)) {
        o->snd->syn_frame = 0;
        o->snd->syn_count = 0;
        o->snd->syn_sent = false;
        keep_syn(o);
        o->record->open_step = o->snd->syn_step;
        return;
    }
    tcpstate_raise(o, TCPSTATE_EVENT_syn_isn_changed, o->snd_role);
    if (o->rcv->syn_sent || o->rcv->spoke) {
        tcpstate_note_unacceptable(o);
        return;
    }
    o->connection->alternate_iss = o->snd->iss;
    o->connection->alternate_role = o->snd_role & 1;
    o->connection->alternate_known = true;
    keep_syn(o);
    o->record->open_step = o->snd->syn_step;
}

/* Learns the number of the SYN that the capture missed, from an old duplicate or from its answer.
 */
static void
learn_missed_syn(struct observation *o)
{
    struct tcpstate_endpoint *sender = o->ack ? o->rcv : o->snd;

    if (!is_missed_syn(o->connection, sender, o->segment))
        return;
    sender->iss = o->ack ? o->segment->ack - 1 : o->segment->seq;
    sender->syn_frame = o->ack ? 0 : o->segment->frame;
}

/* Whether the connection was open and is closed or reset now. */
static bool
is_over(const struct tcpstate_connection *connection)
{
    return connection->close_complete || (connection->reset && connection->handshake_complete);
}

/* Whether the SYN with the number before the last comes again, as behind a device that changes
 * numbers. */
static bool
is_alternate_again(const struct observation *o)
{
    return o->connection->alternate_known && o->connection->alternate_role == o->snd_role &&
           o->connection->reset && o->connection->alternate_iss == o->segment->seq;
}

static void
exchange_numbers(struct observation *o)
{
    o->connection->alternate_iss = o->snd->iss;
    set_iss(o->snd, o->segment->seq);
    o->snd->snd_nxt = o->end;
    o->snd_una = o->segment->seq;
}

/* Whether the same SYN again shows that no answer to it has arrived: what was inferred of its
 * sender did not happen. */
static bool
is_unanswered(const struct observation *o)
{
    return o->snd->syn_frame && o->snd->iss == o->segment->seq &&
           o->snd->phase == TCPSTATE_PHASE_ESTABLISHED && !o->snd->spoken &&
           !tcpstate_has_crossed(o, o->snd, o->segment->time - o->snd->since);
}

/* A SYN without ACK; false if it changes nothing. */
static bool
take_plain_syn(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (is_syn_late(o)) {
        take_late_syn(o);
        return false;
    }
    learn_missed_syn(o);
    if (!snd->syn_sent && o->connection->reset) {
        take_refused_syn(o);
        return false;
    }
    if (!snd->syn_sent) {
        take_first_syn(o);
        return true;
    }
    if (is_over(o->connection) && snd->iss == o->segment->seq) {
        tcpstate_raise(o, TCPSTATE_EVENT_late_segment, o->snd_role);
        tcpstate_note_unacceptable(o);
        return false;
    }
    if (is_unanswered(o)) {
        snd->told = snd->iss;
        snd->spoken = false;
        snd->syn_inferred = false;
        if (seq_lt(o->rcv->iss, o->rcv->snd_una))
            o->rcv->snd_una = o->rcv->iss;
        tcpstate_settle_states(o);
        repeat_syn(o);
        return false;
    }
    if (is_synchronized(snd) || is_synchronized(o->rcv)) {
        if (snd->iss == o->segment->seq && o->segment->time - snd->since <= o->settings->reorder) {
            tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
            return false;
        }
        if (o->rcv->phase != TCPSTATE_PHASE_TIME_WAIT && o->rcv->seen &&
            !tcpstate_may_have_closed(o->connection))
            tcpstate_raise(o, TCPSTATE_EVENT_syn_on_live_connection, o->snd_role);
        tcpstate_note_unacceptable(o);
        return false;
    }
    if (is_alternate_again(o))
        exchange_numbers(o);
    if (snd->iss == o->segment->seq)
        repeat_syn(o);
    else
        change_syn(o);
    return false;
}

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

    keep_syn(o);
    number_syn(o);
    if (o->rcv->syn_frame)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_handshake, o->rcv->mark);
    answer(o);
    if (offered == 0 || o->connection->self)
        return;
    o->connection->fast_open = o->segment->ack == o->rcv->snd_nxt;
    if (o->connection->fast_open)
        tcpstate_raise(o, TCPSTATE_EVENT_fast_open_accepted, o->snd_role);
    else if (o->connection->fast_open_asked)
        tcpstate_raise(o, TCPSTATE_EVENT_fast_open_ignored, o->snd_role);
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

    if (o->jumbled || is_network_copy(o->segment, snd->mark_ip_id, snd->mark_tsval))
        return;
    keep_syn(o);
    o->record->open_step = snd->syn_step;
    if (snd->phase == TCPSTATE_PHASE_ESTABLISHED && snd->evidence == TCPSTATE_EVIDENCE_INFERRED) {
        if (snd->syn_count <= o->rcv->syn_count ||
            tcpstate_has_crossed(o, snd, o->segment->time - snd->since))
            return;
        snd->told = snd->iss;
        snd->spoken = false;
        snd->fin_inferred = false;
        snd->ack_refused = snd->ack_doubted;
        snd->ack_doubted = true;
        tcpstate_settle_states(o);
        tcpstate_raise(o, TCPSTATE_EVENT_synack_after_ack, o->snd_role)->frame = snd->syn_frame;
        return;
    }
    if (o->connection->reset && snd->phase == TCPSTATE_PHASE_LISTEN)
        snd->rst_taken = false;
    tcpstate_settle_states(o);
    if (snd->phase != TCPSTATE_PHASE_SYN_RECEIVED || !o->rcv->seen)
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_synack_retransmission, o->snd_role);
    told->span = o->segment->time - snd->mark;
    told->frame = snd->syn_frame;
    if (snd->syn_count == 2)
        tcpstate_raise(o, TCPSTATE_EVENT_half_open, o->snd_role)->span = told->span;
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
    keep_syn(o);
    answer(o);
}

/* The connection is over, and its server answers an old duplicate of the client's SYN as a new one.
 * The client's RST will end it (section 3.5.1), or has ended it if the capture swapped the two. */
static void
answer_old_duplicate(struct observation *o)
{
    keep_syn(o);
    answer(o);
    tcpstate_expect_rst(o);
    if (!o->jumbled || !is_denied(o->connection, o->segment->side ^ 1u))
        return;
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
    tcpstate_settle_states(o);
    o->snd->rst_taken = o->snd->passive = true;
}

/* A SYN,ACK; false if it changes nothing, its acknowledgement included. */
static bool
take_syn_ack(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    learn_missed_syn(o);
    if (!is_syn_ack_valid(o)) {
        reject_syn_ack(o);
        return false;
    }
    if (is_syn_late(o)) {
        take_late_syn(o);
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
        keep_syn(o);
        number_syn(o);
        answer(o);
        return true;
    }
    repeat_syn_ack(o);
    return !is_syn_covered(o->rcv, o->rcv->snd_una);
}

/*
 * Step four: the SYN (RFC 9293 sections 3.10.7.2 to 3.10.7.4).
 *
 * Returns whether the segment goes on through the steps; false for a repeated one, and for one that
 * its receiver would not accept.
 */
bool
tcpstate_take_syn(struct observation *o)
{
    return o->ack ? take_syn_ack(o) : take_plain_syn(o);
}
