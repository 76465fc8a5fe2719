/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory for many things of one size, handed out from blocks.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>

/* Octets of a block: of the large pages that the kernel has, where it has any. Every page that a
 * run touches first costs as much as judging several segments. */
#define BLOCK ((gsize)2 << 20)
#define BLOCK_FIRST ((gsize)64 << 10) /* the first one's: most captures are small */

void
pool_init(struct pool *pool, gsize size)
{
    *pool = (struct pool){.size = size,
                          .blocks = g_ptr_array_new_with_free_func(free),
                          .returned = g_ptr_array_new()};
}

void
pool_clear(struct pool *pool)
{
    g_ptr_array_free(pool->blocks, TRUE);
    g_ptr_array_free(pool->returned, TRUE);
}

/* As malloc(), aligned for large pages. Without memory the process ends, as with g_malloc(). */
static void *
make_block(gsize size)
{
    void *block;
    if (posix_memalign(&block, size, size) != 0)
        g_error("no memory for %" G_GSIZE_FORMAT " octets", size);
#ifdef MADV_HUGEPAGE
    if (size == BLOCK)
        madvise(block, size, MADV_HUGEPAGE);
#endif
    return block;
}

/* How many things a block of so many octets has room for. */
static guint
things_of(const struct pool *pool, gsize block)
{
    return (guint)(block / pool->size);
}

/* A zeroed thing, which stays where it is until it is given back. */
void *
pool_take(struct pool *pool)
{
    const guint returned = pool->returned->len;
    void *thing;
    if (returned > 0) {
        thing = g_ptr_array_steal_index_fast(pool->returned, returned - 1);
    } else {
        const guint first = things_of(pool, BLOCK_FIRST);
        if (pool->used == 0)
            g_ptr_array_add(pool->blocks, make_block(BLOCK_FIRST));
        else if (pool->used >= first && (pool->used - first) % things_of(pool, BLOCK) == 0)
            g_ptr_array_add(pool->blocks, make_block(BLOCK));
        thing = pool_at(pool, pool->used++);
    }
    return memset(thing, 0, pool->size);
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
    const guint first = things_of(pool, BLOCK_FIRST), each = things_of(pool, BLOCK);
    guint block = 0;
    if (index >= first) {
        block = 1 + (index - first) / each;
        index = (index - first) % each;
    }
    return (char *)g_ptr_array_index(pool->blocks, block) + index * pool->size;
}
