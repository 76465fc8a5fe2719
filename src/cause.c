/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Why a connection was reset, as far as the wire tells.
 */
#include "observation.h"

#define SECOND INT64_C(1000000000)

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

/* The causes of a RST that answers a segment. Where the connection was open and silent for long,
 * something on the way has forgotten it. */
static enum tcpstate_cause
cause_of_answer(const struct observation *o)
{
    if (tcpstate_is_ack_refused(o))
        return TCPSTATE_CAUSE_BAD_HANDSHAKE_ACK;
    if (o->snd->fin_sent && o->rcv->text_after_fin)
        return TCPSTATE_CAUSE_DATA_AFTER_CLOSE;
    if (!o->snd->fin_sent && !o->rcv->fin_sent && tcpstate_silence_before_rst(o) != 0)
        return TCPSTATE_CAUSE_IDLE_TIMEOUT;
    return TCPSTATE_CAUSE_NO_CONNECTION;
}

/* The causes of an abort by its own sender. */
static enum tcpstate_cause
cause_of_abort(const struct observation *o)
{
    const struct tcpstate_endpoint *snd = o->snd;

    if (snd->probes >= 2)
        return TCPSTATE_CAUSE_KEEPALIVE_TIMEOUT;
    if (snd->repeats >= TCPSTATE_GIVING_UP)
        return TCPSTATE_CAUSE_RETRANSMISSION_TIMEOUT;
    if (tcpstate_silence_before_rst(o) != 0)
        return TCPSTATE_CAUSE_IDLE_TIMEOUT;
    if (snd->fin_sent || o->segment->seq != snd->snd_nxt)
        return TCPSTATE_CAUSE_UNKNOWN;
    if (o->rcv->text_sent && o->connection->last_text_role == o->rcv_role)
        return TCPSTATE_CAUSE_UNREAD_DATA;
    return snd->snd_una == snd->snd_nxt ? TCPSTATE_CAUSE_LINGER_ZERO : TCPSTATE_CAUSE_UNKNOWN;
}

/*
 * The cause of the RST, judged before it changes a state.
 *
 * An answer tells that its sender has no such socket, or a socket that was closed; an active abort
 * tells what its sender waited for in vain, or that its application threw the connection away: with
 * text still unread if text was the last that it got, else with SO_LINGER 0.
 */
enum tcpstate_cause
tcpstate_cause_of(const struct observation *o)
{
    switch ((enum tcpstate_phase)o->rcv->phase) {
    case TCPSTATE_PHASE_UNKNOWN:
        return TCPSTATE_CAUSE_NO_CONNECTION;
    case TCPSTATE_PHASE_SYN_SENT:
        return o->snd->syn_sent ? cause_of_abort(o) : TCPSTATE_CAUSE_CLOSED_PORT;
    case TCPSTATE_PHASE_TIME_WAIT:
        return TCPSTATE_CAUSE_TIME_WAIT_ASSASSINATION;
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
