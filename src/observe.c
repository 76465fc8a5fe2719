/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One segment through the steps of RFC 9293 section 3.10.7.4: acceptable? RST, SYN, ACK, text, FIN.
 *
 * An endpoint processes what it receives; an observer sees what was sent. So each step asks two
 * questions: what does the segment prove of its sender, and what follows for its receiver if it
 * arrived? A segment that demands an answer, a SYN or FIN not yet acknowledged, changes its
 * receiver when the receiver answers; any other counts as delivered. What follows can be taken
 * back.
 *
 * Limitations: PAWS (RFC 7323 section 5) is not applied. The acceptability test uses the window
 * that the receiver last showed, which is older than the one it had when the segment arrived.
 */
#include <string.h>

#include "observation.h"

static bool
is_endpoint(const struct observation *o, enum tcpstate_role role)
{
    return role == TCPSTATE_CLIENT || !o->connection->self;
}

/* The combinations of control bits that a TCP sends: SYN, SYN,ACK, RST, RST,ACK, ACK and FIN,ACK,
 * with PSH, URG and the ECN bits anywhere. */
static bool
is_legal(const struct observation *o)
{
    if (o->rst)
        return !o->syn && !o->fin;
    if (o->syn)
        return !o->fin;
    return o->ack;
}

/* The right edge of the receiver's window, as its sender may know it. A closed window says that an
 * update is to come, which opens at most a whole window; it may be captured after the text that it
 * permits, or not at all. */
static uint32_t
edge_of(const struct tcpstate_endpoint *rcv)
{
    return rcv->rcv_edge + (rcv->window_closed ? (uint32_t)UINT16_MAX << rcv->window_shift : 0);
}

/* Step one: where the segment lies in its receiver's window, as the receiver last showed it. A
 * segment that goes on where its sender stands is taken even beyond the window: its sender knows
 * the window better than a capture that may have missed an update. */
static enum fit
fit_of(const struct observation *o)
{
    if (!o->snd->numbers_known || !o->rcv->seen)
        return FIT_ACCEPTABLE;
    if (o->rcv->edge_known && seq_lt(o->snd->snd_nxt, o->segment->seq) &&
        seq_lt(edge_of(o->rcv), o->segment->seq))
        return FIT_BEYOND;
    if (o->snd->syn_frame && !o->connection->mid_stream && seq_lt(o->end, o->snd->iss))
        return FIT_BEYOND; /* no retransmission: its sender never had such numbers */
    if (seq_lt(o->end, o->snd->snd_una))
        return FIT_OLD;
    return FIT_ACCEPTABLE;
}

/* Whether octets before this segment are still missing: its receiver takes its acknowledgement at
 * once, but its FIN only when the hole is filled. */
static bool
is_beyond_hole(const struct observation *o)
{
    return o->snd->holed || (o->snd->numbers_known && seq_lt(o->snd_nxt, o->segment->seq));
}

/* Whether the end is ESTABLISHED as well known as it can be, and nothing is captured that says
 * otherwise: text and its acknowledgements leave it there. */
static bool
is_steady(const struct tcpstate_connection *connection, const struct tcpstate_endpoint *endpoint)
{
    if (endpoint->facts != (FACT_SYN_SENT | FACT_SYN_TAKEN | FACT_SYN_ACKED) ||
        endpoint->fin_sent || endpoint->fin_bare)
        return false;
    if (connection->mid_stream && !endpoint->syn_frame)
        return true;
    return endpoint->evidence == TCPSTATE_EVIDENCE_SEEN && !endpoint->unseen_acked &&
           !endpoint->gap_at_end;
}

/* Names the facts about the segment. */
static void
look_at(struct observation *o)
{
    const struct tcpstate_segment *segment = o->segment;
    struct tcpstate_connection *connection = o->connection;

    o->syn = segment->flags & TCPSTATE_SYN;
    o->ack = segment->flags & TCPSTATE_ACK;
    o->fin = segment->flags & TCPSTATE_FIN;
    o->rst = segment->flags & TCPSTATE_RST;
    o->end = segment->seq + segment->len + o->syn + o->fin;
    o->snd_role = connection->self ? TCPSTATE_CLIENT
                                   : (enum tcpstate_role)(segment->side ^ connection->client_side);
    o->rcv_role = connection->self ? TCPSTATE_CLIENT : (enum tcpstate_role)(o->snd_role ^ 1);
    o->snd = &connection->end[o->snd_role];
    o->rcv = &connection->end[o->rcv_role];
    o->snd_una = o->snd->snd_una;
    o->snd_nxt = o->snd->snd_nxt;
    o->steady = !o->syn && !o->fin && !o->rst && is_steady(connection, o->snd) &&
                is_steady(connection, o->rcv);
    o->silence = segment->time - connection->last_time;
    o->fit = fit_of(o);
    o->demanding =
        (o->syn && !(o->snd->syn_sent && is_syn_covered(o->snd, o->snd_una))) ||
        (o->fin && !is_beyond_hole(o) && !(o->snd->fin_sent && is_fin_covered(o->snd, o->snd_una)));
}

/* Step seven: the text, and which of it is still missing. */
static void
take_text(struct observation *o)
{
    struct tcpstate_endpoint *snd = o->snd;

    if (o->segment->len != 0) {
        snd->text_sent = true;
        if (seq_le(o->snd_nxt, o->end - o->fin))
            snd->gap_of_one = snd->gap_at_end = false;
        o->connection->last_text_role = o->snd_role & 1;
        snd->text_after_fin |= o->rcv->fin_sent && seq_lt(o->snd_nxt, o->end);
        if (o->connection->close_complete && o->silence > o->settings->reorder)
            tcpstate_raise(o, TCPSTATE_EVENT_late_segment, o->snd_role);
        if (snd->fin_unseen && seq_lt(snd->fin - 1, o->segment->seq + o->segment->len)) {
            snd->fin_sent = snd->fin_unseen = false;
            o->rcv->fin_inferred = false;
            o->unsettled = true;
        }
        if (snd->fin_sent && seq_lt(snd->fin - 1, o->segment->seq + o->segment->len)) {
            tcpstate_raise(o, TCPSTATE_EVENT_data_after_fin, o->snd_role);
            tcpstate_deny_fin(o);
        }
    }
    if (!snd->numbers_known) {
        set_iss(snd, o->segment->seq - 1);
        snd->snd_una = o->segment->seq;
        snd->snd_nxt = o->end;
        o->snd_nxt = o->segment->seq;
    }
    if (!snd->holed && seq_lt(o->snd_nxt, o->segment->seq) && !o->syn) {
        snd->holed = true;
        snd->hole = o->segment->seq;
    } else if (snd->holed && seq_lt(o->segment->seq, snd->hole) && seq_le(snd->hole, o->end))
        snd->holed = false;
    if (seq_lt(o->snd_nxt, o->end - o->fin)) {
        snd->gap_before_nxt = o->segment->len == 0 && !o->fin && !o->syn;
        o->steady &= !snd->gap_before_nxt;
    }
    snd->snd_nxt = seq_max(snd->snd_nxt, o->end - o->fin);
}

/* Whether the segment is a FIN without ACK on an open connection, at its sender's next number. RFC
 * 9293 drops it; some stacks take it, and their acknowledgement tells. */
static bool
is_bare_fin(const struct observation *o)
{
    return o->fin && !o->ack && !o->syn && !o->rst && is_synchronized(o->snd) &&
           !o->snd->fin_sent && o->end == o->snd->snd_nxt + 1;
}

/* Step four: the SYN (RFC 9293 sections 3.10.7.2 to 3.10.7.4), or what the capture missed of the
 * handshake. Returns whether the segment goes on through the steps; false for a repeated SYN, and
 * for what its receiver would not accept. */
static bool
take_handshake(struct observation *o)
{
    if (!o->syn)
        return tcpstate_catch_up(o);
    o->unsettled = true;
    return o->ack ? tcpstate_take_syn_ack(o) : tcpstate_take_plain_syn(o);
}

static void
judge(struct observation *o)
{
    if (!o->steady && !o->record->opened)
        tcpstate_take_time(o);
    if (!is_legal(o)) {
        tcpstate_raise(o, TCPSTATE_EVENT_illegal_flags, o->snd_role);
        o->snd->fin_bare |= is_bare_fin(o);
        if (!o->rst)
            return;
    }
    tcpstate_time_round_trip(o);
    tcpstate_notice(o);
    if (o->rst) {
        tcpstate_take_rst(o);
        return;
    }
    tcpstate_doubt_rst(o);
    if (!tcpstate_outlives_rst(o)) {
        take_text(o);
        return;
    }
    if (!o->syn && o->fit == FIT_BEYOND) {
        if (o->jumbled)
            return;
        if (o->rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED)
            tcpstate_raise(o, TCPSTATE_EVENT_handshake_ack_invalid, o->snd_role);
        tcpstate_note_unacceptable(o);
        return;
    }
    if (!take_handshake(o))
        return;
    if (!o->steady)
        tcpstate_infer_fin(o);
    if (o->ack && !tcpstate_take_ack(o))
        return;
    if (!o->syn)
        tcpstate_confirm(o);
    take_text(o);
    if (o->fin)
        tcpstate_take_fin(o);
    tcpstate_take_early_ack(o);
}

/* The silence before this segment if it is worth a note, in seconds up to 65535; else 0. */
static uint16_t
noted_silence(const struct observation *o)
{
    const int64_t seconds = o->silence / 1000000000;

    if (o->silence <= o->settings->idle)
        return 0;
    return seconds < UINT16_MAX ? (uint16_t)seconds : UINT16_MAX;
}

/* Whether the segment's timestamp is the one that its receiver keeps (RFC 7323 section 4.3): it
 * reaches to what was acknowledged last. What lies beyond may have overtaken, or never be accepted.
 */
static bool
is_recent(const struct observation *o)
{
    if (!o->snd->timestamps || !o->rcv->seen)
        return !o->syn || o->segment->seq == o->snd->iss;
    return seq_le(o->segment->seq, o->snd_una);
}

/* Keeps what the next segment is compared with. */
static void
remember(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const struct tcpstate_segment *segment = o->segment;

    o->snd->seen = true;
    o->snd->spoke |= !o->syn && !o->rst;
    if (!o->rst)
        o->snd->window_closed = segment->window == 0;
    if (segment->timestamps_seen && !o->rst && is_recent(o)) {
        o->snd->timestamps = true;
        o->snd->tsval = segment->tsval;
        if (o->ack && !o->rcv->seen) {
            o->rcv->timestamps = true;
            o->rcv->tsval = segment->tsecr;
        }
    }
    if (segment->sack_seen) {
        o->snd->sacked = true;
        o->snd->sack_right = (uint16_t)segment->sack_right;
    }
    if (o->rst || !o->jumbled) {
        connection->denied = o->rst && (!o->ack || o->snd->phase == TCPSTATE_PHASE_SYN_SENT);
        connection->denying_side = segment->side & 1u;
    }
    connection->slept = noted_silence(o);
    connection->segments++;
    connection->last_time = segment->time;
    connection->last_frame = segment->frame;
}

/* Writes the state of both endpoints into the record. */
static void
report(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    struct tcpstate_record *record = o->record;

    for (unsigned role = 0; role < 2; role++) {
        const struct tcpstate_endpoint *endpoint =
            &connection->end[is_endpoint(o, (enum tcpstate_role)role) ? role : TCPSTATE_CLIENT];

        record->phase[role] = endpoint->phase;
        record->evidence[role] = endpoint->evidence;
        record->since[role] = endpoint->since;
    }
    record->connection = connection;
    record->stage = connection->stage;
    record->sender = (uint8_t)(connection->self ? TCPSTATE_SELF : o->snd_role);
    for (unsigned i = 0; i < record->event_count; i++)
        if (record->event[i].severity > TCPSTATE_SEVERITY_CHAT && connection->alerts < UINT16_MAX)
            connection->alerts++;
    if (record->open_step || record->close_step || record->settled || record->answers_frame ||
        record->opened)
        record->changed = true;
}

static void
begin_record(struct tcpstate_record *record)
{
    record->answers_frame = 0;
    record->open_step = record->close_step = 0;
    record->settled = 0;
    record->transition_count = record->event_count = record->again_count = 0;
    record->opened = record->changed = false;
}

/*
 * Judges one captured segment and writes what it did (RFC 9293 section 3.10.7.4, as an observer
 * can).
 *
 * pair is the caller's memory for the segment's addresses and ports, zeroed before its first
 * segment. spare is a zeroed connection with its index set; record->opened says that the core took
 * it, and the caller then prepares another. All memory must live as long as the capture. Segments
 * are given in capture order, their times in any. Nothing is rejected: a segment that no endpoint
 * would accept changes no state, and its record says why.
 */
void
tcpstate_observe(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                 const struct tcpstate_settings *settings, struct tcpstate_connection *spare,
                 struct tcpstate_record *record)
{
    struct observation o = {
        .pair = pair, .segment = segment, .settings = settings, .record = record};
    const uint32_t digest = tcpstate_copies_digest(segment);
    int64_t span;

    begin_record(record);
    o.connection = tcpstate_copies_find(pair, segment, digest, settings, &span);
    if (o.connection) {
        look_at(&o);
        tcpstate_raise(&o, TCPSTATE_EVENT_duplicate_packet, o.snd_role)->span = span;
        o.connection->last_frame = segment->frame;
        tcpstate_zeek_follow(o.connection, pair, segment, false);
        report(&o);
        return;
    }
    o.connection = tcpstate_table_find(pair, segment, settings, spare);
    tcpstate_copies_keep(pair, segment, digest, o.connection == pair->previous);
    look_at(&o);
    o.jumbled = o.silence <= settings->reorder && o.silence >= -settings->reorder;
    if (o.silence > settings->idle)
        o.snd->told = o.rcv->told = 0;
    record->opened = o.connection == spare;
    tcpstate_zeek_follow(o.connection, pair, segment, record->opened);
    if (record->opened)
        tcpstate_open(&o);
    judge(&o);
    if (o.jumbled && !o.rst)
        tcpstate_take_denial_ahead(&o);
    if (o.unsettled)
        tcpstate_settle_states(&o);
    tcpstate_weigh_states(&o);
    remember(&o);
    if (!o.steady)
        tcpstate_settle(&o);
    report(&o);
}

/*
 * Takes an ICMP error that quotes a segment as the refusal of a connection attempt (RFC 9293
 * section 3.9.2.2; Linux gives up in SYN_SENT on any host, port, protocol or TTL error).
 *
 * quoted is the quoted header, with the side that sent it, and the time and frame of the ICMP
 * message. Returns whether it ended an attempt; only then is the record written.
 */
bool
tcpstate_observe_unreachable(struct tcpstate_pair *pair, const struct tcpstate_segment *quoted,
                             struct tcpstate_record *record)
{
    struct observation o = {.pair = pair, .segment = quoted, .record = record};

    if (!pair->live)
        return false;
    o.connection = pair->live;
    look_at(&o);
    if (o.snd->phase != TCPSTATE_PHASE_SYN_SENT || o.snd->iss != quoted->seq)
        return false;
    begin_record(record);
    o.snd->rst_taken = true;
    o.snd->passive = false;
    tcpstate_settle_states(&o);
    tcpstate_weigh_states(&o);
    tcpstate_raise(&o, TCPSTATE_EVENT_refused_by_icmp, o.snd_role);
    o.connection->open = TCPSTATE_OPEN_REFUSED;
    o.connection->reset = true;
    o.connection->reset_role = o.rcv_role & 1;
    o.connection->stage = TCPSTATE_STAGE_ABORTED;
    o.connection->last_time = quoted->time;
    o.connection->last_frame = quoted->frame;
    record->settled |= TCPSTATE_SETTLED_OPEN;
    report(&o);
    return true;
}
