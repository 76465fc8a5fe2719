/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From a captured frame to its TCP segment.
 */
#ifndef TCPSTATE_WALK_H
#define TCPSTATE_WALK_H

#include "tcpstate.h"

enum walk_result {
    WALK_NOTHING, /* no TCP in it */
    WALK_SEGMENT,
    WALK_REFUSAL, /* an ICMP error that refuses the quoted segment */
#define UNWALKED(name, text) WALK_##name,
#include "unwalked.def"
#undef UNWALKED
    WALK_COUNT
};

/* A frame. All octets between captured and length are missing. */
struct frame {
    const uint8_t *octets;
    uint32_t captured, length;
    int encapsulation; /* wiretap's WTAP_ENCAP_ number */
    int64_t time;      /* nanoseconds since the epoch */
    uint32_t number;
    bool verify; /* checksums */
};

/* What was found in it. */
struct walked {
    struct tcpstate_segment segment; /* all but side and self */
    const uint8_t *address[2];       /* source, destination: in the frame */
    size_t address_size;             /* octets of each: 4 or 16 */
    uint16_t port[2];
    uint32_t vlan; /* identifiers of the VLAN tags, 12 bits each, of the last two; 0 = none */
};

enum walk_result walk(const struct frame *frame, struct walked *walked);

#endif
