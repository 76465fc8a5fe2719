/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The public face of the core: a captured segment goes in, a plain value comes out that says in
 * which RFC 9293 state each endpoint of its connection is, how that is known, and what happened.
 *
 * The caller owns all memory. The core neither allocates nor frees, reads no clock and does no
 * input or output. It needs one struct tcpstate_pair per pair of addresses and ports, found by the
 * caller in a table of its own, and one struct tcpstate_connection per incarnation, which the
 * caller holds ready; both start as zeroed memory.
 *
 * Limitations: an observer sees what was sent, not what was received. What a socket does in silence
 * (a time-out, an abort in SYN_SENT, a FIN held back by a closed window) shows only in what
 * follows.
 */
#ifndef TCPSTATE_H
#define TCPSTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zeek.h"

/* clang-format off */

/* The states of RFC 9293 section 3.3.2, and UNKNOWN for "nothing to go by". */
#define TCPSTATE_PHASES(X) \
    X(UNKNOWN) X(LISTEN) X(SYN_SENT) X(SYN_RECEIVED) X(ESTABLISHED) X(FIN_WAIT_1) X(FIN_WAIT_2) \
    X(CLOSE_WAIT) X(CLOSING) X(LAST_ACK) X(TIME_WAIT) X(CLOSED)

/* How an endpoint's state is known: its own segment proved it; it follows if the peer's captured
 * segment arrived; history is missing. */
#define TCPSTATE_EVIDENCES(X) \
    X(ASSUMED, "assumed") X(INFERRED, "inferred") X(SEEN, "seen")

#define TCPSTATE_STAGES(X) \
    X(OPENING, "opening") X(ESTABLISHED, "established") X(HALF_CLOSED, "half-closed") \
    X(CLOSING, "closing") X(CLOSED, "closed") X(ABORTED, "aborted")

#define TCPSTATE_OPENS(X) \
    X(NONE, "") X(THREE_WAY, "three-way") X(SIMULTANEOUS, "simultaneous") X(SELF, "self") \
    X(FAST_OPEN, "fast-open") X(SPLIT, "split") X(MID_STREAM, "mid-stream") \
    X(REFUSED, "refused") X(UNANSWERED, "unanswered") X(HALF_OPEN, "half-open") \
    X(ABORTED, "aborted")

#define TCPSTATE_CLOSES(X) \
    X(NONE, "none") X(FOUR_WAY, "four-way") X(THREE_WAY, "three-way") X(TWO_WAY, "two-way") \
    X(SIMULTANEOUS, "simultaneous") X(RESET, "reset") X(RESET_AFTER_FIN, "reset-after-fin")

#define TCPSTATE_CLOSERS(X) \
    X(NONE, "") X(CLIENT, "client") X(SERVER, "server") X(BOTH, "both")

/* Why a connection was reset, as far as the wire tells. */
#define TCPSTATE_CAUSES(X) \
    X(NONE, "") X(CLOSED_PORT, "closed-port") X(NO_CONNECTION, "no-connection") \
    X(DATA_AFTER_CLOSE, "data-after-close") X(UNREAD_DATA, "unread-data") \
    X(LINGER_ZERO, "linger-zero") X(KEEPALIVE_TIMEOUT, "keepalive-timeout") \
    X(RETRANSMISSION_TIMEOUT, "retransmission-timeout") X(BAD_HANDSHAKE_ACK, "bad-handshake-ack") \
    X(OLD_DUPLICATE, "old-duplicate") X(TIME_WAIT_ASSASSINATION, "time-wait-assassination") \
    X(IDLE_TIMEOUT, "idle-timeout") X(UNKNOWN, "unknown")

enum tcpstate_phase {
#define X(name) TCPSTATE_PHASE_##name,
    TCPSTATE_PHASES(X)
#undef X
    TCPSTATE_PHASE_COUNT
};

enum tcpstate_evidence {
#define X(name, text) TCPSTATE_EVIDENCE_##name,
    TCPSTATE_EVIDENCES(X)
#undef X
};

enum tcpstate_stage {
#define X(name, text) TCPSTATE_STAGE_##name,
    TCPSTATE_STAGES(X)
#undef X
};

enum tcpstate_open {
#define X(name, text) TCPSTATE_OPEN_##name,
    TCPSTATE_OPENS(X)
#undef X
};

enum tcpstate_close {
#define X(name, text) TCPSTATE_CLOSE_##name,
    TCPSTATE_CLOSES(X)
#undef X
};

enum tcpstate_closer {
#define X(name, text) TCPSTATE_CLOSER_##name,
    TCPSTATE_CLOSERS(X)
#undef X
};

enum tcpstate_cause {
#define X(name, text) TCPSTATE_CAUSE_##name,
    TCPSTATE_CAUSES(X)
#undef X
};

enum tcpstate_severity {
    TCPSTATE_SEVERITY_CHAT,
    TCPSTATE_SEVERITY_NOTE,
    TCPSTATE_SEVERITY_WARN,
    TCPSTATE_SEVERITY_ERROR
};

enum tcpstate_group {
    TCPSTATE_GROUP_SEQUENCE,
    TCPSTATE_GROUP_SECURITY,
    TCPSTATE_GROUP_ASSUMPTION
};

enum tcpstate_event {
#define EVENT(slug, severity, group, rfc, happened, advice) TCPSTATE_EVENT_##slug,
#include "event.def"
#undef EVENT
    TCPSTATE_EVENT_COUNT
};

/* clang-format on */

/* Index of an endpoint in a connection. SELF is a sender's name only: a self-connection has one
 * endpoint, at index CLIENT. */
enum tcpstate_role { TCPSTATE_CLIENT, TCPSTATE_SERVER, TCPSTATE_SELF };

/* Control bits of the TCP header (RFC 9293 section 3.1). */
enum tcpstate_flag {
    TCPSTATE_FIN = 0x01,
    TCPSTATE_SYN = 0x02,
    TCPSTATE_RST = 0x04,
    TCPSTATE_PSH = 0x08,
    TCPSTATE_ACK = 0x10,
    TCPSTATE_URG = 0x20,
    TCPSTATE_ECE = 0x40,
    TCPSTATE_CWR = 0x80
};

/* What the user may set; times in nanoseconds. */
struct tcpstate_settings {
    int64_t msl;    /* maximum segment lifetime: TIME_WAIT lasts two of them */
    int64_t stuck;  /* a half-closed connection is stuck after this long */
    int64_t idle;   /* a silence longer than this is worth a note */
    int64_t copy;   /* an identical packet within this time is the same packet */
    int64_t slow;   /* a step of the handshake or the close longer than this is slow */
    uint32_t storm; /* more resets or FINs than this within a second are a storm */
};

/* One captured TCP header, and what its packet says about it. Written by tcpstate_segment_parse()
 * and, for the fields that the header does not hold, by the caller. */
struct tcpstate_segment {
    int64_t time;        /* capture time, nanoseconds since the epoch, less than 2^62 of them
                          * before or after it; may go backwards */
    uint32_t frame;      /* number of the frame that holds it, from 1 */
    uint32_t seq;        /* SEG.SEQ */
    uint32_t ack;        /* SEG.ACK, meaningless without the ACK bit */
    uint32_t len;        /* octets of text, SYN and FIN not counted */
    uint32_t sack_right; /* right edge of the first SACK block, if sack_seen */
    uint32_t tsval;      /* RFC 7323 timestamps, if timestamps_seen */
    uint32_t tsecr;
    uint16_t source_port, destination_port;
    uint16_t link;        /* digest of the sender's link-layer address, 0 if unknown */
    uint16_t window;      /* SEG.WND as sent, not scaled */
    uint16_t ip_id;       /* IPv4 identification, 0 for IPv6 */
    uint8_t flags;        /* enum tcpstate_flag */
    uint8_t ttl;          /* TTL or hop limit, 0 if unknown */
    uint8_t side;         /* 0 or 1: which address of the pair sent it; 0 on a self-connection */
    uint8_t window_shift; /* RFC 7323 window scale, if window_scale_seen */
    bool options_cut;     /* the capture holds only a part of the options */
    bool self;            /* source and destination are the same address and port */
    bool timestamps_seen, window_scale_seen, sack_seen, fast_open_seen;
    bool bad_checksum; /* the checksum was verified and is wrong */
    bool bad_packet;   /* the same of the IP header */
    bool text_cut;     /* the capture holds only a part of the text */
};

/* What the capture showed of one endpoint. "As inferred" means: from the segments captured, which
 * need not be all. Sequence numbers are modulo 2^32. */
struct tcpstate_endpoint {
    int64_t since; /* when it entered its state, capture time */
    int64_t mark;  /* when it sent its first SYN; then its first FIN; then when its 2 MSL began */
    uint32_t iss;  /* its initial sequence number */
    uint32_t snd_una;    /* SND.UNA as inferred: the highest acknowledgement its peer sent */
    uint32_t snd_nxt;    /* SND.NXT as inferred: one beyond the highest number it used */
    uint32_t fin;        /* the number just after its FIN, if fin_sent */
    uint32_t rcv_edge;   /* right edge of the window it offers: the highest SEG.ACK + SEG.WND */
    uint32_t unseen_ack; /* what its peer acknowledged beyond snd_nxt, if unseen_acked */
    uint32_t hole;       /* where its text goes on after octets not captured yet, if holed */
    uint32_t sack_right; /* right edge of the last SACK block it sent, if sacked */
    uint32_t mark_tsval; /* the timestamp it sent with its last SYN, then with its last FIN */
    uint32_t tsval;     /* the newest it sent, or that was echoed where nothing of it is captured */
    uint32_t syn_frame; /* frames of its first SYN and of its first FIN, 0 = not captured */
    uint32_t fin_frame;
    uint32_t text_from;  /* its snd_nxt when it first acknowledged its peer's FIN */
    uint16_t mark_ip_id; /* IP identification of its last SYN, then of its last FIN */
    uint16_t link;       /* digest of its link-layer address, 0 = unknown */
    uint8_t syn_count;   /* times its SYN and its FIN were captured, up to 255 */
    uint8_t fin_count;
    uint8_t phase;        /* enum tcpstate_phase */
    uint8_t evidence;     /* enum tcpstate_evidence */
    uint8_t before_reset; /* the phase and evidence that an accepted RST ended */
    uint8_t before_reset_evidence;
    uint8_t window_shift;
    uint8_t syn_step, fin_step; /* their steps in the handshake and in the close */
    uint8_t ttl;                /* of its last segment, 0 = unknown */
    uint8_t probes;             /* keepalives in a row without an answer */
    uint8_t repeats;            /* times it repeated the text at snd_una */
    bool numbers_known : 1;     /* iss, snd_una and snd_nxt mean something */
    bool seen : 1;              /* it sent at least one captured segment */
    bool syn_sent : 1;          /* its SYN was captured, or must have been sent */
    bool syn_received : 1;      /* it has taken its peer's SYN */
    bool syn_acked : 1;         /* it knows that its SYN was acknowledged */
    bool ack_doubted : 1;       /* it repeated its SYN,ACK after a captured ACK of it */
    bool ack_refused : 1;       /* twice: only its own segments tell when it takes one */
    bool fin_sent : 1;
    bool fin_received : 1;
    bool fin_acked : 1;
    bool text_sent : 1;      /* it sent payload */
    bool text_after_fin : 1; /* it sent new payload after its peer's FIN was captured */
    bool options_known : 1;  /* its SYN was captured whole: whether it scales is known */
    bool window_scaled : 1;  /* it offered to scale its window */
    bool edge_known : 1;     /* rcv_edge means something */
    bool timestamps : 1;     /* tsval means something */
    bool sacked : 1;
    bool unseen_acked : 1;
    bool gap_of_one : 1; /* the octet before snd_nxt was not captured: text, or a FIN */
    bool gap_at_end : 1; /* the octets before snd_nxt were not captured: a FIN may be among them */
    bool holed : 1;
    bool gap_before_nxt : 1; /* a segment without text went on there, behind octets not captured */
    bool fin_repeated : 1;   /* its FIN came again and awaits another acknowledgement */
    bool stuck_told : 1;
    bool half_close_told : 1;
    bool path_told : 1;
    bool spoke : 1;         /* it sent a segment other than SYN and RST */
    bool window_closed : 1; /* it last offered a window of zero */
};

/* One incarnation of a pair of addresses and ports: from a SYN (or the first segment captured) to
 * the next SYN that is accepted. */
struct tcpstate_connection {
    uint32_t index; /* set by the caller before the core may take it; from 0 */
    uint32_t last_frame;
    int64_t first_time, last_time;
    int64_t close_time; /* when the first FIN was captured */
    /* By enum tcpstate_role; only the first on a self-connection. */
    struct tcpstate_endpoint end[2];
    uint32_t reset_frame;
    uint32_t reset_seq;        /* SEG.SEQ of the RST that was accepted last */
    uint32_t segments;         /* captured, copies not counted */
    uint32_t challenged_frame; /* the unacceptable segment that may draw a challenge ACK, or 0 */
    uint32_t challenge_ack;    /* SEG.ACK of the last challenge ACK, if challenge_sent */
    uint32_t alternate_iss;    /* a second number of alternate_role's SYN, if alternate_known */
    uint32_t storm_time;       /* when the second began in which storm_count counts, milliseconds */
    uint16_t alerts;           /* events above chat, up to 65535 */
    uint16_t slept;      /* the silence that its last segment ended, if worth a note, seconds */
    uint8_t storm_count; /* RSTs, or FINs, within that second */
    uint8_t stage;       /* enum tcpstate_stage */
    uint8_t step;        /* of the handshake, then of the close */
    uint8_t open : 4;    /* verdicts: enum tcpstate_open, _close, _closer, _cause */
    uint8_t close : 4;
    uint8_t cause : 4;
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
    bool reset : 1;             /* an accepted RST ended it */
    bool handshake_complete : 1;
    bool close_complete : 1;
    bool fast_open : 1;       /* the SYN carried data, and the SYN,ACK acknowledged it */
    bool fast_open_asked : 1; /* the first SYN had the Fast Open option */
    bool split : 1;           /* the SYN was answered by a bare ACK */
    bool syns_crossed : 1;
    bool fins_crossed : 1;
    bool three_way : 1; /* the second FIN was the acknowledgement of the first */
    bool alternate_known : 1;
    bool challenged_syn : 1; /* the segment in challenged_frame is a SYN */
    bool challenge_sent : 1;
    bool challenge_of_syn : 1; /* the challenge ACK answered a SYN */
    bool recovering : 1;       /* the client reset an old connection of its peer's */
    bool denied : 1;           /* its last segment is a RST without ACK, of denying_side */
    bool one_direction_told : 1;
    bool storm_of_fins : 1;
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

#define TCPSTATE_COPIES 6 /* packets remembered per pair to recognise a second capture of one */

/* All the core knows of one pair of addresses and ports. */
struct tcpstate_pair {
    struct tcpstate_connection *live, *previous;
    struct tcpstate_pending pending;
    uint32_t copy_digest[TCPSTATE_COPIES];
    uint16_t copy_time[TCPSTATE_COPIES]; /* in ticks of 32 microseconds, modulo 2^16 */
    uint8_t next_copy;
    uint8_t copies_of_previous; /* a bit per packet: it belongs to the previous connection */
};

struct tcpstate_transition {
    uint8_t role, from, to; /* enum tcpstate_role (self too), enum tcpstate_phase twice */
    bool revision;          /* an inference taken back, not an edge of the diagram */
};

/* One event, with the figures its sentence needs. */
struct tcpstate_occurrence {
    int64_t span;     /* nanoseconds; what of, the event's sentence says */
    uint32_t count;   /* how many; of what, the event's sentence says */
    uint32_t frame;   /* the segment it refers to, 0 = none */
    uint8_t event;    /* enum tcpstate_event */
    uint8_t role;     /* enum tcpstate_role: the endpoint the sentence is about */
    uint8_t severity; /* enum tcpstate_severity; event.def's but where the count decides */
};

#define TCPSTATE_MAX_TRANSITIONS 8
#define TCPSTATE_MAX_EVENTS 12

/* Which verdicts a segment settles. */
enum tcpstate_settled {
    TCPSTATE_SETTLED_OPEN = 1,
    TCPSTATE_SETTLED_CLOSE = 2, /* with it the closer */
    TCPSTATE_SETTLED_CAUSE = 4,
};

/* What one segment did: a plain value, and all there is to show about it. */
struct tcpstate_record {
    struct tcpstate_connection *connection;
    int64_t since[2]; /* by role: when each endpoint entered its state */
    uint32_t answers_frame;
    uint8_t sender; /* enum tcpstate_role */
    uint8_t phase[2], evidence[2];
    uint8_t stage;
    uint8_t open_step, close_step; /* 0: not a segment of the handshake, of the close */
    uint8_t settled;               /* enum tcpstate_settled, or-ed */
    uint8_t transition_count, event_count;
    bool opened;  /* the spare connection was taken */
    bool changed; /* it says more than the record of the segment before did, time apart */
    struct tcpstate_transition transition[TCPSTATE_MAX_TRANSITIONS];
    struct tcpstate_occurrence event[TCPSTATE_MAX_EVENTS];
};

bool tcpstate_segment_parse(const uint8_t *header, size_t size, struct tcpstate_segment *segment);

void tcpstate_observe(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                      const struct tcpstate_settings *settings, struct tcpstate_connection *spare,
                      struct tcpstate_record *record);

bool tcpstate_observe_unreachable(struct tcpstate_pair *pair, const struct tcpstate_segment *quoted,
                                  struct tcpstate_record *record);

size_t tcpstate_finish(const struct tcpstate_connection *connection,
                       const struct tcpstate_settings *settings, int64_t end,
                       struct tcpstate_occurrence *events, size_t room);

enum tcpstate_open tcpstate_final_open(const struct tcpstate_connection *connection);
enum tcpstate_phase tcpstate_final_phase(const struct tcpstate_connection *connection,
                                         enum tcpstate_role role,
                                         const struct tcpstate_settings *settings, int64_t end);

/* Room for a history, with its plus and its final null. */
#define TCPSTATE_ZEEK_TEXT (TCPSTATE_ZEEK_LETTERS + 2)

const char *tcpstate_zeek_state(const struct tcpstate_connection *connection);
size_t tcpstate_zeek_history(const struct tcpstate_connection *connection, char *text, size_t size);

const char *tcpstate_phase_name(enum tcpstate_phase phase);
const char *tcpstate_evidence_name(enum tcpstate_evidence evidence);
const char *tcpstate_stage_name(enum tcpstate_stage stage);
const char *tcpstate_role_name(enum tcpstate_role role);
const char *tcpstate_open_name(enum tcpstate_open open);
const char *tcpstate_close_name(enum tcpstate_close close);
const char *tcpstate_closer_name(enum tcpstate_closer closer);
const char *tcpstate_cause_name(enum tcpstate_cause cause);
const char *tcpstate_event_slug(enum tcpstate_event event);
enum tcpstate_severity tcpstate_event_severity(enum tcpstate_event event);
enum tcpstate_group tcpstate_event_group(enum tcpstate_event event);
size_t tcpstate_event_text(const struct tcpstate_occurrence *occurrence, char *text, size_t size);

#endif
