/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Has the core judge each segment, and counts what it does not.
 */
#include "judge.h"
#include "stream.h"

/* The settings, the shard and the stream are the caller's to set before the first segment. */
void
judge_init(struct judge *judge, bool vlans_apart)
{
    pairs_init(&judge->pairs, vlans_apart, judge->stream != NULL);
    pool_init(&judge->connections, sizeof(struct connection));
    judge->end = INT64_MIN;
}

void
judge_clear(struct judge *judge)
{
    pairs_clear(&judge->pairs);
    pool_clear(&judge->connections);
}

/* A frame was captured at this time, TCP or not. */
void
judge_time(struct judge *judge, int64_t time)
{
    judge->end = MAX(judge->end, time);
}

static struct connection *
spare_of(struct judge *judge, const struct pair *pair)
{
    if (!judge->spare) {
        judge->spare = (struct connection *)pool_take(&judge->connections);
        tcpstate_connection_init(&judge->spare->core, judge->count);
    }
    judge->spare->key = &pair->key;
    return judge->spare;
}

static void
take_spare(struct judge *judge)
{
    judge->spare = NULL;
    judge->count++;
}

/* Judges a segment, or takes note of an ICMP error that refuses it. */
void
judge_segment(struct judge *judge, struct walked *walked, bool refusal)
{
    struct tcpstate_segment *segment = &walked->segment;
    struct tcpstate_record record;
    bool made;
    if (judge->shards > 1 && pairs_digest(walked) % judge->shards != judge->shard)
        return;
    struct pair *pair = pairs_find(&judge->pairs, walked, &made);
    if (judge->stream)
        stream_segment(judge, pair, walked, made);
    if (refusal) {
        if (tcpstate_observe_unreachable(tcpstate_pair_of(&pair->core), segment, &record))
            tcpstate_tally_refusal(&((struct connection *)record.connection)->tally, segment,
                                   &record);
        return;
    }
    tcpstate_observe(tcpstate_pair_of(&pair->core), segment, &judge->settings,
                     core_of(spare_of(judge, pair)), &record);
    if (record.opened)
        take_spare(judge);
    struct connection *connection = (struct connection *)record.connection;
    tcpstate_tally_segment(&connection->tally, segment, &record);
    if (judge->stream && record.opened)
        stream_opened(judge, pair, connection);
}

/* The row of a connection if the capture ended here, addresses apart. */
void
judge_row(const struct judge *judge, const struct connection *connection, struct tcpstate_row *row)
{
    tcpstate_row_make((const struct tcpstate_connection *)&connection->core, &connection->tally,
                      &judge->settings, judge->end, row);
}
