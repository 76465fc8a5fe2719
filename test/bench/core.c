/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The core alone: core short|long|scan|midstream PACKETS prints nanoseconds and records per
 * segment, and the sizes that its callers pay for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../settings.h"
#include "story.h"

#define BATCH 4096 /* segments made ready before the clock starts */

struct totals {
    uint64_t changed, opened, nanoseconds;
};

/* Processor time, so that what else the machine does counts little. */
static uint64_t
now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct tcpstate_segment
make_segment(const struct told *told, uint64_t number)
{
    return (struct tcpstate_segment){
        .time = told->time,
        .frame = (uint32_t)number + 1,
        .seq = told->seq,
        .ack = told->ack,
        .len = told->len,
        .source_port = told->from_client ? 40000 : 5001,
        .destination_port = told->from_client ? 5001 : 40000,
        .window = 65535,
        .ip_id = (uint16_t)number,
        .flags = told->flags,
        .ttl = 64,
        .side = !told->from_client,
    };
}

/* One batch: the segments first, then the core over them with the clock running. */
static void
run_batch(const struct story *story, uint64_t first, uint64_t count,
          struct tcpstate_pair_memory *pairs, struct tcpstate_connection_memory *connections,
          struct totals *totals)
{
    static struct tcpstate_segment segments[BATCH];
    static uint64_t pair_of[BATCH];
    struct tcpstate_record record;
    uint64_t start;

    for (uint64_t i = 0; i < count; i++) {
        const struct told told = story_tell(story, first + i);

        segments[i] = make_segment(&told, first + i);
        pair_of[i] = told.connection;
    }
    start = now();
    for (uint64_t i = 0; i < count; i++) {
        tcpstate_observe(tcpstate_pair_of(&pairs[pair_of[i]]), &segments[i], &settings,
                         tcpstate_connection_of(&connections[totals->opened]), &record);
        totals->changed += record.changed;
        totals->opened += record.opened;
    }
    totals->nanoseconds += now() - start;
}

/* Has the system hand out the memory, so that the clock does not measure that. */
static void
touch(void *memory, size_t size)
{
    volatile uint8_t *octets = memory;

    for (size_t at = 0; at < size; at += 4096)
        octets[at] = 0;
}

int
main(int argc, char **argv)
{
    struct story story;
    struct totals totals = {0};
    struct tcpstate_pair_memory *pairs;
    struct tcpstate_connection_memory *connections;

    if (argc != 3 || !story_choose(argv[1], strtoull(argv[2], NULL, 10), &story)) {
        fprintf(stderr, "usage: core short|long|scan|midstream PACKETS\n");
        return 2;
    }
    pairs = calloc(story.connections, sizeof *pairs);
    connections = calloc(story.connections + 1, sizeof *connections);
    if (!pairs || !connections)
        return 1;
    touch(pairs, story.connections * sizeof *pairs);
    touch(connections, (story.connections + 1) * sizeof *connections);
    for (uint64_t first = 0; first < story_size(&story); first += BATCH) {
        const uint64_t left = story_size(&story) - first;

        run_batch(&story, first, left < BATCH ? left : BATCH, pairs, connections, &totals);
    }
    printf("%-10s %9llu segments %7llu connections %6.1f ns/segment %5.1f %% changed; "
           "pair %zu + connection %zu octets\n",
           story.name, (unsigned long long)story_size(&story), (unsigned long long)totals.opened,
           (double)totals.nanoseconds / (double)story_size(&story),
           100.0 * (double)totals.changed / (double)story_size(&story), sizeof *pairs,
           sizeof *connections);
    free(pairs);
    free(connections);
    return 0;
}
