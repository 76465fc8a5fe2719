/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forgets connections that are over, so that memory depends on those that are open at once.
 */
#ifndef TCPSTATE_STREAM_H
#define TCPSTATE_STREAM_H

#include "judge.h"

struct stream {
    GQueue active;       /* pairs, the one whose last segment is the oldest first */
    GQueue unanswered;   /* the same, of those that were silent for 2 MSL and nobody answered */
    GQueue open;         /* of those that were silent for 2 MSL, and are open */
    int64_t patience;    /* how long an attempt may be without an answer, nanoseconds */
    uint32_t *forgotten; /* digests of pairs, by their low bits */
    uint64_t resumed;    /* connections that may be a part of one that was forgotten */
    void (*over)(const struct connection *connection, void *data);
    void *data;
};

void stream_init(struct stream *stream);
void stream_clear(struct stream *stream);
void stream_segment(struct judge *judge, struct pair *pair, const struct walked *walked, bool made);
void stream_opened(struct judge *judge, struct pair *pair, struct connection *connection);
void stream_finish(struct judge *judge);

#endif
