/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What one captured TCP header says (RFC 9293 section 3.1, RFC 7323, RFC 2018, RFC 7413).
 */
#include "tcpstate.h"

#define HEADER_MIN 20 /* octets of a TCP header without options */

/* Option kinds (IANA, "TCP Option Kind Numbers"). */
enum option_kind {
    OPTION_END = 0,
    OPTION_NOP = 1,
    OPTION_WINDOW_SCALE = 3,
    OPTION_SACK = 5,
    OPTION_TIMESTAMPS = 8,
    OPTION_FAST_OPEN = 34,
    OPTION_EXPERIMENT = 254
};

#define WINDOW_SHIFT_MAX 14         /* RFC 7323 section 2.3: more counts as 14 */
#define FAST_OPEN_EXPERIMENT 0xF989 /* RFC 7413 section 7: the experiment's identifier */

static uint16_t
read16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t
read32(const uint8_t *p)
{
    return (uint32_t)read16(p) << 16 | read16(p + 2);
}

/* Takes one option; text is what follows kind and length, size its octets. */
static void
read_option(uint8_t kind, const uint8_t *text, size_t size, struct tcpstate_segment *segment)
{
    switch (kind) {
    case OPTION_WINDOW_SCALE:
        if (size == 1) {
            segment->window_scale_seen = true;
            segment->window_shift = text[0] > WINDOW_SHIFT_MAX ? WINDOW_SHIFT_MAX : text[0];
        }
        break;
    case OPTION_SACK:
        if (size >= 8) {
            segment->sack_seen = true;
            segment->sack_right = read32(text + 4);
        }
        break;
    case OPTION_TIMESTAMPS:
        if (size == 8) {
            segment->timestamps_seen = true;
            segment->tsval = read32(text);
            segment->tsecr = read32(text + 4);
        }
        break;
    case OPTION_FAST_OPEN:
        segment->fast_open_seen = true;
        break;
    case OPTION_EXPERIMENT:
        if (size >= 2 && read16(text) == FAST_OPEN_EXPERIMENT)
            segment->fast_open_seen = true;
        break;
    default:
        break;
    }
}

/* Walks the options up to the end or the first that makes no sense. */
static void
read_options(const uint8_t *options, size_t size, struct tcpstate_segment *segment)
{
    size_t at = 0;

    while (at < size && options[at] != OPTION_END) {
        size_t length;

        if (options[at] == OPTION_NOP) {
            at++;
            continue;
        }
        if (size - at < 2)
            return;
        length = options[at + 1];
        if (length < 2 || length > size - at)
            return;
        read_option(options[at], options + at + 2, length - 2, segment);
        at += length;
    }
}

/*
 * Reads a TCP header into the segment's header fields; leaves all others as they are.
 *
 * header points to size captured octets, which may be fewer than the header has, or more (text is
 * not looked at). Options that were cut off by the capture are as if they were not there, and
 * options_cut says so. Returns false, with nothing written, if fewer than 20 octets were captured
 * or the data offset is below 5 (RFC 9293 section 3.1).
 */
bool
tcpstate_segment_parse(const uint8_t *header, size_t size, struct tcpstate_segment *segment)
{
    size_t length;

    if (size < HEADER_MIN)
        return false;
    length = (size_t)(header[12] >> 4) * 4;
    if (length < HEADER_MIN)
        return false;

    segment->source_port = read16(header);
    segment->destination_port = read16(header + 2);
    segment->seq = read32(header + 4);
    segment->ack = read32(header + 8);
    segment->flags = header[13];
    segment->window = read16(header + 14);
    segment->timestamps_seen = false;
    segment->window_scale_seen = false;
    segment->sack_seen = false;
    segment->fast_open_seen = false;
    segment->options_cut = length > size;
    read_options(header + HEADER_MIN, (segment->options_cut ? size : length) - HEADER_MIN, segment);
    return true;
}
