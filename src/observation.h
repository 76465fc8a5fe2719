/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One segment on its way through the state machine: what the steps of observe.c share.
 */
#ifndef TCPSTATE_OBSERVATION_H
#define TCPSTATE_OBSERVATION_H

#include "fsm.h"
#include "facts.h"

/* Where a segment lies in its receiver's window (RFC 9293 section 3.10.7.4, first step). */
enum fit {
    FIT_ACCEPTABLE,
    FIT_OLD,   /* all of it was acknowledged before: the receiver drops it and acknowledges again */
    FIT_BEYOND /* beyond the window: the receiver drops it */
};

/* The segment, its connection, and its two ends: bound once, so that nothing below cares for
 * directions. On a self-connection snd and rcv are the same endpoint. */
struct observation {
    struct tcpstate_pair *pair;
    const struct tcpstate_segment *segment;
    const struct tcpstate_settings *settings;
    struct tcpstate_connection *connection;
    struct tcpstate_record *record;
    struct tcpstate_endpoint *snd, *rcv; /* the segment's sender and receiver */
    enum tcpstate_role snd_role, rcv_role;

    /* Facts about the segment, computed before any step changes the endpoints. */
    uint32_t end;     /* the number after its text, SYN and FIN */
    uint32_t snd_una; /* the sender's snd_una and snd_nxt before this segment */
    uint32_t snd_nxt;
    int64_t silence; /* nanoseconds since the connection's previous segment */
    enum fit fit;
    bool syn, ack, fin, rst;
    bool steady;        /* it leaves both ends ESTABLISHED: the short way */
    bool unsettled;     /* what the states follow from has changed since they were settled */
    bool fin_delivered; /* its FIN arrives with an acknowledgement that counts as delivered */
    bool took_fin;      /* it is the first that shows that its sender has taken the peer's FIN */
    bool acks_more;     /* it acknowledges what was not acknowledged before */
    bool jumbled;       /* so close behind the one before that the capture may have swapped them */
    bool demanding; /* its SYN or FIN still wants an answer: its receiver changes by answering */
};

/* settle.c */
void tcpstate_begin_states(struct observation *o);
void tcpstate_settle_states(struct observation *o);
void tcpstate_weigh_states(struct observation *o);

/* raise.c */
struct tcpstate_occurrence *tcpstate_raise(struct observation *o, enum tcpstate_event event,
                                           enum tcpstate_role role);
bool tcpstate_is_told(const struct tcpstate_connection *connection, enum tcpstate_event event);
bool tcpstate_was_told(const struct tcpstate_endpoint *endpoint, enum tcpstate_event event);
void tcpstate_note_unacceptable(struct observation *o);
void tcpstate_expect_rst(struct observation *o);

/* copies.c */
uint32_t tcpstate_copies_digest(const struct tcpstate_segment *segment);
struct tcpstate_connection *
tcpstate_copies_find(const struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                     uint32_t digest, const struct tcpstate_settings *settings, int64_t *span);
void tcpstate_copies_keep(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                          uint32_t digest, bool of_previous);
void tcpstate_copies_age(struct tcpstate_pair *pair);

/* expiry.c */
void tcpstate_take_time(struct observation *o);
bool tcpstate_is_text_from_half_close(const struct tcpstate_connection *connection);

/* syn.c, synack.c */
void tcpstate_keep_syn(struct observation *o);
void tcpstate_leave_listen(struct observation *o);
void tcpstate_number_syn(struct observation *o);
bool tcpstate_is_syn_late(const struct observation *o);
void tcpstate_take_late_syn(struct observation *o);
bool tcpstate_is_denied(const struct tcpstate_connection *connection, unsigned side);
void tcpstate_learn_missed_syn(struct observation *o);
bool tcpstate_take_plain_syn(struct observation *o);
bool tcpstate_take_syn_ack(struct observation *o);

/* numbers.c */
bool tcpstate_is_probe_first(const struct observation *o);
void tcpstate_learn_numbers(struct observation *o);
bool tcpstate_is_echo_wrong(const struct observation *o);
void tcpstate_pick_alternate(struct observation *o);

/* roundtrip.c */
void tcpstate_time_round_trip(struct observation *o);
int64_t tcpstate_round_trip(const struct tcpstate_endpoint *endpoint);
bool tcpstate_has_crossed(const struct observation *o, const struct tcpstate_endpoint *endpoint,
                          int64_t after);

/* table.c */
struct tcpstate_connection *tcpstate_table_find(struct tcpstate_pair *pair,
                                                const struct tcpstate_segment *segment,
                                                const struct tcpstate_settings *settings,
                                                struct tcpstate_connection *spare);

/* zeek.c */
void tcpstate_zeek_follow(struct tcpstate_connection *connection, const struct tcpstate_pair *pair,
                          const struct tcpstate_segment *segment, bool opened);

/* acknowledge.c, opening.c, closing.c, reset.c, contradict.c, verdict.c: the steps. */
void tcpstate_open(struct observation *o);
bool tcpstate_catch_up(struct observation *o);
bool tcpstate_take_ack(struct observation *o);
void tcpstate_prove(struct observation *o, uint32_t ack);
void tcpstate_take_early_ack(struct observation *o);
void tcpstate_confirm(struct observation *o);
void tcpstate_take_fin(struct observation *o);
void tcpstate_infer_fin(struct observation *o);
void tcpstate_disown_fin(struct observation *o);
void tcpstate_deny_fin(struct observation *o);
void tcpstate_take_rst(struct observation *o);
void tcpstate_take_denial_ahead(struct observation *o);
void tcpstate_doubt_rst(struct observation *o);
bool tcpstate_outlives_rst(struct observation *o);
void tcpstate_settle(struct observation *o);
void tcpstate_settle_reset(struct observation *o);
void tcpstate_settle_cause(struct observation *o, enum tcpstate_cause cause);

/* notice.c, cause.c: what changes no state. */
void tcpstate_notice(struct observation *o);
bool tcpstate_notice_window(struct observation *o, uint32_t edge);
void tcpstate_notice_reset(struct observation *o);
void tcpstate_notice_second_reset(struct observation *o);
void tcpstate_notice_step(struct observation *o, enum tcpstate_event event, int64_t asked);
bool tcpstate_is_path_changed(const struct observation *o);
bool tcpstate_is_rejection(const struct observation *o);
int64_t tcpstate_silence_before_rst(const struct observation *o);
bool tcpstate_is_ack_refused(const struct observation *o);
bool tcpstate_is_text_refused(const struct observation *o);
bool tcpstate_is_fin_given_up(const struct observation *o);
enum tcpstate_cause tcpstate_cause_of(const struct observation *o);

/* Before the handshake is complete, text reaches at most so far beyond the initial number. */
#define TCPSTATE_OPENING_SPAN (1u << 20)

/* A number within so many octets of where a connection stands is one of its numbers; a random
 * number is one in 64 times. */
#define TCPSTATE_OLD_NUMBERS_SPAN (1 << 25)

/* How often the same text must be repeated before its sender counts as giving up. */
#define TCPSTATE_GIVING_UP 3

/* Whether an endpoint is past the handshake (RFC 9293 section 3.5.3, "synchronized states"). */
static inline bool
is_synchronized(const struct tcpstate_endpoint *endpoint)
{
    switch ((enum tcpstate_phase)endpoint->phase) {
    case TCPSTATE_PHASE_ESTABLISHED:
    case TCPSTATE_PHASE_FIN_WAIT_1:
    case TCPSTATE_PHASE_FIN_WAIT_2:
    case TCPSTATE_PHASE_CLOSE_WAIT:
    case TCPSTATE_PHASE_CLOSING:
    case TCPSTATE_PHASE_LAST_ACK:
    case TCPSTATE_PHASE_TIME_WAIT:
        return true;
    case TCPSTATE_PHASE_UNKNOWN:
    case TCPSTATE_PHASE_LISTEN:
    case TCPSTATE_PHASE_SYN_SENT:
    case TCPSTATE_PHASE_SYN_RECEIVED:
    case TCPSTATE_PHASE_CLOSED:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
    return false;
}

/* Whether the sender's, or the receiver's, state follows only if captured segments arrived. */
static inline bool
is_inferred(const struct observation *o, const struct tcpstate_endpoint *endpoint)
{
    return tcpstate_evidence_of(o->connection, endpoint, endpoint == o->snd ? o->rcv : o->snd) ==
           TCPSTATE_EVIDENCE_INFERRED;
}

/* By how much the segment's timestamp is older than the newest of its sender, in that one's ticks;
 * 0 if it is not. Its receiver drops it, unless it is a RST (RFC 7323 section 5.3). */
static inline int32_t
staleness(const struct observation *o)
{
    const int32_t older = seq_diff(o->snd->tsval, o->segment->tsval);

    return o->segment->timestamps_seen && o->snd->timestamps && !o->syn && !o->rst && older > 0
               ? older
               : 0;
}

/* Whether the segment is stale, and not merely captured out of order. */
static inline bool
is_stale(const struct observation *o)
{
    return staleness(o) != 0 && o->silence > o->settings->reorder;
}

/* Gives an endpoint its initial sequence number, of which nothing is acknowledged yet. */
static inline void
set_iss(struct tcpstate_endpoint *endpoint, uint32_t iss)
{
    endpoint->numbers_known = true;
    endpoint->iss = endpoint->snd_una = iss;
    endpoint->syn_told = endpoint->fin_told = endpoint->spoken = endpoint->waited = false;
}

/* Whether a SYN, or a SYN,ACK that answers one, repeats the SYN that a connection captured from the
 * middle began with: its number and its timestamp are older than what was captured of its sender
 * (RFC 7323 section 5.3). sender is the SYN's. */
static inline bool
is_missed_syn(const struct tcpstate_connection *connection, const struct tcpstate_endpoint *sender,
              const struct tcpstate_segment *segment)
{
    const bool ack = segment->flags & TCPSTATE_ACK;

    return connection->mid_stream && !sender->syn_frame && sender->numbers_known &&
           segment->timestamps_seen && sender->timestamps &&
           seq_lt(ack ? segment->tsecr : segment->tsval, sender->tsval) &&
           seq_lt(ack ? segment->ack - 1 : segment->seq, sender->iss);
}

/* As many steps of the handshake or the close as an endpoint keeps the number of. */
#define STEPS_KEPT 15

/* Counts the step of the handshake or the close that this segment makes. */
static inline uint8_t
tcpstate_next_step(struct observation *o)
{
    if (o->connection->step < STEPS_KEPT)
        o->connection->step++;
    return o->connection->step;
}

static inline uint8_t
count_up(uint8_t count)
{
    return count == UINT8_MAX ? count : (uint8_t)(count + 1);
}

/* Whether a SYN or FIN that was captured before is now a copy made by the network rather than a
 * retransmission: the same packet has the same identification, and a retransmission is later by at
 * least a tick of the sender's timestamps. */
static inline bool
is_network_copy(const struct tcpstate_segment *segment, uint16_t ip_id, uint32_t tsval)
{
    if (segment->timestamps_seen)
        return segment->tsval == tsval;
    return segment->ip_id != 0 && segment->ip_id == ip_id;
}

#endif
