/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fields, declared once. Their names are an interface: none is ever renamed.
 */
#ifndef TCPSTATE_FIELDS_H
#define TCPSTATE_FIELDS_H

#include "ws_compat.h"
#include "tcpstate.h"

#include <epan/expert.h>

/* clang-format off */
/*  identifier, filter name after "tcpstate.", label, type, base, description */
#define TCPSTATE_FIELDS(X) \
    X(CONNECTION, "connection", "Connection", UINT32, BASE_DEC, \
      "Index of the connection, in capture order; a reused pair of addresses and ports counts anew") \
    X(SENDER, "sender", "Sender", STRING, BASE_NONE, \
      "Which endpoint sent this segment: client, server, or self on a self-connection") \
    X(CLIENT_PHASE, "client.phase", "Client", STRING, BASE_NONE, \
      "The client's RFC 9293 state after this segment") \
    X(SERVER_PHASE, "server.phase", "Server", STRING, BASE_NONE, \
      "The server's RFC 9293 state after this segment") \
    X(PHASE, "phase", "Either endpoint", STRING, BASE_NONE, \
      "The RFC 9293 state of either endpoint after this segment, the client's first") \
    X(CLIENT_EVIDENCE, "client.evidence", "Client's evidence", STRING, BASE_NONE, \
      "How the client's state is known: seen, inferred or assumed") \
    X(SERVER_EVIDENCE, "server.evidence", "Server's evidence", STRING, BASE_NONE, \
      "How the server's state is known: seen, inferred or assumed") \
    X(TRANSITION, "transition", "Transition", STRING, BASE_NONE, \
      "A change of state that this segment shows") \
    X(REVISION, "revision", "Taken back", STRING, BASE_NONE, \
      "One of these that is none of TCP's: an inferred state that this segment contradicts; its events say why") \
    X(STAGE, "stage", "Stage", STRING, BASE_NONE, \
      "opening, established, half-closed, closing, closed or aborted") \
    X(OPEN_STEP, "open.step", "Step of the handshake", UINT8, BASE_DEC, \
      "Which segment of the handshake this is, from 1") \
    X(CLOSE_STEP, "close.step", "Step of the close", UINT8, BASE_DEC, \
      "Which segment of the close this is, from 1") \
    X(CLIENT_TIME, "client.time_in_phase", "Client's time in its state", RELATIVE_TIME, BASE_NONE, \
      "How long the client has been in its state") \
    X(SERVER_TIME, "server.time_in_phase", "Server's time in its state", RELATIVE_TIME, BASE_NONE, \
      "How long the server has been in its state") \
    X(CLIENT_SYN, "client.syn_frame", "Client's SYN", FRAMENUM, BASE_NONE, \
      "The frame of the client's first SYN") \
    X(SERVER_SYN, "server.syn_frame", "Server's SYN", FRAMENUM, BASE_NONE, \
      "The frame of the server's first SYN") \
    X(CLIENT_FIN, "client.fin_frame", "Client's FIN", FRAMENUM, BASE_NONE, \
      "The frame of the client's FIN") \
    X(SERVER_FIN, "server.fin_frame", "Server's FIN", FRAMENUM, BASE_NONE, \
      "The frame of the server's FIN") \
    X(RESET_FRAME, "reset_frame", "Reset", FRAMENUM, BASE_NONE, \
      "The frame of the RST that ended the connection") \
    X(ANSWERS_FRAME, "answers_frame", "Answers", FRAMENUM, BASE_NONE, \
      "The unacceptable segment that this challenge ACK answers") \
    X(EVENT, "event", "Event", STRING, BASE_NONE, \
      "What happened, in one word; tcpstate.event.<word> is the same as expert information") \
    X(EVENT_FRAME, "event_frame", "Refers to", FRAMENUM, BASE_NONE, \
      "The earlier frame that the event speaks of: what it repeats, answers or follows") \
    X(STORY, "story", "Story", STRING, BASE_NONE, \
      "What happened to the connection, in plain sentences; until the whole capture is read, on the segment that ends it") \
    X(OPEN, "open", "Opened", STRING, BASE_NONE, \
      "How the connection was opened") \
    X(CLOSE, "close", "Closed", STRING, BASE_NONE, \
      "How the connection was closed") \
    X(CLOSER, "closer", "Closed by", STRING, BASE_NONE, \
      "Which endpoint began the close: client, server or both") \
    X(RESET_CAUSE, "reset.cause", "Cause of the reset", STRING, BASE_NONE, \
      "Why the connection was reset, as far as the wire tells") \
    X(RESET_SENDER, "reset.sender", "Reset by", STRING, BASE_NONE, \
      "Who sent the reset: client, server, or other where its TTL or link address is not the sender's") \
    X(CONN_STATE, "conn_state", "Zeek's conn_state", STRING, BASE_NONE, \
      "The conn_state that Zeek would log: S0, S1, SF, REJ, RSTO and so on") \
    X(HISTORY, "history", "Zeek's history", STRING, BASE_NONE, \
      "The history that Zeek would log, a letter per kind of segment: the originator's in upper case")
/* clang-format on */

enum field {
#define X(id, abbrev, name, type, base, blurb) FIELD_##id,
    TCPSTATE_FIELDS(X)
#undef X
        FIELD_COUNT
};

/* Wireshark's numbers for the protocol, the fields and the subtree; written once, by
 * fields_register(), for the life of the process. */
extern int proto_tcpstate;
extern int field_hf[FIELD_COUNT];
extern int ett_tcpstate;

void fields_register(void);
bool fields_expert_listened(void);
expert_field *fields_expert(const struct tcpstate_occurrence *occurrence);
const char *fields_message(const struct tcpstate_occurrence *occurrence);
bool fields_expert_noticed(const packet_info *pinfo, const struct tcpstate_occurrence *occurrence);

#endif
