/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the files share that follow a connection as Zeek does (zeek.c, zeek_originator.c) and say
 * what Zeek would log of it (zeek_log.c).
 */
#ifndef TCPSTATE_ZEEK_INTERNAL_H
#define TCPSTATE_ZEEK_INTERNAL_H

#include "connection.h"

/* PARTIAL sent, but no SYN was seen of it; CLOSED sent a FIN; RESET sent a RST. */
enum zeek_state { INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET };

/* Kinds of segments that give a letter when they are sent for the first time. */
enum zeek_kind {
    KIND_SYN = 1,
    KIND_FIN = 2,
    KIND_RST = 4,
    KIND_TEXT = 8,
    KIND_ACK = 16,
    KIND_FIN_RST = 32,
    KIND_SYN_OTHER = 64
};

/* In a history: Zeek took the first segment's sender for the responder. */
#define ZEEK_FLIPPED '^'

/* zeek_log.c */
void tcpstate_zeek_add(struct tcpstate_zeek *zeek, char letter);
void tcpstate_zeek_note(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end,
                        char letter);
void tcpstate_zeek_count(struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end,
                         uint16_t *count, char letter);
char tcpstate_zeek_letter(const struct tcpstate_zeek *zeek, unsigned index);

/* zeek_originator.c */
bool tcpstate_zeek_originate(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment);
void tcpstate_zeek_reconsider(struct tcpstate_zeek *zeek);
void tcpstate_zeek_flip(struct tcpstate_zeek *zeek);

static inline bool
zeek_is_originator(const struct tcpstate_zeek *zeek, const struct tcpstate_zeek_end *end)
{
    return end == &zeek->end[zeek->originator];
}

#endif
