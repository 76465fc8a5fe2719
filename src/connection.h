/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the core keeps of a pair of addresses and ports, of its connections and of their endpoints.
 */
#ifndef TCPSTATE_CONNECTION_H
#define TCPSTATE_CONNECTION_H

#include "tcpstate.h"
#include "zeek_state.h"

/* Events that are told once of an endpoint have a bit each. */
#define TCPSTATE_TOLD_BITS 16
#define TCPSTATE_TOLD_MASK ((1u << TCPSTATE_TOLD_BITS) - 1)

/* What the capture showed of one endpoint. "As inferred" means: from the segments captured, which
 * need not be all. Sequence numbers are modulo 2^32. */
struct tcpstate_endpoint {
    int64_t since;       /* when it entered its state, capture time */
    int64_t sent_time;   /* when it first sent its SYN; once it has closed, its FIN */
    uint32_t asked_time; /* when the segment passed that it has still to answer, if asked: units of
                          * 2^10 nanoseconds, modulo 2^32 */
    uint32_t iss;        /* its initial sequence number */
    uint32_t snd_una;    /* SND.UNA as inferred: the highest acknowledgement its peer sent */
    uint32_t snd_nxt;    /* SND.NXT as inferred: one beyond the highest number it used */
    uint32_t fin;        /* the number just after its FIN, if fin_sent */
    uint32_t fin_ack;    /* SEG.ACK of its FIN: what it had taken when it closed */
    uint32_t rcv_edge;   /* right edge of the window it offers: the highest SEG.ACK + SEG.WND */
    uint32_t unseen_ack; /* what its peer acknowledged beyond snd_nxt, if unseen_acked */
    uint32_t hole;       /* where its text goes on after octets not captured yet, if holed */
    uint32_t sent_tsval; /* the timestamp it sent with its last SYN, then with its last FIN */
    uint32_t tsval;     /* the newest it sent, or that was echoed where nothing of it is captured */
    uint32_t syn_frame; /* frames of its first SYN and of its first FIN, 0 = not captured */
    uint32_t fin_frame;
    uint32_t text_from;  /* its snd_nxt when it first acknowledged its peer's FIN */
    uint16_t round_trip; /* the shortest from the place of capture to it, in units of
                          * 2^16 nanoseconds, rounded up, if timed */
    uint16_t sack_right; /* right edge of the last SACK block it sent, its low 16 bits, if sacked */
    uint16_t sent_ip_id; /* IP identification of its last SYN, then of its last FIN */
    uint16_t link;       /* digest of its link-layer address, 0 = unknown */
    uint16_t told;       /* a bit for each event of it that is told once */
    uint8_t syn_count;   /* times its SYN and its FIN were captured, up to 255 */
    uint8_t fin_count;
    uint8_t ttl;        /* of its last segment, 0 = unknown */
    uint8_t repeats;    /* times it repeated the text at snd_una */
    uint8_t phase : 4;  /* enum tcpstate_phase */
    uint8_t probes : 4; /* keepalives in a row without an answer, up to 15 */
    uint8_t syn_step : 4,
        fin_step : 4;    /* their steps in the handshake and in the close, up to 15 */
    uint16_t facts : 11; /* enum fact, or-ed: those that its phase follows from */
    uint16_t base : 4;   /* its phase before it sends a SYN */
    uint8_t window_shift : 4;
    uint8_t evidence : 2;   /* enum tcpstate_evidence */
    bool numbers_known : 1; /* iss, snd_una and snd_nxt mean something */
    bool seen : 1;          /* it sent at least one captured segment */
    bool syn_sent : 1;      /* its SYN was captured, or must have been sent */
    bool syn_inferred : 1;  /* it must have taken its peer's SYN, though nothing of it says so */
    bool spoken : 1;        /* what it sent proves that it is past the handshake */
    bool ack_doubted : 1;   /* it repeated its SYN,ACK after a captured ACK of it */
    bool ack_refused : 1;   /* twice: only its own segments tell when it takes one */
    bool syn_told : 1;      /* an acknowledgement of its SYN counts as delivered: it knows */
    bool fin_told : 1;      /* and one of its FIN */
    bool fin_sent : 1;
    bool fin_assumed : 1;  /* its peer may have closed before, where the capture missed it */
    bool fin_bare : 1;     /* a FIN without ACK was captured at snd_nxt: its peer decides */
    bool fin_changed : 1;  /* a FIN of it was captured at another number, too */
    bool fin_unseen : 1;   /* its FIN was not captured */
    bool fin_answers : 1;  /* its unseen FIN is taken to have acknowledged its peer's */
    bool fin_inferred : 1; /* it must have taken its peer's FIN, though nothing of it says so */
    bool waited : 1;       /* what it sent proves that it was in FIN_WAIT_2 */
    bool rst_sent : 1;
    bool rst_taken : 1;
    bool rst_refused : 1; /* it went on after a RST that should have ended it */
    bool expired : 1;     /* its TIME_WAIT is over */
    bool passive : 1;     /* a RST takes it back to LISTEN */
    bool asked : 1;
    bool timed : 1;
    bool text_sent : 1;      /* it sent payload */
    bool text_after_fin : 1; /* it sent new payload after its peer's FIN was captured */
    bool options_known : 1;  /* its SYN was captured whole: whether it scales is known */
    bool window_scaled : 1;  /* it offered to scale its window */
    bool edge_known : 1;     /* rcv_edge means something */
    bool edge_rough : 1;     /* a SYN showed it, whose window is never scaled */
    bool timestamps : 1;     /* tsval means something */
    bool sacked : 1;
    bool unseen_acked : 1;
    bool gap_of_one : 1; /* the octet before snd_nxt was not captured: text, or a FIN */
    bool gap_at_end : 1; /* the octets before snd_nxt were not captured: a FIN may be among them */
    bool holed : 1;
    bool gap_before_nxt : 1; /* a segment without text went on there, behind octets not captured */
    bool fin_repeated : 1;   /* its FIN came again and awaits another acknowledgement */
    bool stuck_told : 1;
    bool spoke : 1;         /* it sent a segment other than SYN and RST */
    bool window_closed : 1; /* it last offered a window of zero */
};

/* What may come in a storm. */
enum storm { STORM_NONE, STORM_OF_RESETS, STORM_OF_FINS, STORM_OF_ACKS };

/* One incarnation of a pair of addresses and ports: from a SYN (or the first segment captured) to
 * the next SYN that is accepted. */
struct tcpstate_connection {
    uint32_t index; /* from 0, in the order in which connections begin */
    uint32_t last_frame;
    int64_t first_time, last_time;
    int64_t wait_time; /* when the 2 MSL of TIME_WAIT began, last */
    /* By enum tcpstate_role; only the first on a self-connection. */
    struct tcpstate_endpoint end[2];
    uint32_t reset_frame;
    uint32_t segments;         /* captured, copies not counted */
    uint32_t challenged_frame; /* the unacceptable segment that may draw a challenge ACK, or 0 */
    union {
        uint32_t challenge_ack; /* SEG.ACK of the last challenge ACK, if challenge_sent */
        uint32_t reset_seq;     /* SEG.SEQ of the RST that was accepted last, otherwise */
    };
    uint32_t alternate_iss; /* a second number of alternate_role's SYN, if alternate_known */
    uint16_t alerts;        /* events above chat, up to 65535 */
    uint16_t slept;         /* the silence that its last segment ended, if worth a note, seconds */
    uint8_t storm_count;    /* RSTs, FINs or idle acknowledgements within a second */
    uint8_t storm_time;     /* when that second began, in units of 2^27 nanoseconds, modulo 2^8 */
    uint8_t open : 4;       /* verdicts: enum tcpstate_open, _close, _closer, _cause */
    uint8_t close : 3;
    uint8_t cause : 4;
    uint8_t step : 4;  /* of the handshake, then of the close */
    uint8_t stage : 3; /* enum tcpstate_stage */
    uint8_t closer : 2;
    uint8_t client_side : 1;     /* the segment's side that is the client */
    uint8_t reset_role : 1;      /* enum tcpstate_role: who sent the accepted RST */
    uint8_t challenged_role : 1; /* who sent the segment in challenged_frame */
    uint8_t challenge_role : 1;  /* who sent the challenge ACK */
    uint8_t alternate_role : 1;
    uint8_t last_text_role : 1; /* who sent text last, if either did */
    uint8_t denying_side : 1;   /* the segment's side that sent it, if denied */
    bool self : 1;              /* one endpoint, connected to itself */
    bool mid_stream : 1;        /* the handshake was not captured */
    bool reset_foreign : 1;     /* that RST came another way than its sender's other segments */
    bool reset : 1;             /* an accepted RST ended it */
    bool handshake_complete : 1;
    bool close_complete : 1;
    bool fast_open : 1;       /* the SYN carried data, and the SYN,ACK acknowledged it */
    bool fast_open_asked : 1; /* the first SYN had the Fast Open option */
    bool split : 1;           /* the SYN was answered by a bare ACK */
    bool syns_crossed : 1;
    bool three_way : 1; /* the second FIN was the acknowledgement of the first */
    bool alternate_known : 1;
    bool challenged_syn : 1; /* the segment in challenged_frame is a SYN */
    bool challenge_sent : 1;
    bool challenge_of_syn : 1; /* the challenge ACK answered a SYN */
    bool recovering : 1;       /* the client reset an old connection of its peer's */
    bool denied : 1;           /* it ends, but for disorder, with a RST that answers a segment, of
                                  denying_side */
    uint8_t storm : 2;         /* enum storm: what storm_count counts */
    uint8_t storm_role : 1;    /* who sent the last of them */
    struct tcpstate_zeek zeek; /* what Zeek would log of it */
};

/* A SYN whose fate its receiver decides. */
struct tcpstate_pending {
    int64_t time;
    uint32_t frame, iss, tsval;
    uint16_t len; /* octets of text on it */
    uint8_t window_shift;
    uint8_t side : 1;
    bool active : 1, options_known : 1, window_scaled : 1, timestamps : 1;
    bool doubted : 1; /* an old duplicate, as it seems: only its sender can show that it is not */
};

#define TCPSTATE_COPIES 5 /* packets remembered per pair to recognise a second capture of one */

/* All the core knows of one pair of addresses and ports. */
struct tcpstate_pair {
    struct tcpstate_connection *live, *previous;
    struct tcpstate_pending pending;
    uint32_t copy_digest[TCPSTATE_COPIES];
    uint16_t copy_time[TCPSTATE_COPIES];           /* in units of 2^15 nanoseconds, modulo 2^16 */
    uint16_t copies_of_previous : TCPSTATE_COPIES; /* a bit per packet: it belongs to the previous
                                                    * connection */
    uint16_t copies_of_side : TCPSTATE_COPIES;     /* a bit per packet: the side that sent it */
    uint16_t next_copy : 3;
};

_Static_assert(sizeof(struct tcpstate_connection) <= TCPSTATE_CONNECTION_SIZE,
               "the caller's memory holds a connection");
_Static_assert(sizeof(struct tcpstate_pair) <= TCPSTATE_PAIR_SIZE, "and a pair");

#endif
