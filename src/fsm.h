/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The state diagram of RFC 9293 figure 5 as data.
 */
#ifndef TCPSTATE_FSM_H
#define TCPSTATE_FSM_H

#include "tcpstate.h"

/* What can happen to an endpoint, as an observer judges it: what it sent, and what it has received.
 * RCV_SYN is a SYN that does not acknowledge the endpoint's own; RCV_SYN_ACK is one that does, or
 * completes with an earlier acknowledgement. */
/* clang-format off */
#define TCPSTATE_STIMULI(X) \
    X(SND_SYN) X(SND_SYN_ACK) X(RCV_SYN) X(RCV_SYN_ACK) X(RCV_ACK_OF_SYN) \
    X(SND_FIN) X(RCV_ACK_OF_FIN) X(RCV_FIN) \
    X(SND_RST) X(RCV_RST) X(RCV_RST_PASSIVE) X(TIMEOUT_2MSL)
/* clang-format on */

enum tcpstate_stimulus {
#define X(name) TCPSTATE_STIMULUS_##name,
    TCPSTATE_STIMULI(X)
#undef X
        TCPSTATE_STIMULUS_COUNT
};

/* Not a state: the diagram has no such edge. */
#define TCPSTATE_NO_EDGE TCPSTATE_PHASE_COUNT

enum tcpstate_phase tcpstate_edge(enum tcpstate_phase phase, enum tcpstate_stimulus stimulus);
bool tcpstate_is_edge(enum tcpstate_phase from, enum tcpstate_phase to);

#endif
