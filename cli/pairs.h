/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of pairs of addresses and ports.
 */
#ifndef TCPSTATE_PAIRS_H
#define TCPSTATE_PAIRS_H

#include "walk.h"

#include <glib.h>

#define PAIR_ADDRESS_MAX 16 /* octets of an address */

/* A pair of endpoints in canonical order: the lower address and port is side 0. As long as its
 * addresses are. */
struct pair_key {
    uint32_t vlan : 24;
    uint32_t address_size : 8; /* octets of each address */
    uint16_t port[2];          /* by side */
    uint8_t address[];         /* side 0's, then side 1's */
};

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
    struct pair_key key; /* the last member: its address is as long as it must be */
};

struct pairs {
    GHashTable *table; /* from keys to pairs; a pair may have two keys */
    bool mortal;       /* pairs have a struct pair_life */
    bool vlans_apart;
};

void pairs_init(struct pairs *pairs, bool vlans_apart, bool mortal);
void pairs_clear(struct pairs *pairs);
struct pair *pairs_find(struct pairs *pairs, struct walked *walked, bool *made);
void pairs_remove(struct pairs *pairs, struct pair *pair);
uint32_t pairs_digest(const struct walked *walked);
struct pair_life *pair_life(struct pair *pair);

#endif
