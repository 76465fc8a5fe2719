/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory for many things of one size, handed out from blocks.
 */
#ifndef TCPSTATE_MEMORY_H
#define TCPSTATE_MEMORY_H

#include <glib.h>

struct pool {
    GPtrArray *blocks;
    GPtrArray *returned; /* things that were given back */
    gsize size;          /* octets of a thing */
    guint used;          /* things ever handed out of the blocks */
};

void pool_init(struct pool *pool, gsize size);
void pool_clear(struct pool *pool);
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *thing);
void *pool_at(const struct pool *pool, guint index);

#endif
