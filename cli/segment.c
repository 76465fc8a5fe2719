/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's last step: a TCP segment.
 */
#include "ip.h"

/* Takes a TCP header's ports, and what the layers around it say of its segment. */
void
note_segment(struct walk *walk, const uint8_t *header)
{
    struct walked *walked = walk->walked;

    walked->port[0] = read16(header);
    walked->port[1] = read16(header + 2);
    walked->segment.time = walk->frame->time;
    walked->segment.frame = walk->frame->number;
    walked->segment.ip_id = walk->ip_id;
    walked->segment.ttl = walk->ttl;
}

/* Whether the segment's checksum, over the pseudo-header too (RFC 9293 section 3.1), is wrong. Of a
 * segment that was cut nothing is known. */
static bool
is_damaged(const struct walk *walk, const uint8_t *header)
{
    const struct walked *walked = walk->walked;
    const uint32_t size = walk->end - walk->at;
    const uint32_t address = (uint32_t)walked->address_size;
    uint32_t sum;

    if (!walk->frame->verify || available(walk) < size || address == 0)
        return false;
    sum = sum_of(walked->address[0], address, PROTOCOL_TCP + (size >> 16) + (size & 0xffff));
    sum = sum_of(walked->address[1], address, sum);
    return sum_of(header, size, sum) != 0xffff;
}

/* The segment. Its length is what its IP packet says if that one should be longer than its frame: a
 * capture that was cut may give the cut length as the original one. */
enum header
step_tcp(struct walk *walk)
{
    struct tcpstate_segment *segment = &walk->walked->segment;
    const uint32_t captured = available(walk);
    const uint8_t *header = header_at(walk, 20);
    uint32_t text;

    if (!header || !tcpstate_segment_parse(
                       header, captured < TCP_HEADER_MAX ? captured : TCP_HEADER_MAX, segment))
        return stop(walk, WALK_DAMAGED);
    text = walk->at + (uint32_t)(header[12] >> 4) * 4;
    if (walk->end < text)
        return stop(walk, WALK_DAMAGED);
    segment->len = walk->end - text;
    if (walk->ip_end > walk->frame->length && walk->ip_end > text)
        segment->len = walk->ip_end - text;
    segment->text_cut = captured < text - walk->at + segment->len;
    segment->bad_packet = walk->bad_packet;
    segment->bad_checksum = is_damaged(walk, header);
    note_segment(walk, header);
    return stop(walk, WALK_SEGMENT);
}
