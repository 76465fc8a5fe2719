/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writes a large capture to standard output: generate short|long|scan|midstream PACKETS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story.h"

#define ETHERNET 14
#define IPV4 20
#define TCP 20
#define SERVER_PORT 5001

static void
put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void
put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

/* A client port and address per connection; the server's are one. */
static size_t
make_frame(const struct told *told, uint64_t number, uint8_t *frame)
{
    static const uint8_t ethernet[ETHERNET] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    const uint32_t client = 0x0a000000u + (uint32_t)(told->connection / 50000);
    const uint32_t port = 10000 + (uint32_t)(told->connection % 50000);
    uint8_t *ip = frame + ETHERNET, *tcp = ip + IPV4;

    memset(frame, 0, ETHERNET + IPV4 + TCP + STORY_TEXT);
    memcpy(frame, ethernet, sizeof ethernet);
    ip[0] = 0x45;
    put16(ip + 2, IPV4 + TCP + told->len);
    put16(ip + 4, (uint32_t)number & 0xffff);
    ip[8] = 64;
    ip[9] = 6;
    put32(ip + 12, told->from_client ? client : 0xc0000201);
    put32(ip + 16, told->from_client ? 0xc0000201 : client);
    put16(tcp, told->from_client ? port : SERVER_PORT);
    put16(tcp + 2, told->from_client ? SERVER_PORT : port);
    put32(tcp + 4, told->seq);
    put32(tcp + 8, told->ack);
    tcp[12] = TCP / 4 << 4;
    tcp[13] = told->flags;
    put16(tcp + 14, 65535);
    return ETHERNET + IPV4 + TCP + told->len;
}

int
main(int argc, char **argv)
{
    static const uint32_t header[] = {0xa1b23c4d, 4u << 16 | 2, 0, 0, 262144, 1};
    static char buffer[1 << 20];
    struct story story;

    if (argc != 3 || !story_choose(argv[1], strtoull(argv[2], NULL, 10), &story)) {
        fprintf(stderr, "usage: generate short|long|scan|midstream PACKETS\n");
        return 2;
    }
    setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
    fwrite(header, sizeof header, 1, stdout);
    for (uint64_t number = 0; number < story_size(&story); number++) {
        const struct told told = story_tell(&story, number);
        uint8_t frame[ETHERNET + IPV4 + TCP + STORY_TEXT];
        const uint32_t size = (uint32_t)make_frame(&told, number, frame);
        const uint32_t head[] = {(uint32_t)(told.time / 1000000000) + 1700000000,
                                 (uint32_t)(told.time % 1000000000), size, size};

        fwrite(head, sizeof head, 1, stdout);
        fwrite(frame, size, 1, stdout);
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
