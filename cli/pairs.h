/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of pairs of addresses and ports.
 */
#ifndef TCPSTATE_PAIRS_H
#define TCPSTATE_PAIRS_H

#include "memory.h"
#include "pair_key.h"
#include "walk.h"

#define PAIR_ADDRESS_MAX 16 /* octets of an address */
#define PAIRS_RECENT 1024   /* places for those that are looked for most */

struct connection;

/* What forgetting needs to know of a pair; only there if the table was made for it. */
struct pair_life {
    GList link; /* in a queue of stream.c; its data is the pair */
    GQueue *queue;
    struct connection *live, *previous;
    int64_t last_time; /* of its segments */
    uint32_t vlan;     /* of its tagged frames, if any */
};

struct pair {
    struct tcpstate_pair_memory core;
    struct pair_key key; /* the last member: its addresses stand behind it */
};

struct pairs {
    GHashTable *table;           /* from keys to pairs; a pair may have two keys */
    struct pool memory[2], keys; /* of pairs, by whether their addresses are long; of second keys */
    struct pair *recent[PAIRS_RECENT]; /* by their keys' hashes; NULL = none */
    bool mortal;                       /* pairs have a struct pair_life */
    bool vlans_apart;
};

void pairs_init(struct pairs *pairs, bool vlans_apart, bool mortal);
void pairs_clear(struct pairs *pairs);
struct pair *pairs_find(struct pairs *pairs, struct walked *walked, bool *made);
void pairs_remove(struct pairs *pairs, struct pair *pair);
uint32_t pairs_digest(const struct walked *walked);
struct pair_life *pair_life(struct pair *pair);

#endif
