/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's last step: an ICMP error that refuses the segment that it quotes.
 */
#include "ip.h"

#define ICMP_HEADER 8
#define PORTS_AND_SEQ 8 /* the least of a TCP header that an ICMP error quotes */

/* The TCP header quoted by an ICMP error, as far as it was captured: RFC 792 promises eight octets
 * of it. */
static enum header
read_quoted(struct walk *walk)
{
    struct walked *walked = walk->walked;
    const uint32_t captured = available(walk);
    const uint8_t *header;

    if (captured < PORTS_AND_SEQ)
        return HEADER_NOTHING;
    header = walk->frame->octets + walk->at;
    if (!tcpstate_segment_parse(header, captured < TCP_HEADER_MAX ? captured : TCP_HEADER_MAX,
                                &walked->segment))
        walked->segment.seq = read32(header + 4);
    note_segment(walk, header);
    return stop(walk, WALK_REFUSAL);
}

/* Whether an ICMP error ends a connection attempt: any unreachable destination but "fragmentation
 * needed", and an exceeded time to live. */
static bool
icmp_refuses(uint8_t type, uint8_t code)
{
    return (type == 3 && code != 4) || (type == 11 && code == 0);
}

static bool
icmpv6_refuses(uint8_t type, uint8_t code)
{
    return type == 1 || (type == 3 && code == 0) || (type == 4 && code == 1);
}

/* The ICMP message at hand, if it was captured with a quoted IP header of so many octets. */
static const uint8_t *
quoting(const struct walk *walk, uint32_t size)
{
    return available(walk) < ICMP_HEADER + size ? NULL : walk->frame->octets + walk->at;
}

enum header
step_icmp(struct walk *walk)
{
    const uint8_t *message = quoting(walk, IPV4_HEADER), *ip;
    uint32_t size;

    if (!message || !icmp_refuses(message[0], message[1]))
        return HEADER_NOTHING;
    ip = message + ICMP_HEADER;
    size = (ip[0] & 0xfu) * 4;
    if (ip[0] >> 4 != 4 || size < IPV4_HEADER || ip[9] != PROTOCOL_TCP ||
        (read16(ip + 6) & 0x1fff) != 0)
        return HEADER_NOTHING;
    note_ipv4(walk, ip);
    walk->at += ICMP_HEADER + size;
    return read_quoted(walk);
}

enum header
step_icmpv6(struct walk *walk)
{
    const uint8_t *message = quoting(walk, IPV6_HEADER), *ip;

    if (!message || !icmpv6_refuses(message[0], message[1]))
        return HEADER_NOTHING;
    ip = message + ICMP_HEADER;
    if (ip[0] >> 4 != 6 || ip[6] != PROTOCOL_TCP)
        return HEADER_NOTHING;
    note_ipv6(walk, ip);
    walk->at += ICMP_HEADER + IPV6_HEADER;
    return read_quoted(walk);
}
