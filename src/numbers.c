/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The numbers of a handshake: those that an answer tells of an endpoint of which none was captured,
 * and those that it cannot have (RFC 9293 sections 3.5 and 3.10.7.3, RFC 7323).
 */
#include "observation.h"

#define MILLISECOND 1000000

/* How many ticks of a timestamp clock the first SYN lies before the last at most: 1000 seconds. */
#define EARLIER_SYNS 1000000

/*
 * The segment acknowledges an endpoint of which nothing was captured: takes its numbers from the
 * acknowledgement. If it was to answer a SYN, it must have done so.
 */
void
tcpstate_learn_numbers(struct observation *o)
{
    struct tcpstate_endpoint *rcv = o->rcv;

    set_iss(rcv, o->segment->ack - 1);
    rcv->snd_nxt = o->segment->ack;
    if (rcv->syn_sent || o->snd->phase != TCPSTATE_PHASE_SYN_SENT)
        return;
    rcv->syn_sent = true;
    rcv->syn_inferred = !o->syn;
    rcv->rst_sent = rcv->rst_taken = rcv->expired = false; /* what ended it before is past */
    tcpstate_raise(o, TCPSTATE_EVENT_inferred_syn, o->snd_role);
    if (!o->syn)
        o->snd->snd_una = o->snd_una = seq_max(o->snd->snd_una, o->snd->iss + 1);
}

/*
 * Whether the segment echoes a timestamp that its receiver, in SYN_SENT, cannot have sent: neither
 * with its last SYN nor with one before, nor with one captured behind the echo or not at all (RFC
 * 7323 section 3.2). Linux drops it. A timestamp clock ticks once in a millisecond at most (section
 * 5.4).
 */
bool
tcpstate_is_echo_wrong(const struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;
    const int64_t ticks =
        (o->segment->time - rcv->sent_time) / MILLISECOND + o->settings->reorder / MILLISECOND + 1;
    const int64_t later = seq_diff(o->segment->tsecr, rcv->sent_tsval);

    if (rcv->phase != TCPSTATE_PHASE_SYN_SENT || !o->segment->timestamps_seen ||
        o->segment->tsecr == 0 || rcv->sent_tsval == 0 || !rcv->syn_frame)
        return false;
    return later < -EARLIER_SYNS || later > (ticks < 0 ? 0 : ticks);
}

/*
 * The acknowledgement of a SYN,ACK picks between two with different numbers.
 */
void
tcpstate_pick_alternate(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    struct tcpstate_endpoint *rcv = o->rcv;

    if (!connection->alternate_known || connection->alternate_role != o->rcv_role ||
        rcv->phase != TCPSTATE_PHASE_SYN_RECEIVED ||
        o->segment->ack != connection->alternate_iss + 1)
        return;
    set_iss(rcv, connection->alternate_iss);
    rcv->snd_nxt = rcv->iss + 1;
    connection->alternate_known = false;
}

/*
 * Whether the segment acknowledges one octet more than its receiver was captured to have used, and
 * all that was captured of that one is at the same number and without text: keepalives, one octet
 * below its next number (RFC 9293 section 3.8.4). Nothing is missing.
 */
bool
tcpstate_is_probe_first(const struct observation *o)
{
    const struct tcpstate_endpoint *rcv = o->rcv;

    return o->connection->mid_stream && rcv->seen && !rcv->text_sent && !rcv->fin_sent &&
           rcv->snd_nxt == rcv->iss + 1 && o->segment->ack == rcv->snd_nxt + 1;
}
