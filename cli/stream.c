/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forgets connections that are over: closed or reset with 2 MSL of silence since (RFC 9293 section
 * 3.4.2), or without an answer for longer than the stream's patience.
 *
 * Pairs stand in queues by the time of their last segment, so that those whose time has come are
 * always the first.
 */
#include "stream.h"

#define FORGOTTEN_BITS 20

void
stream_init(struct stream *stream)
{
    g_queue_init(&stream->active);
    g_queue_init(&stream->unanswered);
    g_queue_init(&stream->open);
    stream->forgotten = g_new0(uint32_t, 1u << FORGOTTEN_BITS);
}

void
stream_clear(struct stream *stream)
{
    g_free(stream->forgotten);
}

static void
move_to(struct pair *pair, GQueue *queue)
{
    struct pair_life *life = pair_life(pair);
    life->link.data = pair;
    if (life->queue)
        g_queue_unlink(life->queue, &life->link);
    life->queue = queue;
    g_queue_push_tail_link(queue, &life->link);
}

static void
say_over(struct judge *judge, struct connection *connection)
{
    if (!connection)
        return;
    judge->stream->over(connection, judge->stream->data);
    pool_give(&judge->connections, connection);
}

static uint32_t *
memory_of(struct stream *stream, uint32_t digest)
{
    return &stream->forgotten[digest & ((1u << FORGOTTEN_BITS) - 1)];
}

static uint32_t
digest_of(const struct pair *pair)
{
    const struct pair_key *key = &pair->key;
    const struct walked walked = {.address = {pair_key_address(key, 0), pair_key_address(key, 1)},
                                  .address_size = key->address_size,
                                  .port = {key->port[0], key->port[1]}};
    return pairs_digest(&walked);
}

static void
forget(struct judge *judge, struct pair *pair)
{
    struct pair_life *life = pair_life(pair);
    const uint32_t digest = digest_of(pair);
    say_over(judge, life->previous);
    say_over(judge, life->live);
    *memory_of(judge->stream, digest) = digest;
    g_queue_unlink(life->queue, &life->link);
    pairs_remove(&judge->pairs, pair);
}

enum fate { FATE_OVER, FATE_UNANSWERED, FATE_OPEN };

/* A pair of which nothing but an ICMP error was captured has no connection. */
static enum fate
fate_of(struct pair *pair)
{
    struct connection *connection = pair_life(pair)->live;
    struct tcpstate_summary summary;
    if (!connection)
        return FATE_OVER;
    tcpstate_summarize(core_of(connection), &summary);
    if (summary.stage == TCPSTATE_STAGE_CLOSED || summary.stage == TCPSTATE_STAGE_ABORTED)
        return FATE_OVER;
    switch (tcpstate_final_open(core_of(connection))) {
    case TCPSTATE_OPEN_UNANSWERED:
    case TCPSTATE_OPEN_HALF_OPEN:
        return FATE_UNANSWERED;
    case TCPSTATE_OPEN_NONE:
    case TCPSTATE_OPEN_THREE_WAY:
    case TCPSTATE_OPEN_SIMULTANEOUS:
    case TCPSTATE_OPEN_SELF:
    case TCPSTATE_OPEN_FAST_OPEN:
    case TCPSTATE_OPEN_SPLIT:
    case TCPSTATE_OPEN_MID_STREAM:
    case TCPSTATE_OPEN_REFUSED:
    case TCPSTATE_OPEN_ABORTED:
        break;
    }
    return FATE_OPEN;
}

/* The first pair of a queue, if its last segment is as old as that. */
static struct pair *
first_older(GQueue *queue, int64_t time)
{
    struct pair *pair = (struct pair *)g_queue_peek_head(queue);
    return pair && pair_life(pair)->last_time <= time ? pair : NULL;
}

static void
sweep(struct judge *judge)
{
    struct stream *stream = judge->stream;
    const int64_t silent = judge->end - 2 * judge->settings.msl;
    struct pair *pair;
    while ((pair = first_older(&stream->active, silent)) != NULL) {
        const enum fate fate = fate_of(pair);
        if (fate == FATE_OVER)
            forget(judge, pair);
        else
            move_to(pair, fate == FATE_OPEN ? &stream->open : &stream->unanswered);
    }
    while ((pair = first_older(&stream->unanswered, judge->end - stream->patience)) != NULL)
        forget(judge, pair);
}

/* A segment of the pair is about to be judged. */
void
stream_segment(struct judge *judge, struct pair *pair, const struct walked *walked, bool made)
{
    struct stream *stream = judge->stream;
    const uint32_t digest = made ? pairs_digest(walked) : 0;
    pair_life(pair)->last_time = judge->end;
    move_to(pair, &stream->active);
    if (made && digest && *memory_of(stream, digest) == digest &&
        !(walked->segment.flags & TCPSTATE_SYN))
        stream->resumed++;
    sweep(judge);
}

/* The core began a connection of the pair: the one before the last one is out of its reach. */
void
stream_opened(struct judge *judge, struct pair *pair, struct connection *connection)
{
    struct pair_life *life = pair_life(pair);
    say_over(judge, life->previous);
    life->previous = life->live;
    life->live = connection;
}

/* The capture is over: so is every connection. */
void
stream_finish(struct judge *judge)
{
    GQueue *const queues[] = {&judge->stream->active, &judge->stream->unanswered,
                              &judge->stream->open};
    for (size_t i = 0; i < G_N_ELEMENTS(queues); i++) {
        struct pair *pair;
        while ((pair = (struct pair *)g_queue_peek_head(queues[i])) != NULL)
            forget(judge, pair);
    }
}
