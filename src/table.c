/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which connection a segment belongs to: the live incarnation of its pair of addresses and ports,
 * the one before, or a new one.
 */
#include "observation.h"

static struct tcpstate_endpoint *
sender_of(struct tcpstate_connection *connection, const struct tcpstate_segment *segment)
{
    if (connection->self)
        return &connection->end[TCPSTATE_CLIENT];
    return &connection->end[segment->side ^ connection->client_side];
}

static struct tcpstate_endpoint *
receiver_of(struct tcpstate_connection *connection, const struct tcpstate_segment *segment)
{
    if (connection->self)
        return &connection->end[TCPSTATE_CLIENT];
    return &connection->end[segment->side ^ connection->client_side ^ 1];
}

/* Whether TIME_WAIT has lasted its two MSL (RFC 9293 section 3.4.2) when the segment is captured.
 */
static bool
is_over_at(const struct tcpstate_connection *connection, const struct tcpstate_endpoint *endpoint,
           const struct tcpstate_settings *settings, int64_t now)
{
    return endpoint->phase == TCPSTATE_PHASE_CLOSED || endpoint->phase == TCPSTATE_PHASE_LISTEN ||
           endpoint->phase == TCPSTATE_PHASE_UNKNOWN ||
           (endpoint->phase == TCPSTATE_PHASE_TIME_WAIT &&
            now - connection->wait_time >= 2 * settings->msl);
}

/* Whether the number or the timestamp of a SYN is beyond the old connection's (RFC 9293 section
 * 3.6.1, RFC 6191); sender is the SYN's. */
static bool
is_newer(const struct tcpstate_endpoint *sender, const struct tcpstate_segment *syn)
{
    if (syn->timestamps_seen && sender->timestamps && seq_lt(sender->tsval, syn->tsval))
        return true;
    return seq_lt(sender->snd_nxt, syn->seq);
}

/* Whether an endpoint takes a SYN as a new connection although it still knows the old one: in
 * TIME_WAIT, if it is newer (Linux does the same). peer is the endpoint that sends the SYN: where
 * both have closed it has let go of the old one, whose last acknowledgement was not captured yet.
 */
static bool
accepts_syn(const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer,
            const struct tcpstate_segment *syn)
{
    return (endpoint->phase == TCPSTATE_PHASE_TIME_WAIT ||
            (peer->fin_sent && endpoint->fin_sent)) &&
           is_newer(peer, syn);
}

/* Whether the segment's numbers are those of a handshake. Exact, because successive initial numbers
 * of one pair of addresses and ports are close to each other (RFC 9293 section 3.4.1). */
static bool
is_of_opening(struct tcpstate_connection *connection, const struct tcpstate_segment *segment)
{
    const struct tcpstate_endpoint *snd = sender_of(connection, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(connection, segment);

    if ((segment->flags & TCPSTATE_ACK) && rcv->numbers_known &&
        !seq_within(segment->ack, rcv->iss,
                    rcv->seen && !snd->numbers_known ? rcv->snd_nxt
                                                     : rcv->iss + TCPSTATE_OPENING_SPAN))
        return false;
    return !snd->numbers_known || segment->seq - snd->iss < TCPSTATE_OPENING_SPAN;
}

/* Whether the segment's numbers lie where the connection's endpoints stood. */
static bool
is_near(struct tcpstate_connection *connection, const struct tcpstate_segment *segment)
{
    const int32_t span = TCPSTATE_OLD_NUMBERS_SPAN;
    const struct tcpstate_endpoint *snd = sender_of(connection, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(connection, segment);
    int32_t seq_off = seq_diff(segment->seq, snd->snd_nxt);
    int32_t ack_off = seq_diff(segment->ack, rcv->snd_nxt);

    if (snd->numbers_known && (seq_off > span || seq_off < -span))
        return false;
    if ((segment->flags & TCPSTATE_ACK) && rcv->numbers_known &&
        (ack_off > span || ack_off < -span))
        return false;
    return snd->numbers_known || rcv->numbers_known;
}

/* Makes the spare connection the live one. The client is the sender of a SYN, the receiver of what
 * answers it; else, by convention, the end with the higher port, or the sender if they are equal.
 */
static struct tcpstate_connection *
begin(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
      struct tcpstate_connection *spare)
{
    const bool syn = segment->flags & TCPSTATE_SYN;
    const bool ack = segment->flags & TCPSTATE_ACK;
    bool sender_is_client = segment->source_port >= segment->destination_port;

    if (syn)
        sender_is_client = !ack;
    else if (pair->live && (segment->flags & TCPSTATE_RST))
        sender_is_client = false;
    spare->client_side = (sender_is_client ? segment->side : ~segment->side) & 1u;
    spare->self = segment->self;
    spare->first_time = segment->time;
    spare->last_time = segment->time;
    for (int role = 0; role < 2; role++)
        spare->end[role].since = segment->time;
    pair->previous = pair->live;
    pair->live = spare;
    pair->pending.active = false;
    tcpstate_copies_age(pair);
    return spare;
}

/* The pending SYN was accepted: a connection that begins with it. */
static struct tcpstate_connection *
promote(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
        struct tcpstate_connection *spare)
{
    const struct tcpstate_pending *pending = &pair->pending;
    struct tcpstate_connection *connection = begin(pair, segment, spare);
    struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];

    connection->client_side = pending->side;
    connection->first_time = pending->time;
    connection->last_time = pending->time;
    connection->segments = 1;
    connection->step = 1;
    client->phase = client->base = TCPSTATE_PHASE_CLOSED;
    client->since = pending->time;
    client->sent_time = pending->time;
    client->syn_frame = pending->frame;
    client->syn_count = 1;
    client->syn_step = 1;
    set_iss(client, pending->iss);
    client->snd_nxt = pending->iss + 1 + pending->len;
    client->seen = client->syn_sent = true;
    client->tsval = client->sent_tsval = pending->tsval;
    client->timestamps = pending->timestamps;
    client->options_known = pending->options_known;
    client->window_scaled = pending->window_scaled;
    client->window_shift = pending->window_shift & 15u;
    connection->end[TCPSTATE_SERVER].phase = TCPSTATE_PHASE_LISTEN;
    connection->end[TCPSTATE_SERVER].base = TCPSTATE_PHASE_LISTEN;
    pair->pending.active = false;
    return connection;
}

/* Remembers a SYN whose receiver will decide. A second one replaces the first. */
static void
set_pending(struct tcpstate_pair *pair, const struct tcpstate_segment *segment)
{
    pair->pending = (struct tcpstate_pending){
        .time = segment->time,
        .frame = segment->frame,
        .iss = segment->seq,
        .len = (uint16_t)segment->len,
        .tsval = segment->tsval,
        .side = segment->side & 1u,
        .window_shift = segment->window_shift,
        .active = true,
        .options_known = !segment->options_cut,
        .window_scaled = segment->window_scale_seen,
        .timestamps = segment->timestamps_seen,
    };
}

/* Whether the number is that of the endpoint's SYN before the last: a device on the way changes
 * numbers. */
static bool
is_alternate(const struct tcpstate_connection *live, const struct tcpstate_endpoint *endpoint,
             uint32_t iss)
{
    return live->alternate_known && endpoint == &live->end[live->alternate_role] &&
           live->alternate_iss == iss;
}

/* Whether the handshake or the whole connection was refused or aborted and the SYN goes on with it:
 * the same number again (a Windows client asks three times; a SYN,ACK that its sender answered with
 * RST may leave it in SYN_SENT). */
static bool
is_retry(const struct tcpstate_connection *live, const struct tcpstate_endpoint *snd,
         const struct tcpstate_segment *segment)
{
    return live->reset && !live->handshake_complete && !live->mid_stream && snd->syn_sent &&
           (snd->iss == segment->seq || is_alternate(live, snd, segment->seq));
}

/* Whether the connection began so shortly before that the capture may have swapped its first
 * segments: this SYN is its own. */
static bool
is_jumbled_begin(const struct tcpstate_connection *live, const struct tcpstate_endpoint *snd,
                 const struct tcpstate_segment *segment, const struct tcpstate_settings *settings)
{
    if (snd->syn_frame)
        return false;
    return live->mid_stream ? segment->time - live->first_time <= settings->reorder
                            : segment->len != 0 && segment->seq + segment->len == snd->iss;
}

/* Whether the SYN is one of a connection that a RST just captured has ended, and was sent before
 * that RST: what the RST answers, or an old duplicate that drew it. */
static bool
is_before_reset(const struct tcpstate_connection *live, const struct tcpstate_endpoint *snd,
                const struct tcpstate_segment *segment, const struct tcpstate_settings *settings)
{
    return snd->numbers_known && snd->iss == segment->seq &&
           (live->close_complete || live->reset) &&
           segment->time - live->last_time <= settings->reorder;
}

/* A SYN without ACK. */
static struct tcpstate_connection *
find_for_syn(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
             const struct tcpstate_settings *settings, struct tcpstate_connection *spare)
{
    struct tcpstate_connection *live = pair->live;
    const struct tcpstate_endpoint *snd = sender_of(live, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(live, segment);
    const bool same = snd->numbers_known && snd->iss == segment->seq;

    if (is_retry(live, snd, segment) || is_before_reset(live, snd, segment, settings))
        return live;
    if (is_over_at(live, snd, settings, segment->time) &&
        is_over_at(live, rcv, settings, segment->time))
        return begin(pair, segment, spare);
    if (same || !snd->syn_sent || is_jumbled_begin(live, snd, segment, settings))
        return live;
    if (is_missed_syn(live, snd, segment)) {
        set_pending(pair, segment);
        pair->pending.doubted = true;
        return live;
    }
    if (snd->rst_sent && snd->phase == TCPSTATE_PHASE_CLOSED)
        return begin(pair, segment, spare);
    if (accepts_syn(rcv, snd, segment) || (!rcv->seen && snd->fin_sent) ||
        (rcv->phase == TCPSTATE_PHASE_CLOSED && snd->phase == TCPSTATE_PHASE_TIME_WAIT))
        return begin(pair, segment, spare);
    if (is_synchronized(rcv) || rcv->phase == TCPSTATE_PHASE_SYN_RECEIVED || is_synchronized(snd))
        set_pending(pair, segment);
    return live;
}

/* Whether the answer to a SYN acknowledges more than its receiver, in TIME_WAIT, has sent: the
 * receiver left that state with a SYN not captured yet, whose number is beyond the old ones (RFC
 * 6191; Linux). */
static bool
is_reuse_answered(const struct tcpstate_endpoint *rcv, const struct tcpstate_segment *segment)
{
    return rcv->phase == TCPSTATE_PHASE_TIME_WAIT && seq_lt(rcv->snd_nxt, segment->ack);
}

/* A SYN,ACK. One that answers an old duplicate, of the SYN alone, begins nothing. */
static struct tcpstate_connection *
find_for_syn_ack(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                 const struct tcpstate_settings *settings, struct tcpstate_connection *spare)
{
    struct tcpstate_connection *live = pair->live;
    const struct tcpstate_endpoint *snd = sender_of(live, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(live, segment);
    const struct tcpstate_pending *pending = &pair->pending;

    if (is_missed_syn(live, rcv, segment))
        return live;
    if (pending->active && !pending->doubted && pending->side != segment->side &&
        segment->ack - pending->iss - 1 <= pending->len)
        return promote(pair, segment, spare);
    if (rcv->syn_sent && seq_lt(rcv->iss, segment->ack) &&
        seq_le(segment->ack, live->handshake_complete ? rcv->iss + 1 : rcv->snd_nxt))
        return live;
    if (snd->syn_sent && snd->iss == segment->seq)
        return live;
    if (is_over_at(live, snd, settings, segment->time) &&
        (is_over_at(live, rcv, settings, segment->time) || is_reuse_answered(rcv, segment)))
        return begin(pair, segment, spare);
    if (!rcv->seen && snd->fin_sent)
        return begin(pair, segment, spare);
    return live;
}

/* Whether the sender of a pending SYN goes on in its numbers: it was accepted, though the SYN,ACK
 * was not captured. */
static bool
is_on_pending(const struct tcpstate_pending *pending, const struct tcpstate_segment *segment)
{
    return pending->active && pending->side == segment->side &&
           (segment->flags & (TCPSTATE_RST | TCPSTATE_SYN | TCPSTATE_ACK)) == TCPSTATE_ACK &&
           segment->seq - pending->iss - 1 <= pending->len;
}

/* Whether the segment refuses a pending SYN, when nothing is left of the connection that the SYN
 * came upon. */
static bool
is_refusal(const struct tcpstate_pair *pair, const struct tcpstate_segment *segment)
{
    const struct tcpstate_pending *pending = &pair->pending;
    const struct tcpstate_endpoint *ends = pair->live->end;

    return pending->active && pending->side != segment->side &&
           ends[TCPSTATE_CLIENT].phase == TCPSTATE_PHASE_CLOSED &&
           ends[TCPSTATE_SERVER].phase == TCPSTATE_PHASE_CLOSED &&
           (segment->flags & (TCPSTATE_RST | TCPSTATE_ACK)) == (TCPSTATE_RST | TCPSTATE_ACK) &&
           segment->ack - pending->iss - 1 <= pending->len;
}

/* Whether the segment, after the close, lies behind its sender's FIN and acknowledges what lies
 * behind its peer's, or, where nothing of the peer is captured, one of the two by far: another
 * connection has begun, with higher numbers (RFC 9293 section 3.4.1). */
static bool
is_behind_close(struct tcpstate_connection *connection, const struct tcpstate_segment *segment)
{
    const struct tcpstate_endpoint *snd = sender_of(connection, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(connection, segment);

    if (!snd->fin_sent || !seq_lt(snd->fin, segment->seq) || !(segment->flags & TCPSTATE_ACK))
        return false;
    if (!rcv->seen)
        return seq_lt(snd->fin + TCPSTATE_OPENING_SPAN, segment->seq) ||
               seq_lt(rcv->snd_nxt + TCPSTATE_OPENING_SPAN, segment->ack);
    return connection->close_complete && seq_lt(rcv->fin, segment->ack);
}

/* Whether a segment on a connection that is over begins another one: its numbers are others than
 * the old ones, or it is a RST that refuses a SYN not captured yet. That one acknowledges more than
 * its receiver had used, and has none of its sender's old numbers (RFC 9293 section 3.10.7.1). */
static bool
is_of_next(struct tcpstate_connection *live, const struct tcpstate_segment *segment)
{
    const struct tcpstate_endpoint *snd = sender_of(live, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(live, segment);

    if (segment->flags & TCPSTATE_RST)
        return !is_alternate(live, rcv, segment->ack - 1) && (segment->flags & TCPSTATE_ACK) &&
               rcv->numbers_known && seq_lt(rcv->snd_nxt, segment->ack) &&
               (!snd->syn_sent || segment->seq - snd->snd_nxt >= TCPSTATE_OPENING_SPAN);
    return !is_near(live, segment);
}

/* Any other segment. */
static struct tcpstate_connection *
find_for_other(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
               const struct tcpstate_settings *settings, struct tcpstate_connection *spare)
{
    struct tcpstate_connection *live = pair->live;
    const struct tcpstate_endpoint *snd = sender_of(live, segment);
    const struct tcpstate_endpoint *rcv = receiver_of(live, segment);

    if (is_on_pending(&pair->pending, segment) || is_refusal(pair, segment))
        return promote(pair, segment, spare);
    if (pair->previous && !live->handshake_complete && !live->mid_stream &&
        !is_of_opening(live, segment) && is_near(pair->previous, segment) &&
        !is_behind_close(pair->previous, segment))
        return pair->previous;
    if (is_behind_close(live, segment) ||
        (is_over_at(live, snd, settings, segment->time) &&
         is_over_at(live, rcv, settings, segment->time) && is_of_next(live, segment)))
        return begin(pair, segment, spare);
    return live;
}

/*
 * The connection a segment belongs to, taking the spare one if it begins a new connection (RFC 9293
 * sections 3.5.1 and 3.6.1).
 *
 * A SYN on a connection that is not over belongs to that connection and is remembered; it begins a
 * new one when its receiver answers with a SYN,ACK that acknowledges it. Where an endpoint would
 * know, the observer decides by what is captured next.
 */
struct tcpstate_connection *
tcpstate_table_find(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                    const struct tcpstate_settings *settings, struct tcpstate_connection *spare)
{
    if (!pair->live)
        return begin(pair, segment, spare);
    if (!(segment->flags & TCPSTATE_SYN) || (segment->flags & (TCPSTATE_RST | TCPSTATE_FIN)))
        return find_for_other(pair, segment, settings, spare);
    if (segment->flags & TCPSTATE_ACK)
        return find_for_syn_ack(pair, segment, settings, spare);
    return find_for_syn(pair, segment, settings, spare);
}
