/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whom Zeek takes for the originator of a connection, and where it sees another one begin.
 */
#include <string.h>

#include "connection.h"

/* TCP ports that Zeek takes for a server's (likely_server_ports, as its default scripts fill it),
 * in ascending order. */
static const uint16_t server_ports[] = {
    21,   22,   25,   53,   79,   80,   81,   88,   110,  135,  139,  143,  389,  443,  445,  502,
    563,  585,  587,  614,  631,  636,  989,  990,  992,  993,  995,  1080, 1434, 1883, 2811, 3128,
    3268, 3306, 3389, 5222, 5223, 5269, 5432, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000,
};

static bool
is_server_port(uint16_t port)
{
    for (size_t i = 0; i < sizeof server_ports / sizeof server_ports[0]; i++)
        if (server_ports[i] == port)
            return true;
    return false;
}

/*
 * Makes the originator the responder. Which kinds of segments have their letter stays with the
 * role, so that a SYN,ACK can get its letter twice.
 */
void
tcpstate_zeek_flip(struct tcpstate_zeek *zeek)
{
    const unsigned kinds = zeek->end[0].kinds;

    zeek->end[0].kinds = zeek->end[1].kinds;
    zeek->end[1].kinds = kinds & 0x7f;
    zeek->originator ^= 1;
    zeek->partial = false;
}

/* The first segment of a connection. Unless it is a SYN, a likely server's port makes its sender
 * the responder; if both ports are, the lower one does, but a SYN,ACK is left alone. */
static void
begin(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const bool syn = segment->flags & TCPSTATE_SYN;
    const bool first_syn = syn && !(segment->flags & TCPSTATE_ACK);

    memset(zeek, 0, sizeof *zeek);
    zeek->begun = true;
    zeek->originator = segment->side == 1;
    if (first_syn || !is_server_port(segment->source_port))
        return;
    if (is_server_port(segment->destination_port) &&
        (syn || segment->source_port >= segment->destination_port))
        return;
    tcpstate_zeek_flip(zeek);
    tcpstate_zeek_add(zeek, ZEEK_FLIPPED);
}

/* Whether Zeek ends its connection here and begins another. */
static bool
is_reuse(const struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    const struct tcpstate_zeek_end *originator = &zeek->end[zeek->originator];
    const struct tcpstate_zeek_end *responder = &zeek->end[zeek->originator ^ 1];
    const bool ack = segment->flags & TCPSTATE_ACK;

    if (!(segment->flags & TCPSTATE_SYN) || (ack && originator->state != INACTIVE))
        return false;
    if (originator->state == CLOSED || originator->state == RESET || responder->state == CLOSED ||
        responder->state == RESET)
        return true;
    if (segment->seq == (ack ? responder : originator)->start)
        return false;
    return ack || originator->state != SYN_ACK_SENT || responder->state != INACTIVE ||
           segment->seq != responder->start;
}

/* Whether the responder took a SYN, so that another does not replace this connection here. */
static bool
is_answered(const struct tcpstate_zeek *zeek)
{
    return zeek->end[zeek->originator ^ 1].kinds & KIND_SYN;
}

/*
 * Finds out who is the originator, of the first segment and of any that Zeek takes for the first of
 * another connection. Returns false if that is not to be followed: after an answer, this connection
 * keeps its words.
 */
bool
tcpstate_zeek_originate(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment)
{
    if (zeek->begun && !is_reuse(zeek, segment))
        return true;
    if (zeek->begun && is_answered(zeek))
        return false;
    begin(zeek, segment);
    return true;
}

/*
 * Flips the roles of a connection of which only an unsolicited SYN,ACK was seen when an
 * acknowledgement or text follows, from either side: it is no stealth scan, the SYN was missed. The
 * states remain, so that the connection does not become established.
 */
void
tcpstate_zeek_reconsider(struct tcpstate_zeek *zeek)
{
    if (tcpstate_zeek_letter(zeek, 0) != 'H' || tcpstate_zeek_letter(zeek, 1) != '\0')
        return;
    tcpstate_zeek_flip(zeek);
    memset(zeek->letters, 0, sizeof zeek->letters);
    tcpstate_zeek_add(zeek, ZEEK_FLIPPED);
    tcpstate_zeek_add(zeek, 'h');
}
