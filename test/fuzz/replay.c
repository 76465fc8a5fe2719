/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fuzz target without a fuzzer: replays kept inputs, then random ones from a fixed seed.
 *
 *   replay [-n PACKETS] [-s SEED] [FILE...]   checks the files, then PACKETS packets made of them
 *   replay -v FILE...                         tells what the core says of each packet
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

#define INPUT_MAX 4096
#define INPUTS_MAX 1024

struct input {
    uint8_t octets[INPUT_MAX];
    size_t size;
};

static struct input inputs[INPUTS_MAX];
static uint32_t input_count;

/* The input at hand, for a report. */
static struct input current;

/* A pseudo-random number below limit (xorshift; the same on every machine). */
static uint32_t
below(uint64_t *seed, uint32_t limit)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (uint32_t)(*seed >> 32) % limit;
}

static void
read_input(const char *name)
{
    struct input *input = &inputs[input_count];
    FILE *file = fopen(name, "rb");

    if (!file || input_count == INPUTS_MAX) {
        fprintf(stderr, "%s: cannot be read\n", name);
        exit(2);
    }
    input->size = fread(input->octets, 1, sizeof input->octets, file);
    fclose(file);
    input_count++;
}

/* Nothing but random octets, or a kept input with some octets changed and a piece of another behind
 * it. */
static void
make_input(uint64_t *seed)
{
    current.size = 0;
    if (input_count == 0 || below(seed, 4) == 0) {
        current.size = 1 + below(seed, 400);
        for (size_t i = 0; i < current.size; i++)
            current.octets[i] = (uint8_t)below(seed, 256);
        current.octets[0] &= below(seed, 8) == 0 ? 0xff : 0xfe;
        return;
    }
    for (int part = 0; part < 2; part++) {
        const struct input *from = &inputs[below(seed, input_count)];
        size_t start = part && from->size > 1 ? 1 + below(seed, (uint32_t)from->size - 1) : 0;
        size_t size = from->size - start;

        if (size > INPUT_MAX - current.size)
            size = INPUT_MAX - current.size;
        memcpy(current.octets + current.size, from->octets + start, size);
        current.size += size;
    }
    for (uint32_t changes = below(seed, 6); changes > 0 && current.size > 0; changes--)
        current.octets[below(seed, (uint32_t)current.size)] = (uint8_t)below(seed, 256);
}

/* When an invariant is broken: leaves the input behind, to be replayed with -v. */
static void
keep_current(void)
{
    FILE *file = fopen("fuzz-failure.bin", "wb");

    if (!file)
        return;
    fwrite(current.octets, 1, current.size, file);
    fclose(file);
    fprintf(stderr, "the input is in fuzz-failure.bin\n");
}

static void
tell_endpoint(const char *name, const struct tcpstate_record *record, int role)
{
    printf(" %s %s (%s)", name, tcpstate_phase_name(record->phase[role]),
           tcpstate_evidence_name(record->evidence[role]));
}

static void
tell_packet(const struct packet *packet, const struct tcpstate_record *record)
{
    const struct tcpstate_segment *s = &packet->segment;
    struct tcpstate_summary summary;

    printf("%" PRIu32 " t=%" PRId64 " pair %u side %u%s flags %02x seq %" PRIu32 " ack %" PRIu32
           " len %" PRIu32 " win %u id %u",
           s->frame, s->time, packet->pair, s->side, packet->quoted ? " quoted" : "", s->flags,
           s->seq, s->ack, s->len, s->window, s->ip_id);
    if (s->timestamps_seen)
        printf(" tsval %" PRIu32, s->tsval);
    if (s->sack_seen)
        printf(" sack %" PRIu32, s->sack_right);
    if (!record) {
        printf(" | nothing\n");
        return;
    }
    tcpstate_summarize(record->connection, &summary);
    printf(" | connection %" PRIu32 " %s", tcpstate_connection_index(record->connection),
           tcpstate_role_name(record->sender));
    tell_endpoint("client", record, 0);
    tell_endpoint("server", record, 1);
    printf(" %s, open %s, close %s%s", tcpstate_stage_name(record->stage),
           tcpstate_open_name(summary.open), tcpstate_close_name(summary.close),
           record->changed ? "" : ", unchanged");
    for (int i = 0; i < record->transition_count; i++)
        printf(" [%s %s -> %s%s]", tcpstate_role_name(record->transition[i].role),
               tcpstate_phase_name(record->transition[i].from),
               tcpstate_phase_name(record->transition[i].to),
               record->transition[i].revision ? ", revised" : "");
    for (int i = 0; i < record->event_count; i++)
        printf(" !%s", tcpstate_event_slug(record->event[i].event));
    printf("\n");
}

static void
tell(const struct input *input)
{
    static struct world world;
    struct decoder decoder;
    struct packet packet;

    world_begin(&world);
    decode_begin(&decoder, input->octets, input->size);
    while (decode_next(&decoder, &packet) && packet.segment.frame <= WORLD_PACKETS) {
        struct tcpstate_record record;

        tell_packet(&packet, world_observe(&world, &packet, &record) ? &record : NULL);
    }
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    uint64_t seed = 1, wanted = 0, packets = 0;
    bool verbose = false;
    int option;

    while ((option = getopt(argc, argv, "n:s:v")) != -1) {
        if (option == 'n')
            wanted = strtoull(optarg, NULL, 10);
        else if (option == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (option == 'v')
            verbose = true;
        else
            return 2;
    }
    for (int i = optind; i < argc; i++)
        read_input(argv[i]);
    fuzz_on_failure(keep_current);
    for (uint32_t i = 0; i < input_count; i++) {
        current = inputs[i];
        if (verbose)
            tell(&current);
        packets += fuzz_check(current.octets, current.size);
    }
    printf("%" PRIu32 " kept inputs, %" PRIu64 " packets\n", input_count, packets);
    seed = seed * 0x9e3779b97f4a7c15u | 1;
    for (packets = 0; packets < wanted;) {
        make_input(&seed);
        packets += fuzz_check(current.octets, current.size);
    }
    printf("%" PRIu64 " random packets\n", packets);
    return 0;
}
