/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of pairs of addresses and ports, and the connections of each.
 */
#ifndef TCPSTATE_PAIRS_H
#define TCPSTATE_PAIRS_H

#include "extract.h"
#include "pair_key.h"

/* A connection, and what the plugin keeps beside it. The core's part comes first: a pointer to it
 * is a pointer to the whole. */
struct connection {
    struct tcpstate_connection_memory core;
    const struct pair_key *key;
    uint32_t place; /* its own, in the arena */
    uint32_t entry; /* its last entry's, in the arena */
};

/* The core's part of a connection, to be read. */
static inline const struct tcpstate_connection *
core_of(const struct connection *connection)
{
    return (const struct tcpstate_connection *)&connection->core;
}

void pairs_register(void);
void pairs_reset(void);
struct tcpstate_pair *pairs_find(struct extracted *found, bool vlans_apart,
                                 const struct pair_key **key);
struct connection *pairs_spare(const struct pair_key *key);
void pairs_take_spare(void);
char *pairs_endpoint_text(wmem_allocator_t *scope, const struct connection *connection,
                          enum tcpstate_role role);

#endif
