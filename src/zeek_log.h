/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What zeek.c, which follows a connection as Zeek does, and zeek_log.c, which says what Zeek would
 * log of it, share.
 */
#ifndef TCPSTATE_ZEEK_LOG_H
#define TCPSTATE_ZEEK_LOG_H

#include "tcpstate.h"

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

void tcpstate_zeek_add(struct tcpstate_zeek *zeek, char letter);
char tcpstate_zeek_letter(const struct tcpstate_zeek *zeek, unsigned index);

#endif
