/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What Zeek would log of a connection: its conn_state and its history. What the files share that
 * follow a connection as Zeek does (zeek.c, zeek_originator.c) and say what Zeek would log of it
 * (zeek_log.c).
 *
 * Zeek keeps states of its own, defined by what was seen, and decides for itself who the originator
 * is; both are deliberately apart from the RFC 9293 states and the roles of tcpstate.h.
 */
#ifndef TCPSTATE_ZEEK_STATE_H
#define TCPSTATE_ZEEK_STATE_H

#include "tcpstate.h"

/* One endpoint as Zeek follows it. Numbers are sequence numbers modulo 2^32, or the low 16 bits of
 * one. */
struct tcpstate_zeek_end {
    uint32_t start; /* of its SYN, or one before the first number seen of it */
    uint32_t last;  /* one beyond the highest number it used */
    uint32_t
        delivered; /* one beyond the text that is in order, or acknowledged without being seen */
    uint16_t hole; /* if not 0: text lies beyond delivered, from this many octets on */
    uint16_t fin;  /* the number of its last FIN, of its last RST */
    uint16_t rst;
    uint16_t corrupt, gaps, repeats, zero_windows; /* counts for the letters c, g, t, w */
    uint16_t state : 3;                            /* enum zeek_state */
    uint16_t before : 3;                           /* the state before that */
    uint16_t kinds : 7; /* enum zeek_kind: the kinds of segments it sent */
};

/* One connection as Zeek follows it. Zeroed memory is one of which nothing was seen. */
struct tcpstate_zeek {
    struct tcpstate_zeek_end end[2];                /* by side of the pair */
    uint8_t letters[TCPSTATE_ZEEK_LETTERS * 5 / 8]; /* the history, five bits each, 0 = no more */
    bool begun : 1;                                 /* a segment was seen */
    uint8_t originator : 1;                         /* the originator's side */
    bool partial : 1;                               /* it did not begin with a SYN */
    bool more : 1;                                  /* the history had no room for a letter */
};

void tcpstate_zeek_observe(struct tcpstate_zeek *zeek, const struct tcpstate_segment *segment);

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
