/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From octets of any kind to captured segments: half of what an octet may say is what a sane
 * endpoint would send next, so that random octets get far into the diagram.
 *
 * The first octet's lowest bit says which of two notations follows: segments in eight octets each,
 * or TCP headers as they are on the wire.
 */
#include <stdlib.h>
#include <string.h>

#include "decode.h"

#define SECOND INT64_C(1000000000)
#define HEADER_MAX 60

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/*
 * Starts anew. Sequence numbers start near the wrap on one side of each pair.
 */
void
decode_begin(struct decoder *decoder, const uint8_t *data, size_t size)
{
    memset(decoder, 0, sizeof *decoder);
    decoder->at = data;
    decoder->end = data + size;
    for (unsigned pair = 0; pair < FUZZ_PAIRS; pair++) {
        decoder->iss[pair][0] = decoder->nxt[pair][0] = 0xfffffff0u + pair;
        decoder->iss[pair][1] = decoder->nxt[pair][1] = 0x7fffff00u * pair;
    }
    if (size != 0)
        decoder->headers = *decoder->at++ & 1;
}

static uint8_t
take(struct decoder *decoder)
{
    return decoder->at < decoder->end ? *decoder->at++ : 0;
}

static uint32_t
take32(struct decoder *decoder)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++)
        value = value << 8 | take(decoder);
    return value;
}

static int64_t
clamp(int64_t time)
{
    if (time > FUZZ_TIME_MAX)
        return FUZZ_TIME_MAX;
    return time < -FUZZ_TIME_MAX ? -FUZZ_TIME_MAX : time;
}

/* Moves the clock: mostly a little forward, sometimes far, back, or to the edge of its range. */
static void
move_clock(struct decoder *decoder, unsigned choice, uint8_t factor)
{
    static const int64_t steps[] = {2000000, 2000000, 300, 50000000, 31 * SECOND, 0, -SECOND / 10};

    if (choice < COUNT_OF(steps))
        decoder->time = clamp(decoder->time + steps[choice] * (1 + factor % 4));
    else if (factor & 0x80)
        decoder->time = factor & 1 ? FUZZ_TIME_MAX : -FUZZ_TIME_MAX;
    else
        decoder->time = clamp((int64_t)((uint64_t)decoder->time + ((uint64_t)1 << (factor & 63))));
}

static uint8_t
choose_flags(uint8_t octet)
{
    static const uint8_t usual[] = {
        TCPSTATE_SYN,
        TCPSTATE_SYN | TCPSTATE_ACK,
        TCPSTATE_ACK,
        TCPSTATE_ACK,
        TCPSTATE_ACK | TCPSTATE_PSH,
        TCPSTATE_FIN | TCPSTATE_ACK,
        TCPSTATE_FIN | TCPSTATE_ACK | TCPSTATE_PSH,
        TCPSTATE_RST,
        TCPSTATE_RST | TCPSTATE_ACK,
    };

    return octet < 0xd0 ? usual[octet % COUNT_OF(usual)] : octet & 0x3f;
}

/* A number near where an endpoint stands, or anywhere. */
static uint32_t
choose_number(struct decoder *decoder, unsigned choice, unsigned pair, unsigned side)
{
    static const uint32_t off[] = {0, 0, 0, 0, 0, 0, 1, UINT32_MAX, 100, 0u - 1000u, 70000};

    if (choice < COUNT_OF(off))
        return decoder->nxt[pair][side] + off[choice];
    switch (choice) {
    case 11:
        return decoder->iss[pair][side];
    case 12:
        return decoder->iss[pair][side] + 1;
    case 13:
        return decoder->nxt[pair][side] + (1u << (20 + take(decoder) % 12));
    case 14:
        return decoder->nxt[pair][side] = decoder->iss[pair][side] = take32(decoder);
    default:
        return take32(decoder);
    }
}

static void
choose_options(struct decoder *decoder, uint8_t octet, uint8_t shift, struct packet *packet)
{
    struct tcpstate_segment *segment = &packet->segment;

    decoder->tsval += octet >> 5;
    if (octet & 1) {
        segment->timestamps_seen = true;
        segment->tsval = decoder->tsval;
        segment->tsecr = decoder->tsval - 1;
    }
    segment->window_scale_seen = octet & 2;
    segment->window_shift = segment->window_scale_seen ? shift % 15 : 0;
    segment->sack_seen = (octet & 0x0c) == 0x0c;
    if (segment->sack_seen)
        segment->sack_right = decoder->nxt[packet->pair][segment->side ^ 1] + shift;
    segment->fast_open_seen = (octet & 0x14) == 0x14;
    segment->options_cut = (octet & 0x18) == 0x18;
}

/* Keeps the numbers that a sane endpoint would go on with. */
static void
follow(struct decoder *decoder, const struct packet *packet)
{
    const struct tcpstate_segment *segment = &packet->segment;
    uint32_t *nxt = &decoder->nxt[packet->pair][segment->side];

    if (segment->seq == *nxt && segment->len <= UINT16_MAX)
        *nxt += segment->len + ((segment->flags & TCPSTATE_SYN) != 0) +
                ((segment->flags & TCPSTATE_FIN) != 0);
}

static void
place(struct decoder *decoder, uint8_t octet, struct packet *packet)
{
    struct tcpstate_segment *segment = &packet->segment;

    packet->pair = octet & 3;
    segment->self = packet->pair == FUZZ_PAIRS - 1;
    segment->side = segment->self ? 0 : octet >> 2 & 1;
    segment->source_port = segment->side ? 80 : 40000;
    segment->destination_port = segment->side ? 40000 : 80;
    if (segment->self || packet->pair == 2)
        segment->source_port = segment->destination_port = 40000;
    segment->time = decoder->time;
    segment->frame = ++decoder->frame;
    segment->ttl = 64;
}

static void
decode_segment(struct decoder *decoder, uint8_t head, struct packet *packet)
{
    static const uint32_t lengths[] = {0, 0, 0, 0, 1, 100, 1460, 1460, 65535, 0, 0, 0, 5, 7};
    static const uint16_t windows[] = {65535, 65535, 1024, 0};
    struct tcpstate_segment *segment = &packet->segment;
    const uint8_t flags = take(decoder), numbers = take(decoder), sizes = take(decoder);
    const uint8_t options = take(decoder), id = take(decoder), clock = take(decoder);
    const uint8_t shift = take(decoder);
    const unsigned length = sizes & 15;

    move_clock(decoder, head >> 3 & 7, clock);
    place(decoder, head, packet);
    packet->quoted = (head & 0xc0) == 0xc0 && (clock & 0x0c) == 0x0c;
    segment->flags = choose_flags(flags);
    segment->seq = choose_number(decoder, numbers & 15, packet->pair, segment->side);
    segment->ack = choose_number(decoder, numbers >> 4, packet->pair, segment->side ^ 1);
    if (segment->self && numbers >> 4 < 6)
        segment->ack = decoder->nxt[packet->pair][0];
    if (length < COUNT_OF(lengths))
        segment->len = segment->flags & TCPSTATE_SYN && length < 12 ? 0 : lengths[length];
    else
        segment->len = take32(decoder);
    segment->window = windows[sizes >> 4 & 3];
    segment->ip_id = id & 0x80 ? id : (uint16_t)decoder->frame;
    choose_options(decoder, options, shift, packet);
    follow(decoder, packet);
}

/* A header of its own memory, so that a read beyond it does not go unnoticed. */
static bool
decode_header(struct decoder *decoder, uint8_t head, struct packet *packet)
{
    const uint8_t clock = take(decoder);
    size_t size = take(decoder) % (HEADER_MAX + 1);
    uint8_t *header;
    bool parsed;

    if (size > (size_t)(decoder->end - decoder->at))
        size = (size_t)(decoder->end - decoder->at);
    move_clock(decoder, head >> 3 & 7, clock);
    header = malloc(size ? size : 1);
    if (!header)
        abort();
    memcpy(header, decoder->at, size);
    parsed = tcpstate_segment_parse(header, size, &packet->segment);
    free(header);
    decoder->at += size;
    place(decoder, head, packet);
    packet->segment.len = head & 0x40 ? take(decoder) : 0;
    packet->quoted = (head & 0xc0) == 0xc0;
    return parsed;
}

/*
 * The next packet; false at the end of the octets. Every packet takes at least one octet.
 */
bool
decode_next(struct decoder *decoder, struct packet *packet)
{
    while (decoder->at < decoder->end) {
        const uint8_t head = take(decoder);

        *packet = (struct packet){0};
        if (decoder->headers) {
            if (!decode_header(decoder, head, packet))
                continue;
        } else if ((head & 0xc0) == 0x80 && decoder->frame != 0) {
            move_clock(decoder, head >> 3 & 7, take(decoder));
            *packet = decoder->last;
            packet->segment.time = decoder->time;
            packet->segment.frame = ++decoder->frame;
            if (head & 1)
                packet->segment.ip_id++;
        } else {
            decode_segment(decoder, head, packet);
        }
        decoder->last = *packet;
        return true;
    }
    return false;
}
