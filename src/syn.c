/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The SYN and the SYN,ACK: first, again, late, or with another number (RFC 9293 sections 3.5 and
 * 3.10.7.2 to 3.10.7.4, RFC 7413).
 */
#include "observation.h"

/*
 * What a SYN tells of its sender for good.
 */
void
tcpstate_keep_syn(struct observation *o)
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
        snd->sent_time = segment->time;
    }
    snd->syn_sent = o->unsettled = true;
    snd->syn_count = count_up(snd->syn_count);
    snd->sent_ip_id = segment->ip_id;
    snd->sent_tsval = segment->tsval;
    snd->options_known = !segment->options_cut;
    snd->window_scaled = segment->window_scale_seen;
    snd->window_shift = segment->window_shift & 15u;
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

/*
 * A SYN,ACK: its sender has taken a SYN, be it one that its receiver did not send, and whatever
 * ended the endpoint before is past.
 */
void
tcpstate_leave_listen(struct observation *o)
{
    if (o->connection->close_complete)
        o->rcv->syn_inferred = o->rcv->fin_inferred = true;
    o->snd->syn_inferred = true;
    o->snd->rst_sent = o->snd->rst_taken = o->snd->expired = false;
    o->snd->fin_sent = false;
    tcpstate_settle_states(o);
}

void
tcpstate_number_syn(struct observation *o)
{
    o->snd->syn_step = tcpstate_next_step(o) & 15u;
    o->record->open_step = o->snd->syn_step;
}

/*
 * Whether the numbers of this SYN were inferred before it was captured: the capture's order is not
 * the wire's.
 */
bool
tcpstate_is_syn_late(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (snd->syn_frame || !snd->syn_sent)
        return false;
    if (snd->iss == o->segment->seq || (o->segment->len != 0 && snd->iss + 1 == o->end))
        return true;
    return o->connection->mid_stream &&
           o->segment->time - o->connection->first_time <= o->settings->reorder;
}

/*
 * The SYN was captured behind what was inferred of it: what its sender has come to since stays.
 */
void
tcpstate_take_late_syn(struct observation *o)
{
    const struct tcpstate_endpoint before = *o->snd;

    tcpstate_keep_syn(o);
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

    tcpstate_keep_syn(o);
    tcpstate_number_syn(o);
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
    if (o->segment->len != 0 &&
        (o->segment->fast_open_seen || !(o->segment->options_cut || o->segment->text_cut)))
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

    tcpstate_keep_syn(o);
    tcpstate_number_syn(o);
    tcpstate_settle_states(o);
    o->snd->rst_taken = o->unsettled = true;
    connection->mid_stream = false;
    connection->open = TCPSTATE_OPEN_REFUSED;
    tcpstate_settle_cause(o, TCPSTATE_CAUSE_CLOSED_PORT);
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
    tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
    tcpstate_raise(o, TCPSTATE_EVENT_connection_refused, o->rcv_role)->frame =
        connection->reset_frame;
}

/*
 * Whether the connection's last segment is a RST by which that side denies it.
 */
bool
tcpstate_is_denied(const struct tcpstate_connection *connection, unsigned side)
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
           o->snd->sent_time - previous->last_time <= o->settings->reorder;
}

/* Whether the sender of the SYN found that its peer still had an older connection, and reset it
 * (section 3.5.1, figure 9). The RST shows it also where the peer's answer was not captured. */
static bool
is_recovered(const struct observation *o)
{
    const unsigned side = o->segment->side;

    return o->connection->recovering ||
           (!o->connection->reset && tcpstate_is_denied(o->connection, side)) ||
           (is_answered_before(o) && tcpstate_is_denied(o->pair->previous, side));
}

/* Whether the SYN comes again though a SYN,ACK was captured that should have arrived by now. */
static void
notice_synack_not_taken(struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;
    const int64_t after = o->segment->time - rcv->sent_time;
    struct tcpstate_occurrence *told;

    if (rcv->phase != TCPSTATE_PHASE_SYN_RECEIVED || !rcv->syn_frame ||
        o->connection->syns_crossed || tcpstate_has_crossed(o, o->snd, after))
        return;
    told = tcpstate_raise(o, TCPSTATE_EVENT_synack_not_taken, o->snd_role);
    told->span = after;
    told->frame = rcv->syn_frame;
}

/* The same SYN again. */
static void
repeat_syn(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;
    struct tcpstate_occurrence *told;
    bool recovered, answered;

    if (is_network_copy(o->segment, snd->sent_ip_id, snd->sent_tsval))
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
    tcpstate_keep_syn(o);
    o->record->open_step = snd->syn_step;
    if (recovered) {
        o->connection->recovering = false;
        tcpstate_raise(o, TCPSTATE_EVENT_half_open_recovery, o->snd_role);
        return;
    }
    if (answered) {
        notice_synack_not_taken(o);
        return;
    }
    told = tcpstate_raise(o, TCPSTATE_EVENT_syn_retransmission, o->snd_role);
    told->frame = snd->syn_frame;
    told->span = o->segment->time - snd->sent_time;
}

/* Whether the connection before has answered the SYN, so that its sender tries anew. */
static bool
is_refused_before(const struct observation *o)
{
    const struct tcpstate_connection *previous = o->pair->previous;

    return previous && !o->rcv->seen && previous->last_time >= o->snd->sent_time;
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
        tcpstate_keep_syn(o);
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
    tcpstate_keep_syn(o);
    o->record->open_step = o->snd->syn_step;
}

/*
 * Learns the number of the SYN that the capture missed, from an old duplicate or from its answer.
 */
void
tcpstate_learn_missed_syn(struct observation *o)
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

/* Nothing of the answer has arrived: its sender is in SYN_SENT, and has taken nothing. */
static void
take_back_answer(struct observation *o)
{
    o->snd->syn_told = o->snd->fin_told = o->snd->spoken = o->snd->syn_inferred = false;
    if (seq_lt(o->rcv->iss, o->rcv->snd_una))
        o->rcv->snd_una = o->rcv->iss;
    tcpstate_settle_states(o);
}

/* A SYN on an open connection changes nothing and may draw a challenge ACK (RFC 5961 section 4). */
static void
reject_syn(struct observation *o)
{
    const bool same = o->snd->iss == o->segment->seq;

    if (same && o->segment->time - o->snd->since <= o->settings->reorder) {
        tcpstate_raise(o, TCPSTATE_EVENT_captured_out_of_order, o->snd_role);
        return;
    }
    if (o->rcv->phase != TCPSTATE_PHASE_TIME_WAIT && o->rcv->seen && !o->jumbled &&
        o->snd->phase != TCPSTATE_PHASE_LAST_ACK)
        tcpstate_raise(o, TCPSTATE_EVENT_syn_on_live_connection, o->snd_role);
    tcpstate_note_unacceptable(o);
}

/*
 * Step four: a SYN without ACK. Returns whether the segment goes on through the steps.
 */
bool
tcpstate_take_plain_syn(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (tcpstate_is_syn_late(o)) {
        tcpstate_take_late_syn(o);
        return false;
    }
    tcpstate_learn_missed_syn(o);
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
        take_back_answer(o);
        repeat_syn(o);
        return false;
    }
    if (is_synchronized(snd) || is_synchronized(o->rcv)) {
        reject_syn(o);
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
