/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Large captures, packet by packet: what each holds follows from its number alone.
 */
#ifndef TCPSTATE_BENCH_STORY_H
#define TCPSTATE_BENCH_STORY_H

#include <stdbool.h>
#include <stdint.h>

#include "tcpstate.h"

#define STORY_TEXT 100 /* octets of text in a segment that has any */

struct story {
    const char *name;
    uint64_t connections;
    uint32_t segments; /* of each connection */
    uint32_t together; /* connections at a time */
    uint32_t skipped;  /* segments of each connection that the capture missed at its beginning */
    bool closes;
};

/* One packet of a story. */
struct told {
    uint64_t connection;
    int64_t time; /* nanoseconds */
    uint32_t seq, ack, len;
    uint8_t flags;
    bool from_client;
};

bool story_choose(const char *name, uint64_t packets, struct story *story);
uint64_t story_size(const struct story *story);
struct told story_tell(const struct story *story, uint64_t number);

#endif
