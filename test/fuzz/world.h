/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core in use: pairs and the connections they open, as a caller holds them.
 */
#ifndef TCPSTATE_FUZZ_WORLD_H
#define TCPSTATE_FUZZ_WORLD_H

#include "decode.h"

#define WORLD_PACKETS 400 /* more of one input are not looked at */

struct world {
    struct tcpstate_pair_memory pairs[FUZZ_PAIRS];
    struct tcpstate_connection_memory connections[WORLD_PACKETS + 1];
    uint32_t used; /* connections that the core has taken */
};

void world_begin(struct world *world);
bool world_observe(struct world *world, const struct packet *packet,
                   struct tcpstate_record *record);

void fuzz_on_failure(void (*handler)(void));
size_t fuzz_check(const uint8_t *data, size_t size);

#endif
