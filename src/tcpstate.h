/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The public face of the core: a captured segment goes in, a plain value comes out that says in
 * which RFC 9293 state each endpoint of its connection is, how that is known, and what happened.
 *
 * The caller owns all memory. The core neither allocates nor frees, reads no clock and does no
 * input or output. It needs one struct tcpstate_pair_memory per pair of addresses and ports, zeroed
 * and found by the caller in a table of its own, and one struct tcpstate_connection_memory per
 * incarnation, zeroed too. What is in them is the core's.
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
    X(SIMULTANEOUS, "simultaneous") X(RESET, "reset") X(RESET_AFTER_FIN, "reset-after-fin") \
    X(HALF_CLOSED, "half-closed")

#define TCPSTATE_CLOSERS(X) \
    X(NONE, "") X(CLIENT, "client") X(SERVER, "server") X(BOTH, "both")

/* Who sent the RST of the cause: an endpoint, or, by its TTL or link address, somebody between. */
#define TCPSTATE_RESETTERS(X) \
    X(NONE, "") X(CLIENT, "client") X(SERVER, "server") X(OTHER, "other")

/* Why a connection was reset, as far as the wire tells. */
#define TCPSTATE_CAUSES(X) \
    X(NONE, "") X(CLOSED_PORT, "closed-port") X(NO_CONNECTION, "no-connection") \
    X(DATA_AFTER_CLOSE, "data-after-close") X(UNREAD_DATA, "unread-data") \
    X(LINGER_ZERO, "linger-zero") X(KEEPALIVE_TIMEOUT, "keepalive-timeout") \
    X(RETRANSMISSION_TIMEOUT, "retransmission-timeout") X(BAD_HANDSHAKE_ACK, "bad-handshake-ack") \
    X(OLD_DUPLICATE, "old-duplicate") X(TIME_WAIT_ASSASSINATION, "time-wait-assassination") \
    X(IDLE_TIMEOUT, "idle-timeout") X(UNKNOWN, "unknown") \
    X(APPLICATION_ABORT, "application-abort") X(NEVER_ACCEPTED, "never-accepted") \
    X(DEVICE_RESTARTED, "device-restarted")

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

enum tcpstate_resetter {
#define X(name, text) TCPSTATE_RESETTER_##name,
    TCPSTATE_RESETTERS(X)
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
#define EVENT(slug, severity, group, terms, rfc, happened, advice) TCPSTATE_EVENT_##slug,
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
    int64_t msl;     /* maximum segment lifetime: TIME_WAIT lasts two of them */
    int64_t stuck;   /* a half-closed connection is stuck after this long */
    int64_t idle;    /* a silence longer than this is worth a note */
    int64_t copy;    /* an identical packet within this time is the same packet; 0: none is */
    int64_t reorder; /* segments captured within this time may have passed the other way round; 0:
                      * the capture's order is the wire's */
    int64_t slow;    /* a step of the handshake or the close longer than this is slow */
    uint32_t storm;  /* more resets or FINs than this within a second are a storm */
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

/* The memory of one connection and of one pair, in octets. */
#define TCPSTATE_CONNECTION_SIZE 328
#define TCPSTATE_PAIR_SIZE 72

/* One incarnation of a pair of addresses and ports: from a SYN (or the first segment captured) to
 * the next SYN that is accepted. */
struct tcpstate_connection;

/* All the core knows of one pair of addresses and ports. */
struct tcpstate_pair;

struct tcpstate_connection_memory {
    _Alignas(int64_t) unsigned char octets[TCPSTATE_CONNECTION_SIZE];
};

struct tcpstate_pair_memory {
    _Alignas(int64_t) unsigned char octets[TCPSTATE_PAIR_SIZE];
};

/* The verdicts of a connection and what they rest on, as far as they are known. */
struct tcpstate_summary {
    int64_t first_time, last_time; /* of its segments, capture time */
    uint32_t last_frame;
    uint32_t reset_frame;                /* of the RST that was accepted first, 0 = none */
    uint32_t segments;                   /* captured, copies not counted */
    uint32_t syn_frame[2], fin_frame[2]; /* by role: the first SYN and FIN, 0 = not captured */
    uint16_t alerts;                     /* events above chat, up to 65535 */
    uint8_t stage;                       /* enum tcpstate_stage */
    uint8_t open, close, closer, cause;  /* enum tcpstate_open, _close, _closer, _cause */
    uint8_t resetter;                    /* enum tcpstate_resetter */
    bool reset;                          /* an accepted RST ended it */
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

#define TCPSTATE_MAX_TRANSITIONS 15
#define TCPSTATE_MAX_EVENTS 12
#define TCPSTATE_MAX_AGAIN 4

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
    uint8_t again_count; /* events that are told once, and happened again */
    bool opened;         /* the spare connection was taken */
    bool changed;        /* it says more than the record of the segment before did, time apart */
    struct tcpstate_transition transition[TCPSTATE_MAX_TRANSITIONS];
    struct tcpstate_occurrence event[TCPSTATE_MAX_EVENTS + 1]; /* the last is the core's */
    uint8_t again[TCPSTATE_MAX_AGAIN];                         /* enum tcpstate_event */
};

bool tcpstate_segment_parse(const uint8_t *header, size_t size, struct tcpstate_segment *segment);

void tcpstate_observe(struct tcpstate_pair *pair, const struct tcpstate_segment *segment,
                      const struct tcpstate_settings *settings, struct tcpstate_connection *spare,
                      struct tcpstate_record *record);

bool tcpstate_observe_unreachable(struct tcpstate_pair *pair, const struct tcpstate_segment *quoted,
                                  struct tcpstate_record *record);

struct tcpstate_pair *tcpstate_pair_of(struct tcpstate_pair_memory *memory);
struct tcpstate_connection *tcpstate_connection_of(struct tcpstate_connection_memory *memory);
struct tcpstate_connection *tcpstate_connection_init(struct tcpstate_connection_memory *memory,
                                                     uint32_t index);
uint32_t tcpstate_connection_index(const struct tcpstate_connection *connection);
uint32_t tcpstate_connection_last_frame(const struct tcpstate_connection *connection);
uint32_t tcpstate_connection_reset_frame(const struct tcpstate_connection *connection);
bool tcpstate_connection_is_self(const struct tcpstate_connection *connection);
unsigned tcpstate_connection_side(const struct tcpstate_connection *connection,
                                  enum tcpstate_role role);
int64_t tcpstate_connection_expiry(const struct tcpstate_connection *connection,
                                   const struct tcpstate_settings *settings);
void tcpstate_summarize(const struct tcpstate_connection *connection,
                        struct tcpstate_summary *summary);

size_t tcpstate_finish(const struct tcpstate_connection *connection,
                       const struct tcpstate_settings *settings, int64_t end,
                       struct tcpstate_occurrence *events, size_t room);

enum tcpstate_open tcpstate_final_open(const struct tcpstate_connection *connection);
enum tcpstate_phase tcpstate_final_phase(const struct tcpstate_connection *connection,
                                         enum tcpstate_role role,
                                         const struct tcpstate_settings *settings, int64_t end);

/* Letters of a history that are kept; what came after them shows as a plus. */
#define TCPSTATE_ZEEK_LETTERS 24

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
const char *tcpstate_resetter_name(enum tcpstate_resetter resetter);
const char *tcpstate_event_slug(enum tcpstate_event event);
enum tcpstate_severity tcpstate_event_severity(enum tcpstate_event event);
enum tcpstate_group tcpstate_event_group(enum tcpstate_event event);
size_t tcpstate_event_text(const struct tcpstate_occurrence *occurrence, char *text, size_t size);
size_t tcpstate_event_message(enum tcpstate_event event, enum tcpstate_role role, char *text,
                              size_t size);

#endif
