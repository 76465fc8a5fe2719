/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From octets of any kind to captured segments.
 */
#ifndef TCPSTATE_FUZZ_DECODE_H
#define TCPSTATE_FUZZ_DECODE_H

#include "tcpstate.h"

#define FUZZ_PAIRS 4 /* the last one is a socket connected to itself */

/* Times are less than 2^62 nanoseconds from the epoch, as the core asks for. */
#define FUZZ_TIME_MAX ((INT64_C(1) << 62) - 1)

/* One captured packet. */
struct packet {
    struct tcpstate_segment segment;
    unsigned pair;
    bool quoted; /* by an ICMP error */
};

/* What is left of the octets, and where the conversations stand that they tell. */
struct decoder {
    const uint8_t *at, *end;
    int64_t time;
    uint32_t frame;
    uint32_t iss[FUZZ_PAIRS][2], nxt[FUZZ_PAIRS][2]; /* by side */
    uint32_t tsval;
    bool headers; /* the octets are whole TCP headers */
    struct packet last;
};

void decode_begin(struct decoder *decoder, const uint8_t *data, size_t size);
bool decode_next(struct decoder *decoder, struct packet *packet);

#endif
