/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is known of an endpoint's connection: the facts from which its state follows.
 *
 * A fact follows from what was captured of both ends; nothing sets a state. A SYN or FIN is taken
 * when its receiver acknowledges it, and acknowledged when an acknowledgement of it counts as
 * delivered; a contradiction retracts what was only inferred (docs/design.md, "Evidence").
 */
#ifndef TCPSTATE_FACTS_H
#define TCPSTATE_FACTS_H

#include "connection.h"
#include "seq.h"

/* In the order of RFC 9293 section 3.10.7.4, but for who was first: settle.c. */
enum fact {
    FACT_SYN_SENT = 0x001,
    FACT_SYN_TAKEN = 0x002, /* its peer's */
    FACT_SYN_ACKED = 0x004,
    FACT_FIN_SENT = 0x008,
    FACT_FIN_TAKEN = 0x010, /* its peer's */
    FACT_FIN_ACKED = 0x020,
    FACT_EXPIRED = 0x040, /* its TIME_WAIT is over */
    FACT_RST_SENT = 0x080,
    FACT_RST_TAKEN = 0x100,
    FACT_PASSIVE = 0x200, /* it was in LISTEN, and a RST takes it back there */
    FACT_FOLLOWS = 0x400, /* it had taken its peer's FIN when it sent its own */
};

/* Whether an acknowledgement covers the endpoint's SYN, or its FIN. */
static inline bool
is_syn_covered(const struct tcpstate_endpoint *endpoint, uint32_t ack)
{
    return endpoint->syn_sent && seq_lt(endpoint->iss, ack);
}

static inline bool
is_fin_covered(const struct tcpstate_endpoint *endpoint, uint32_t ack)
{
    return endpoint->fin_sent && seq_le(endpoint->fin, ack);
}

/* Whether the endpoint knows that its SYN, or its FIN, was acknowledged. */
static inline bool
is_syn_acked(const struct tcpstate_endpoint *endpoint)
{
    return endpoint->syn_sent && endpoint->syn_told;
}

static inline bool
is_fin_acked(const struct tcpstate_endpoint *endpoint)
{
    return endpoint->fin_sent && endpoint->fin_told;
}

/* The acknowledgement counts as delivered: the endpoint knows what it covers. */
static inline void
tell(struct tcpstate_endpoint *endpoint, uint32_t ack)
{
    endpoint->syn_told |= is_syn_covered(endpoint, ack);
    endpoint->fin_told |= is_fin_covered(endpoint, ack);
}

/* Whether the endpoint has taken its peer's SYN, or FIN: it acknowledged it, or must have. */
static inline bool
is_syn_taken(const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer)
{
    return endpoint->syn_inferred || is_syn_covered(peer, peer->snd_una);
}

static inline bool
is_fin_taken(const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer)
{
    return endpoint->fin_inferred || is_fin_covered(peer, peer->snd_una);
}

/* Whether neither FIN acknowledges the other: both were sent before either arrived (RFC 9293
 * section 3.6, figure 13). */
static inline bool
have_fins_crossed(const struct tcpstate_endpoint *a, const struct tcpstate_endpoint *b)
{
    return a != b && a->fin_sent && b->fin_sent && seq_lt(a->fin_ack, b->fin) &&
           seq_lt(b->fin_ack, a->fin);
}

/* The endpoint's peer, which on a self-connection is itself. */
static inline const struct tcpstate_endpoint *
other_end(const struct tcpstate_connection *connection, const struct tcpstate_endpoint *endpoint)
{
    if (connection->self)
        return endpoint;
    return endpoint == &connection->end[TCPSTATE_CLIENT] ? &connection->end[TCPSTATE_SERVER]
                                                         : &connection->end[TCPSTATE_CLIENT];
}

enum tcpstate_closer tcpstate_first_to_close(const struct tcpstate_connection *connection);
bool tcpstate_may_have_closed(const struct tcpstate_connection *connection);
unsigned tcpstate_facts_of(const struct tcpstate_endpoint *endpoint,
                           const struct tcpstate_endpoint *peer);
enum tcpstate_phase tcpstate_phase_of(unsigned facts, enum tcpstate_phase base);
enum tcpstate_evidence tcpstate_evidence_of(const struct tcpstate_connection *connection,
                                            const struct tcpstate_endpoint *endpoint,
                                            const struct tcpstate_endpoint *peer);

#endif
