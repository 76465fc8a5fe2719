/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The captures that the measurements use.
 */
#include <string.h>

#include "story.h"

#define SHORT_SEGMENTS 17
#define LONG_CONNECTIONS 50
#define CLOSE_SEGMENTS 4
#define PACKET_INTERVAL 10000 /* nanoseconds */

/*
 * The story of that name, of about so many packets; false if there is none:
 *
 * short: connections of 17 segments, opened and closed, 64 at a time. long: 50 connections that go
 * on. scan: one SYN per pair of addresses and ports. midstream: long without the handshakes, 1,000
 * connections.
 */
bool
story_choose(const char *name, uint64_t packets, struct story *story)
{
    *story = (struct story){.name = name};
    if (strcmp(name, "short") == 0) {
        story->segments = SHORT_SEGMENTS;
        story->together = 64;
        story->closes = true;
    } else if (strcmp(name, "long") == 0) {
        story->segments = (uint32_t)(packets / LONG_CONNECTIONS);
        story->together = LONG_CONNECTIONS;
    } else if (strcmp(name, "scan") == 0) {
        story->segments = 1;
        story->together = 1;
    } else if (strcmp(name, "midstream") == 0) {
        story->skipped = 3;
        story->together = 1000;
        story->segments = (uint32_t)(packets / story->together);
    } else {
        return false;
    }
    if (story->segments == 0)
        return false;
    story->connections = packets / story->segments / story->together * story->together;
    return story->connections != 0;
}

/*
 * How many packets it has.
 */
uint64_t
story_size(const struct story *story)
{
    return story->connections * story->segments;
}

/* An initial sequence number. */
static uint32_t
iss_of(uint64_t connection, bool client)
{
    return (uint32_t)((connection * 2 + client + 1) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
}

/* Which end sends a segment of a connection that is open: text from the client and its
 * acknowledgement, in turns. */
static void
tell_text(struct told *told, uint32_t step, uint32_t client, uint32_t server)
{
    const uint32_t sent = (step - 3) / 2 * STORY_TEXT;

    told->from_client = step % 2 == 1;
    told->flags = TCPSTATE_ACK;
    told->len = told->from_client ? STORY_TEXT : 0;
    told->seq = told->from_client ? client + 1 + sent : server + 1;
    told->ack = told->from_client ? server + 1 : client + 1 + sent + STORY_TEXT;
}

/* The four segments of a close that the client begins; sent is the number after its text. */
static void
tell_close(struct told *told, uint32_t step, uint32_t sent, uint32_t server)
{
    told->from_client = step == 0 || step == 3;
    told->flags = step == 0 || step == 2 ? TCPSTATE_FIN | TCPSTATE_ACK : TCPSTATE_ACK;
    told->seq = told->from_client ? sent + (step != 0) : server + 1;
    told->ack = told->from_client ? server + 1 + (step == 3) : sent + 1;
}

/*
 * Packet number of a story, from 0.
 */
struct told
story_tell(const struct story *story, uint64_t number)
{
    const uint64_t round = number / story->together;
    const uint64_t connection =
        round / story->segments * story->together + number % story->together;
    const uint32_t step = (uint32_t)(round % story->segments) + story->skipped;
    const uint32_t last = story->segments + story->skipped;
    const uint32_t client = iss_of(connection, true), server = iss_of(connection, false);
    struct told told = {.connection = connection, .time = (int64_t)number * PACKET_INTERVAL};

    if (step == 0) {
        told.from_client = true;
        told.flags = TCPSTATE_SYN;
        told.seq = client;
    } else if (step == 1) {
        told.flags = TCPSTATE_SYN | TCPSTATE_ACK;
        told.seq = server;
        told.ack = client + 1;
    } else if (step == 2) {
        told.from_client = true;
        told.flags = TCPSTATE_ACK;
        told.seq = client + 1;
        told.ack = server + 1;
    } else if (story->closes && step + CLOSE_SEGMENTS >= last) {
        const uint32_t texts = (last - CLOSE_SEGMENTS - 3) / 2;

        tell_close(&told, step + CLOSE_SEGMENTS - last, client + 1 + texts * STORY_TEXT, server);
    } else {
        tell_text(&told, step, client, server);
    }
    return told;
}
