/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From segments to connections: the pairs, the connections, and what they come to.
 */
#ifndef TCPSTATE_JUDGE_H
#define TCPSTATE_JUDGE_H

#include "memory.h"
#include "pairs.h"
#include "row.h"

/* A connection and what is kept beside it. */
struct connection {
    struct tcpstate_connection_memory core;
    struct tcpstate_tally tally;
    const struct pair_key *key;
};

struct judge {
    struct tcpstate_settings settings;
    struct pairs pairs;
    struct pool connections;
    struct connection *spare; /* the one that the core may take next */
    uint32_t count;           /* connections so far */
    int64_t end;              /* the greatest time of any frame so far */
    uint32_t shard, shards;   /* pairs are taken whose digest falls to shard, from 0, of shards */
    struct stream *stream;    /* NULL = nothing is forgotten */
};

void judge_init(struct judge *judge, bool vlans_apart);
void judge_clear(struct judge *judge);
void judge_time(struct judge *judge, int64_t time);
void judge_segment(struct judge *judge, struct walked *walked, bool refusal);
void judge_row(const struct judge *judge, const struct connection *connection,
               struct tcpstate_row *row);

static inline struct tcpstate_connection *
core_of(struct connection *connection)
{
    return tcpstate_connection_of(&connection->core);
}

#endif
