/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From what was captured of both ends to facts, from facts to the state, and how it is known.
 */
#include "facts.h"

static unsigned
if_so(bool so, enum fact fact)
{
    return so ? fact : 0u;
}

/*
 * The facts about an endpoint (enum fact, or-ed), as both ends' captured segments tell them.
 */
unsigned
tcpstate_facts_of(const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer)
{
    return if_so(endpoint->syn_sent, FACT_SYN_SENT) |
           if_so(is_syn_taken(endpoint, peer), FACT_SYN_TAKEN) |
           if_so(is_syn_acked(endpoint), FACT_SYN_ACKED) |
           if_so(endpoint->fin_sent, FACT_FIN_SENT) |
           if_so(is_fin_taken(endpoint, peer), FACT_FIN_TAKEN) |
           if_so(is_fin_acked(endpoint), FACT_FIN_ACKED) |
           if_so(endpoint->fin_sent && is_fin_covered(peer, endpoint->fin_ack), FACT_FOLLOWS) |
           if_so(endpoint->expired, FACT_EXPIRED) | if_so(endpoint->rst_sent, FACT_RST_SENT) |
           if_so(endpoint->rst_taken, FACT_RST_TAKEN) | if_so(endpoint->passive, FACT_PASSIVE);
}

/* The state of an endpoint that has sent its FIN (RFC 9293 section 3.6). Who sends it after it took
 * the peer's waits for its acknowledgement only; who closes first waits for the peer's too. */
static enum tcpstate_phase
phase_of_closer(unsigned facts)
{
    switch (facts & (FACT_FIN_TAKEN | FACT_FIN_ACKED)) {
    case FACT_FIN_TAKEN | FACT_FIN_ACKED:
        return facts & FACT_FOLLOWS ? TCPSTATE_PHASE_CLOSED : TCPSTATE_PHASE_TIME_WAIT;
    case FACT_FIN_TAKEN:
        return facts & FACT_FOLLOWS ? TCPSTATE_PHASE_LAST_ACK : TCPSTATE_PHASE_CLOSING;
    case FACT_FIN_ACKED:
        return TCPSTATE_PHASE_FIN_WAIT_2;
    default:
        return TCPSTATE_PHASE_FIN_WAIT_1;
    }
}

/*
 * The state that facts (enum fact, or-ed) make (RFC 9293 section 3.3.2). base is the state of an
 * endpoint that has sent no SYN: CLOSED, LISTEN, or UNKNOWN.
 */
enum tcpstate_phase
tcpstate_phase_of(unsigned facts, enum tcpstate_phase base)
{
    if (facts & (FACT_RST_SENT | FACT_EXPIRED))
        return TCPSTATE_PHASE_CLOSED;
    if (facts & FACT_RST_TAKEN)
        return facts & FACT_PASSIVE ? TCPSTATE_PHASE_LISTEN : TCPSTATE_PHASE_CLOSED;
    if (!(facts & FACT_SYN_SENT))
        return base;
    if (!(facts & FACT_SYN_TAKEN))
        return TCPSTATE_PHASE_SYN_SENT;
    if (!(facts &
          FACT_SYN_ACKED)) /* what comes with the peer's FIN would have acknowledged its SYN */
        return facts & FACT_FIN_SENT ? TCPSTATE_PHASE_FIN_WAIT_1 : TCPSTATE_PHASE_SYN_RECEIVED;
    if (facts & FACT_FIN_SENT)
        return phase_of_closer(facts);
    return facts & FACT_FIN_TAKEN ? TCPSTATE_PHASE_CLOSE_WAIT : TCPSTATE_PHASE_ESTABLISHED;
}

/* Whether the capture misses octets of an endpoint that its peer has taken, so that a FIN may be
 * among them. */
static bool
is_fin_taken_possible(const struct tcpstate_endpoint *endpoint)
{
    return !endpoint->fin_sent &&
           ((endpoint->gap_at_end && endpoint->snd_nxt != endpoint->iss + 1) ||
            (endpoint->unseen_acked && seq_lt(endpoint->snd_nxt, endpoint->unseen_ack)));
}

/* The same, or octets that it went on behind without text. */
static bool
is_fin_possible(const struct tcpstate_endpoint *endpoint)
{
    return is_fin_taken_possible(endpoint) ||
           (!endpoint->fin_sent && endpoint->holed && endpoint->gap_before_nxt);
}

/* Whether the third segment of an endpoint's handshake may be missing: its peer acknowledges more
 * than the SYN, or closes, which without Fast Open no listener's socket can before. */
static bool
is_third_segment_possible(const struct tcpstate_connection *connection,
                          const struct tcpstate_endpoint *endpoint,
                          const struct tcpstate_endpoint *peer)
{
    return (endpoint->unseen_acked && seq_lt(endpoint->snd_nxt, endpoint->unseen_ack)) ||
           (peer->fin_sent && peer->syn_inferred && !connection->fast_open &&
            !connection->fast_open_asked);
}

/* How an endpoint that answered, or is past its handshake, is known to be. */
static enum tcpstate_evidence
evidence_of_handshake(const struct tcpstate_connection *connection,
                      const struct tcpstate_endpoint *endpoint)
{
    if (connection->mid_stream)
        return endpoint->syn_frame && endpoint->seen ? TCPSTATE_EVIDENCE_SEEN
                                                     : TCPSTATE_EVIDENCE_ASSUMED;
    if (endpoint->spoken)
        return TCPSTATE_EVIDENCE_SEEN;
    return endpoint->seen || endpoint->syn_frame ? TCPSTATE_EVIDENCE_INFERRED
                                                 : TCPSTATE_EVIDENCE_ASSUMED;
}

/* How it is known that an endpoint's FIN was acknowledged. */
static enum tcpstate_evidence
evidence_of_fin_acked(const struct tcpstate_endpoint *endpoint)
{
    if (endpoint->waited)
        return TCPSTATE_EVIDENCE_SEEN;
    return endpoint->seen || endpoint->fin_frame ? TCPSTATE_EVIDENCE_INFERRED
                                                 : TCPSTATE_EVIDENCE_ASSUMED;
}

static enum tcpstate_evidence
weaker(enum tcpstate_evidence a, enum tcpstate_evidence b)
{
    return a < b ? a : b;
}

/* How a FIN's sender is known to have sent it. */
static enum tcpstate_evidence
evidence_of_fin(const struct tcpstate_endpoint *endpoint)
{
    if (!endpoint->fin_unseen)
        return TCPSTATE_EVIDENCE_SEEN;
    return endpoint->seen ? TCPSTATE_EVIDENCE_INFERRED : TCPSTATE_EVIDENCE_ASSUMED;
}

/* How an endpoint is known to wait for the acknowledgement of its FIN: the peer's FIN, which has
 * one, may have arrived; or the peer may have closed before, where the capture missed it. */
static enum tcpstate_evidence
evidence_of_first_fin(const struct tcpstate_endpoint *endpoint,
                      const struct tcpstate_endpoint *peer)
{
    const bool answered = peer->fin_sent && is_fin_covered(endpoint, peer->fin_ack);

    if (endpoint->fin_assumed)
        return TCPSTATE_EVIDENCE_ASSUMED;
    return answered ? weaker(TCPSTATE_EVIDENCE_INFERRED, evidence_of_fin(endpoint))
                    : evidence_of_fin(endpoint);
}

/* How it is known that an endpoint has taken its peer's FIN. */
static enum tcpstate_evidence
evidence_of_fin_taken(const struct tcpstate_connection *connection,
                      const struct tcpstate_endpoint *peer)
{
    if (!is_fin_covered(peer, peer->snd_una) && !connection->close_complete)
        return TCPSTATE_EVIDENCE_INFERRED;
    return evidence_of_fin(peer);
}

/* How the end of an endpoint is known. A RST that came another way than its other segments may be
 * somebody else's. */
static enum tcpstate_evidence
evidence_of_end(const struct tcpstate_connection *connection,
                const struct tcpstate_endpoint *endpoint)
{
    if (endpoint->rst_sent)
        return connection->reset_foreign && endpoint == &connection->end[connection->reset_role]
                   ? TCPSTATE_EVIDENCE_INFERRED
                   : TCPSTATE_EVIDENCE_SEEN;
    if (endpoint->rst_taken || endpoint->expired)
        return TCPSTATE_EVIDENCE_INFERRED;
    return evidence_of_fin_acked(endpoint);
}

/* How the state is known as the facts stand, if the capture misses nothing. */
static enum tcpstate_evidence
evidence_as_captured(const struct tcpstate_connection *connection,
                     const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer)
{
    const enum tcpstate_evidence taken = evidence_of_fin_taken(connection, peer);

    switch ((enum tcpstate_phase)endpoint->phase) {
    case TCPSTATE_PHASE_SYN_SENT:
        return endpoint->syn_frame ? TCPSTATE_EVIDENCE_SEEN
               : endpoint->seen    ? TCPSTATE_EVIDENCE_INFERRED
                                   : TCPSTATE_EVIDENCE_ASSUMED;
    case TCPSTATE_PHASE_SYN_RECEIVED:
        return endpoint->syn_frame ? TCPSTATE_EVIDENCE_SEEN : TCPSTATE_EVIDENCE_INFERRED;
    case TCPSTATE_PHASE_ESTABLISHED:
        return evidence_of_handshake(connection, endpoint);
    case TCPSTATE_PHASE_FIN_WAIT_1:
        return evidence_of_first_fin(endpoint, peer);
    case TCPSTATE_PHASE_LAST_ACK:
        return weaker(taken, evidence_of_fin(endpoint));
    case TCPSTATE_PHASE_FIN_WAIT_2:
        return evidence_of_fin_acked(endpoint);
    case TCPSTATE_PHASE_CLOSE_WAIT:
    case TCPSTATE_PHASE_CLOSING:
        return taken;
    case TCPSTATE_PHASE_TIME_WAIT:
        return weaker(weaker(taken, evidence_of_fin(endpoint)), evidence_of_fin_acked(endpoint));
    case TCPSTATE_PHASE_CLOSED:
        return evidence_of_end(connection, endpoint);
    case TCPSTATE_PHASE_LISTEN:
        return endpoint->rst_taken ? TCPSTATE_EVIDENCE_INFERRED : TCPSTATE_EVIDENCE_ASSUMED;
    case TCPSTATE_PHASE_UNKNOWN:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
    return TCPSTATE_EVIDENCE_ASSUMED;
}

/*
 * How the state of an endpoint is known: as well as the weakest fact that it rests on, and no
 * better than assumed where the capture shows a gap that may hide what takes it out of that state.
 */
enum tcpstate_evidence
tcpstate_evidence_of(const struct tcpstate_connection *connection,
                     const struct tcpstate_endpoint *endpoint, const struct tcpstate_endpoint *peer)
{
    switch ((enum tcpstate_phase)endpoint->phase) {
    case TCPSTATE_PHASE_ESTABLISHED:
    case TCPSTATE_PHASE_CLOSE_WAIT:
        if (is_fin_possible(endpoint) || is_fin_taken_possible(peer))
            return TCPSTATE_EVIDENCE_ASSUMED;
        break;
    case TCPSTATE_PHASE_FIN_WAIT_1:
    case TCPSTATE_PHASE_FIN_WAIT_2:
        if (is_fin_taken_possible(peer))
            return TCPSTATE_EVIDENCE_ASSUMED;
        break;
    case TCPSTATE_PHASE_SYN_SENT:
        if (is_third_segment_possible(connection, endpoint, peer))
            return TCPSTATE_EVIDENCE_ASSUMED;
        break;
    case TCPSTATE_PHASE_SYN_RECEIVED:
        if (is_third_segment_possible(connection, peer, endpoint))
            return TCPSTATE_EVIDENCE_ASSUMED;
        break;
    case TCPSTATE_PHASE_UNKNOWN:
    case TCPSTATE_PHASE_LISTEN:
    case TCPSTATE_PHASE_CLOSING:
    case TCPSTATE_PHASE_LAST_ACK:
    case TCPSTATE_PHASE_TIME_WAIT:
    case TCPSTATE_PHASE_CLOSED:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
    return evidence_as_captured(connection, endpoint, peer);
}

/*
 * Whether an endpoint may have sent a FIN that the capture missed: the last octets that were
 * acknowledged of it were not captured; or, in a connection captured from the middle, it has sent
 * neither text nor FIN since.
 */
bool
tcpstate_may_have_closed(const struct tcpstate_connection *connection)
{
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);

    if ((client->gap_at_end && !client->fin_sent) || (server->gap_at_end && !server->fin_sent))
        return true;
    return connection->mid_stream &&
           ((!client->text_sent && !client->fin_sent) || (!server->text_sent && !server->fin_sent));
}

/*
 * Who began the close: the sender of the FIN that the other one acknowledges, or both if they
 * crossed. Known from the first FIN on.
 */
enum tcpstate_closer
tcpstate_first_to_close(const struct tcpstate_connection *connection)
{
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);

    if (have_fins_crossed(client, server) || connection->self)
        return TCPSTATE_CLOSER_BOTH;
    if (client->fin_sent && server->fin_sent)
        return is_fin_covered(client, server->fin_ack) ? TCPSTATE_CLOSER_CLIENT
                                                       : TCPSTATE_CLOSER_SERVER;
    if (client->fin_sent)
        return TCPSTATE_CLOSER_CLIENT;
    return server->fin_sent ? TCPSTATE_CLOSER_SERVER : TCPSTATE_CLOSER_NONE;
}
