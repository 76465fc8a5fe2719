/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keeps what was judged: a table from frames to entries.
 */
#include "arena.h"
#include "timeline.h"

#include <string.h>

#define PAGE_CELLS (UINT32_C(1024))

/* What a frame holds. A frame of several segments has a copy of the cell per segment in the arena,
 * and its own cell says where and how many. */
struct cell {
    uint32_t place; /* of the entry, or of the cells of a frame of several segments; 0 = nothing */
    uint8_t flags;  /* enum tcpstate_flag */
    uint8_t sender : 2; /* enum tcpstate_role */
    uint8_t changes : 1;
    uint8_t several : 1; /* length is the number of cells at place */
    uint16_t length;
};

/* All of this belongs to the capture at hand and lies in Wireshark's file scope; timeline_reset()
 * forgets it. */
static struct cell **pages;   /* by frame number / PAGE_CELLS; NULL where no frame has a cell */
static uint32_t page_room;    /* elements of pages */
static int64_t greatest_time; /* of any frame so far */

/* Forgets the capture before; its memory goes with Wireshark's file scope. */
void
timeline_reset(void)
{
    pages = NULL;
    page_room = 0;
    greatest_time = INT64_MIN;
}

/* The cell of a frame, made if need be. */
static struct cell *
cell_of(uint32_t frame)
{
    uint32_t page = frame / PAGE_CELLS;
    if (page >= page_room) {
        uint32_t room = MAX(2 * page_room, MAX(page + 1, 64));
        pages = (struct cell **)wmem_realloc(wmem_file_scope(), pages, room * sizeof(*pages));
        memset(pages + page_room, 0, (room - page_room) * sizeof(*pages));
        page_room = room;
    }
    if (!pages[page])
        pages[page] =
            (struct cell *)wmem_alloc0(wmem_file_scope(), PAGE_CELLS * sizeof(struct cell));
    return &pages[page][frame % PAGE_CELLS];
}

/* Puts one more segment into its frame's cell. */
static void
put_cell(uint32_t frame, struct cell added)
{
    struct cell *cell = cell_of(frame);
    if (cell->place == 0) {
        *cell = added;
        return;
    }
    uint32_t before = cell->several ? cell->length : 1;
    uint32_t place = arena_take((before + 1) * sizeof(*cell));
    struct cell *cells = (struct cell *)arena_at(place);
    memcpy(cells, cell->several ? arena_at(cell->place) : cell, before * sizeof(*cell));
    cells[before] = added;
    *cell = (struct cell){.place = place, .several = 1, .length = (uint16_t)(before + 1)};
}

/* Keeps what the core said about a segment; to be called in the order of the segments. */
void
timeline_add(const struct tcpstate_record *record, const struct tcpstate_segment *segment)
{
    struct connection *connection = (struct connection *)record->connection;
    bool changes = record->changed || connection->entry == 0;
    if (changes)
        connection->entry = entry_make(record);
    put_cell(segment->frame, (struct cell){
                                 .place = connection->entry,
                                 .flags = segment->flags,
                                 .sender = record->sender & 3,
                                 .changes = changes,
                                 .length = (uint16_t)MIN(segment->len, UINT16_MAX),
                             });
}

/* The segments of a frame; sightings has room for EXTRACT_MAX. Returns how many there are; sets all
 * but their time and whether the visit is a later one. */
size_t
timeline_at(uint32_t frame, struct sighting *sightings)
{
    uint32_t page = frame / PAGE_CELLS;
    if (page >= page_room || !pages[page])
        return 0;
    const struct cell *cell = &pages[page][frame % PAGE_CELLS];
    if (cell->place == 0)
        return 0;
    size_t count = cell->several ? MIN(cell->length, EXTRACT_MAX) : 1;
    const struct cell *cells = cell->several ? (const struct cell *)arena_at(cell->place) : cell;
    for (size_t i = 0; i < count; i++) {
        sightings[i] = (struct sighting){
            .frame = frame,
            .length = cells[i].length,
            .flags = cells[i].flags,
            .sender = cells[i].sender,
            .changes = cells[i].changes,
        };
        entry_read(cells[i].place, &sightings[i].entry);
    }
    return count;
}

/* A frame is visited for the first time: notes its time, TCP or not. A read filter (tshark -2 -R)
 * gives the number of a frame that it rejects to the next one, which is then all there is to show.
 */
void
timeline_begin_frame(uint32_t frame, int64_t time)
{
    uint32_t page = frame / PAGE_CELLS;
    greatest_time = MAX(greatest_time, time);
    if (page < page_room && pages[page])
        pages[page][frame % PAGE_CELLS].place = 0;
}

/* The end of the capture as far as it was read: the greatest time of any frame. */
int64_t
timeline_end(void)
{
    return greatest_time;
}
