/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory for many things of one size, handed out from blocks.
 */
#include "memory.h"

#include <string.h>

#define BLOCK_THINGS 512

void
pool_init(struct pool *pool, gsize size)
{
    *pool = (struct pool){.size = size,
                          .blocks = g_ptr_array_new_with_free_func(g_free),
                          .returned = g_ptr_array_new()};
}

void
pool_clear(struct pool *pool)
{
    g_ptr_array_free(pool->blocks, TRUE);
    g_ptr_array_free(pool->returned, TRUE);
}

/* A zeroed thing, which stays where it is until it is given back. */
void *
pool_take(struct pool *pool)
{
    if (pool->returned->len > 0) {
        void *thing = g_ptr_array_steal_index_fast(pool->returned, pool->returned->len - 1);
        return memset(thing, 0, pool->size);
    }
    if (pool->used % BLOCK_THINGS == 0)
        g_ptr_array_add(pool->blocks, g_malloc0_n(BLOCK_THINGS, pool->size));
    return pool_at(pool, pool->used++);
}

/* Takes a thing back, for the next who wants one. */
void
pool_give(struct pool *pool, void *thing)
{
    g_ptr_array_add(pool->returned, thing);
}

/* The thing that was handed out as number index, from 0, if none was given back. */
void *
pool_at(const struct pool *pool, guint index)
{
    char *block = g_ptr_array_index(pool->blocks, index / BLOCK_THINGS);
    return block + index % BLOCK_THINGS * pool->size;
}
