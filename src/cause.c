/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Why a connection was reset, as far as the wire tells.
 */
#include "observation.h"

#define SECOND INT64_C(1000000000)

/* An answer follows its question within a round trip, for which RFC 6298 section 2.1 assumes a
 * second. */
#define ANSWER_SPAN SECOND

/* An active abort acknowledges what its sender has received; a RST without ACK answers a segment
 * and takes its number from that segment's acknowledgement (RFC 9293 section 3.5.2). */
static bool
is_answer(const struct observation *o)
{
    return !o->ack;
}

/*
 * The long silence after which a RST is the first segment, or answers the first.
 *
 * Returns nanoseconds, rounded down to seconds if the RST is an answer; 0 if there was none.
 */
int64_t
tcpstate_silence_before_rst(const struct observation *o)
{
    if (o->silence > o->settings->idle)
        return o->silence;
    return is_answer(o) ? o->connection->slept * SECOND : 0;
}

/* Whether a RST answers an acknowledgement of a SYN,ACK after which its sender sent another, with
 * another number: that one still waits for its own (RFC 9293 section 3.10.7.4, fifth). */
bool
tcpstate_is_ack_refused(const struct observation *o)
{
    return is_answer(o) && o->snd->phase == TCPSTATE_PHASE_SYN_RECEIVED &&
           o->connection->alternate_known && o->connection->alternate_role == o->snd_role;
}

/* Whether the RST answers text that met a closed socket: its sender had closed, and the text goes
 * beyond what its FIN acknowledged, be it captured before the FIN or behind it. One that
 * acknowledges the text (as Windows does) follows it at once. */
bool
tcpstate_is_text_refused(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;
    const struct tcpstate_endpoint *rcv = o->rcv;
    const bool beyond = rcv->text_sent && seq_lt(snd->fin_ack, rcv->snd_nxt - rcv->fin_sent) &&
                        seq_lt(rcv->snd_una, rcv->snd_nxt - rcv->fin_sent);

    if (!snd->fin_sent || !(beyond || rcv->text_after_fin))
        return false;
    if (is_answer(o))
        return true;
    return beyond && o->connection->last_text_role == o->rcv_role && o->silence <= ANSWER_SPAN &&
           !seq_lt(o->segment->ack, rcv->snd_nxt - rcv->fin_sent);
}

/* Whether the RST answers text of an open connection that its sender took part in: it knew the
 * connection, and does not any more. */
static bool
is_forgotten(const struct observation *o)
{
    return o->snd->spoke && !o->snd->fin_sent && !o->rcv->fin_sent && o->rcv->text_sent &&
           o->connection->last_text_role == o->rcv_role && seq_lt(o->rcv->snd_una, o->rcv->snd_nxt);
}

/* The causes of a RST that answers a segment. Where the connection was open and silent for long,
 * something on the way has forgotten it. */
static enum tcpstate_cause
cause_of_answer(const struct observation *o)
{
    if (tcpstate_is_ack_refused(o))
        return TCPSTATE_CAUSE_BAD_HANDSHAKE_ACK;
    if (tcpstate_is_text_refused(o))
        return TCPSTATE_CAUSE_DATA_AFTER_CLOSE;
    if (o->rcv->probes != 0 && o->silence <= ANSWER_SPAN) /* the host is there, the socket is not */
        return TCPSTATE_CAUSE_NO_CONNECTION;
    if (!o->snd->fin_sent && !o->rcv->fin_sent && tcpstate_silence_before_rst(o) != 0)
        return TCPSTATE_CAUSE_IDLE_TIMEOUT;
    if (o->silence > ANSWER_SPAN)
        return TCPSTATE_CAUSE_UNKNOWN;
    return is_forgotten(o) ? TCPSTATE_CAUSE_DEVICE_RESTARTED : TCPSTATE_CAUSE_NO_CONNECTION;
}

/* Whether the RST is the first segment to acknowledge its receiver's last text: the application can
 * hardly have read it. One that has closed its sending half, and whose last input was text, has no
 * other reason either. */
static bool
is_text_unread(const struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;

    return rcv->text_sent && o->connection->last_text_role == o->rcv_role &&
           (o->snd->fin_sent || seq_lt(rcv->snd_una, rcv->snd_nxt - rcv->fin_sent));
}

/* Whether nothing can have been unread: the peer sent no text, or the sender has answered it since,
 * and all that it sent itself is acknowledged. */
static bool
is_all_read(const struct observation *o)
{
    return !o->snd->fin_sent && o->snd->snd_una == o->snd->snd_nxt &&
           !(o->rcv->text_sent && o->connection->last_text_role == o->rcv_role);
}

/* The causes of an abort by its own sender. */
static enum tcpstate_cause
cause_of_abort(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (snd->probes >= 2)
        return TCPSTATE_CAUSE_KEEPALIVE_TIMEOUT;
    if (snd->repeats >= TCPSTATE_GIVING_UP || tcpstate_is_fin_given_up(o))
        return TCPSTATE_CAUSE_RETRANSMISSION_TIMEOUT;
    if (tcpstate_silence_before_rst(o) != 0)
        return TCPSTATE_CAUSE_IDLE_TIMEOUT;
    if (tcpstate_is_text_refused(o))
        return TCPSTATE_CAUSE_DATA_AFTER_CLOSE;
    if (!snd->numbers_known || o->segment->seq != snd->snd_nxt)
        return TCPSTATE_CAUSE_UNKNOWN;
    if (is_text_unread(o))
        return TCPSTATE_CAUSE_UNREAD_DATA;
    return is_all_read(o) ? TCPSTATE_CAUSE_LINGER_ZERO : TCPSTATE_CAUSE_APPLICATION_ABORT;
}

/* Whether the sender of the RST, a listener, repeated its SYN,ACK though it was acknowledged, and
 * said nothing else: it never took the connection (a full accept queue, or it waits for text). */
static bool
is_never_accepted(const struct observation *o)
{
    return o->snd->ack_doubted && !o->snd->spoke;
}

/*
 * The cause of the RST, judged before it changes a state.
 *
 * An answer tells that its sender has no such socket, or a socket that was closed; an active abort
 * tells what its sender waited for in vain, or that its application threw the connection away: with
 * text unread or with SO_LINGER 0 where the wire tells which, else application-abort.
 */
enum tcpstate_cause
tcpstate_cause_of(const struct observation *o)
{
    if (is_never_accepted(o))
        return TCPSTATE_CAUSE_NEVER_ACCEPTED;
    switch ((enum tcpstate_phase)o->rcv->phase) {
    case TCPSTATE_PHASE_UNKNOWN:
        return TCPSTATE_CAUSE_NO_CONNECTION;
    case TCPSTATE_PHASE_SYN_SENT:
        if (o->snd->syn_sent)
            return cause_of_abort(o);
        /* A host refuses within a round trip; what comes later is the word of a device on the way.
         */
        return o->silence > o->settings->slow ? TCPSTATE_CAUSE_UNKNOWN : TCPSTATE_CAUSE_CLOSED_PORT;
    case TCPSTATE_PHASE_TIME_WAIT: /* one that acknowledges is what its stack sends at each close */
        return o->ack ? TCPSTATE_CAUSE_NONE : TCPSTATE_CAUSE_TIME_WAIT_ASSASSINATION;
    case TCPSTATE_PHASE_LISTEN:
    case TCPSTATE_PHASE_SYN_RECEIVED:
    case TCPSTATE_PHASE_ESTABLISHED:
    case TCPSTATE_PHASE_FIN_WAIT_1:
    case TCPSTATE_PHASE_FIN_WAIT_2:
    case TCPSTATE_PHASE_CLOSE_WAIT:
    case TCPSTATE_PHASE_CLOSING:
    case TCPSTATE_PHASE_LAST_ACK:
    case TCPSTATE_PHASE_CLOSED:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
    return is_answer(o) ? cause_of_answer(o) : cause_of_abort(o);
}
