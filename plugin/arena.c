/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hands out memory from blocks in Wireshark's file scope. A piece costs its size and no more, and
 * can be named by a place of 32 bits where a pointer would take 64.
 *
 * Limitations: 32 GB, no piece larger than a block.
 */
#include "ws_compat.h"
#include "arena.h"

#include <string.h>

#define UNIT 8                       /* octets; places are counted in these */
#define BLOCK_UNITS (UINT32_C(8192)) /* 64 KiB */

/* All of this belongs to the capture at hand; arena_reset() forgets it. */
static uint64_t **blocks;
static uint32_t block_count, block_room;
static uint32_t next_place; /* the first free unit */

/* Forgets the capture before; its memory goes with Wireshark's file scope. */
void
arena_reset(void)
{
    blocks = NULL;
    block_count = block_room = 0;
    next_place = 1;
}

static void
add_block(void)
{
    if (block_count == block_room) {
        block_room = block_room ? 2 * block_room : 16;
        blocks = (uint64_t **)wmem_realloc(wmem_file_scope(), blocks, block_room * sizeof(*blocks));
    }
    blocks[block_count++] = (uint64_t *)wmem_alloc(wmem_file_scope(), BLOCK_UNITS * UNIT);
}

/* Where a piece of memory lies. place: what arena_take() returned. */
void *
arena_at(uint32_t place)
{
    return &blocks[place / BLOCK_UNITS][place % BLOCK_UNITS];
}

/* A zeroed piece of memory, aligned to eight octets, that stays where it is until the capture is
 * closed. size: in octets, less than a block. Returns its place, never 0. */
uint32_t
arena_take(size_t size)
{
    uint32_t units = (uint32_t)((size + UNIT - 1) / UNIT);
    if (next_place % BLOCK_UNITS + units > BLOCK_UNITS)
        next_place += BLOCK_UNITS - next_place % BLOCK_UNITS;
    while ((next_place + units - 1) / BLOCK_UNITS >= block_count)
        add_block();
    uint32_t place = next_place;
    next_place += units;
    memset(arena_at(place), 0, units * (size_t)UNIT);
    return place;
}
