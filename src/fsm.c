/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The state diagram of RFC 9293 figure 5 as one constant table.
 */
#include "fsm.h"

#include <string.h>

/* clang-format off */

/* The state a stimulus leads to. A cell that repeats its row's state is an edge that changes
 * nothing; "-" is no edge at all: an endpoint in that state does not do this.
 *
 * Beyond the figure:
 * - A passive opener is LISTEN by assumption. If it answers with RST, there was no listener: the
 *   edge LISTEN - SND_RST - CLOSED. If it sends a SYN of its own, it opens actively (figure 5 has
 *   that edge as SEND).
 * - RCV_RST_PASSIVE is section 3.10.7.4's "if this connection was initiated with a passive OPEN,
 *   return to the LISTEN state".
 * - A FIN that comes with the acknowledgement of a SYN is two stimuli in this order, so SYN_RECEIVED
 *   has no edge for RCV_FIN.
 * - UNKNOWN is where an endpoint of which nothing is known begins; a RST to it tells nothing of it. */
#define U TCPSTATE_PHASE_UNKNOWN
#define L TCPSTATE_PHASE_LISTEN
#define SS TCPSTATE_PHASE_SYN_SENT
#define SR TCPSTATE_PHASE_SYN_RECEIVED
#define E TCPSTATE_PHASE_ESTABLISHED
#define F1 TCPSTATE_PHASE_FIN_WAIT_1
#define F2 TCPSTATE_PHASE_FIN_WAIT_2
#define CW TCPSTATE_PHASE_CLOSE_WAIT
#define CG TCPSTATE_PHASE_CLOSING
#define LA TCPSTATE_PHASE_LAST_ACK
#define TW TCPSTATE_PHASE_TIME_WAIT
#define C TCPSTATE_PHASE_CLOSED
#define NO TCPSTATE_NO_EDGE

static const uint8_t edges[TCPSTATE_PHASE_COUNT][TCPSTATE_STIMULUS_COUNT] = {
    /*         SYN SYN,ACK rSYN rSYNACK rACKSYN FIN rACKFIN rFIN RST rRST rRSTp 2MSL */
    [U]    = {  SS,  SR,    NO,   NO,     NO,   NO,   NO,    NO,  C,  U,   U,   NO },
    [L]    = {  SS,  SR,    L,    NO,     NO,   NO,   NO,    NO,  C,  L,   L,   NO },
    [SS]   = {  SS,  SR,    SR,   E,      NO,   NO,   NO,    NO,  C,  C,   C,   NO },
    [SR]   = {  SR,  SR,    SR,   E,      E,    F1,   NO,    NO,  C,  C,   L,   NO },
    [E]    = {  NO,  NO,    E,    E,      E,    F1,   NO,    CW,  C,  C,   C,   NO },
    [F1]   = {  NO,  NO,    F1,   F1,     F1,   F1,   F2,    CG,  C,  C,   C,   NO },
    [F2]   = {  NO,  NO,    F2,   F2,     F2,   F2,   F2,    TW,  C,  C,   C,   NO },
    [CW]   = {  NO,  NO,    CW,   CW,     CW,   LA,   NO,    CW,  C,  C,   C,   NO },
    [CG]   = {  NO,  NO,    CG,   CG,     CG,   CG,   TW,    CG,  C,  C,   C,   NO },
    [LA]   = {  NO,  NO,    LA,   LA,     LA,   LA,   C,     LA,  C,  C,   C,   NO },
    [TW]   = {  NO,  NO,    TW,   TW,     TW,   TW,   TW,    TW,  C,  C,   C,   C  },
    [C]    = {  SS,  SR,    C,    C,      C,    NO,   C,     C,   C,  C,   C,   C  },
};

#undef U
#undef L
#undef SS
#undef SR
#undef E
#undef F1
#undef F2
#undef CW
#undef CG
#undef LA
#undef TW
#undef C
#undef NO
/* clang-format on */

/*
 * The state that a stimulus takes an endpoint to (RFC 9293 section 3.3.2).
 *
 * Returns the same state where the edge changes nothing, TCPSTATE_NO_EDGE where the diagram has
 * none or an argument is out of range.
 */
enum tcpstate_phase
tcpstate_edge(enum tcpstate_phase phase, enum tcpstate_stimulus stimulus)
{
    if ((unsigned)phase >= TCPSTATE_PHASE_COUNT || (unsigned)stimulus >= TCPSTATE_STIMULUS_COUNT)
        return TCPSTATE_NO_EDGE;
    return (enum tcpstate_phase)edges[phase][stimulus];
}

/*
 * Whether the diagram has an edge between two states, whatever its stimulus.
 */
bool
tcpstate_is_edge(enum tcpstate_phase from, enum tcpstate_phase to)
{
    if ((unsigned)from >= TCPSTATE_PHASE_COUNT || (unsigned)to >= TCPSTATE_PHASE_COUNT)
        return false;
    return memchr(edges[from], (int)to, TCPSTATE_STIMULUS_COUNT) != NULL;
}
