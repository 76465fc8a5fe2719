/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's steps over IP, the tunnels in it, and ICMP errors.
 */
#include "step.h"

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define ICMP_HEADER 8
#define UDP_HEADER 8
#define GTP_HEADER 8
#define GTP_PACKET 255
#define PORTS_AND_SEQ 8 /* the least of a TCP header that an ICMP error quotes */
#define TCP_HEADER_MAX 60
#define PROTOCOL_TCP 6
#define PORTS_WELL_KNOWN 1024

/* Bits of a GRE header's first two octets (RFC 2784, RFC 2890, RFC 2637). */
enum gre {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGEMENT = 0x0080
};

static const struct route protocols[] = {
    {PROTOCOL_TCP, HEADER_TCP},
    {17, HEADER_UDP},
    {1, HEADER_ICMP},
    {58, HEADER_ICMPV6},
    {4, HEADER_IPV4},
    {41, HEADER_IPV6},
    {47, HEADER_GRE},
    {137, HEADER_MPLS},
    {51, HEADER_AUTHENTICATION},
    {0, HEADER_EXTENSION},
    {43, HEADER_EXTENSION},
    {60, HEADER_EXTENSION},
    {135, HEADER_EXTENSION},
    {139, HEADER_EXTENSION},
    {140, HEADER_EXTENSION},
    {44, HEADER_FRAGMENT},
    /* ESP, minimal encapsulation, EtherIP, IPComp, L2TP, Ethernet. */
    {50, HEADER_TUNNEL},
    {55, HEADER_TUNNEL},
    {97, HEADER_TUNNEL},
    {108, HEADER_TUNNEL},
    {115, HEADER_TUNNEL},
    {143, HEADER_TUNNEL},
};

static const struct route udp_ports[] = {
    {4789, HEADER_VXLAN},
    {6081, HEADER_GENEVE},
    {2152, HEADER_GTP},
    /* L2TP, Teredo, GRE, VXLAN-GPE, CAPWAP, MPLS, OTV, ESP, AYIYA. */
    {1701, HEADER_TUNNEL},
    {3544, HEADER_TUNNEL},
    {4754, HEADER_TUNNEL},
    {4790, HEADER_TUNNEL},
    {5247, HEADER_TUNNEL},
    {6635, HEADER_TUNNEL},
    {8472, HEADER_TUNNEL},
    {4500, HEADER_TUNNEL},
    {5072, HEADER_TUNNEL},
};

/*
 * The header behind a protocol's number in an IP header.
 */
enum header
header_of_protocol(uint8_t protocol)
{
    return ROUTE(protocols, protocol, HEADER_NOTHING);
}

static void
note_addresses(struct walked *walked, const uint8_t *source, const uint8_t *destination,
               size_t size)
{
    walked->address[0] = source;
    walked->address[1] = destination;
    walked->address_size = size;
}

static void
note_ipv4(struct walk *walk, const uint8_t *header)
{
    walk->ip_id = read16(header + 4);
    walk->ttl = header[8];
    note_addresses(walk->walked, header + 12, header + 16, 4);
}

static void
note_ipv6(struct walk *walk, const uint8_t *header)
{
    walk->ip_id = 0;
    walk->ttl = header[7];
    note_addresses(walk->walked, header + 8, header + 24, 16);
}

/* The sum of 16-bit numbers, carries added (RFC 1071); the last octet of an odd number of them
 * counts as if a zero followed. */
static uint32_t
sum_of(const uint8_t *octets, uint32_t size, uint32_t sum)
{
    for (uint32_t i = 0; i + 1 < size; i += 2)
        sum += read16(octets + i);
    if (size & 1)
        sum += (uint32_t)octets[size - 1] << 8;
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16);
}

/* RFC 791. A length of zero is that of a packet that the network card will split. */
enum header
step_ipv4(struct walk *walk)
{
    const uint8_t *header = header_at(walk, IPV4_HEADER);
    uint32_t size, length;

    if (!header || header[0] >> 4 != 4)
        return stop(walk, WALK_DAMAGED);
    size = (header[0] & 0xfu) * 4;
    length = read16(header + 2);
    if (size < IPV4_HEADER || (length != 0 && length < size) || !header_at(walk, size))
        return stop(walk, WALK_DAMAGED);
    note_ipv4(walk, header);
    walk->ip_end = walk->at + length;
    walk->bad_packet = walk->frame->verify && sum_of(header, size, 0) != 0xffff;
    if (length != 0)
        limit(walk, length);
    if (read16(header + 6) & 0x3fff)
        return stop(walk, WALK_FRAGMENT);
    return go(walk, size, header_of_protocol(header[9]));
}

/* RFC 8200. A length of zero is that of a jumbogram, whose true one is an option (RFC 2675): it
 * goes to the end of the frame. */
enum header
step_ipv6(struct walk *walk)
{
    const uint8_t *header = header_at(walk, IPV6_HEADER);
    uint32_t length;

    if (!header || header[0] >> 4 != 6)
        return stop(walk, WALK_DAMAGED);
    length = read16(header + 4);
    if (length == 0 && header[6] != 0)
        return stop(walk, WALK_DAMAGED);
    note_ipv6(walk, header);
    walk->ip_end = walk->at + IPV6_HEADER + length;
    walk->bad_packet = false;
    if (length != 0)
        limit(walk, IPV6_HEADER + length);
    return go(walk, IPV6_HEADER, header_of_protocol(header[6]));
}

/* Hop-by-hop and destination options, routing, and what is built like them (RFC 6564). */
enum header
step_extension(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 8);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return go(walk, (header[1] + 1u) * 8, header_of_protocol(header[0]));
}

/* RFC 4302. */
enum header
step_authentication(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 12);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return go(walk, (header[1] + 2u) * 4, header_of_protocol(header[0]));
}

/* RFC 8200 section 4.5; a packet may be a fragment by itself (RFC 6946). */
enum header
step_fragment(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 8);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    if (read16(header + 2) & 0xfff9)
        return stop(walk, WALK_FRAGMENT);
    return go(walk, 8, header_of_protocol(header[0]));
}

enum header
step_gre(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);
    uint32_t size = 4;
    uint16_t bits;

    if (!header)
        return stop(walk, WALK_DAMAGED);
    bits = read16(header);
    if (bits & GRE_ROUTING)
        return stop(walk, WALK_TUNNEL);
    for (unsigned i = 0; i < 4; i++) {
        static const uint16_t optional[] = {GRE_CHECKSUM, GRE_KEY, GRE_SEQUENCE,
                                            GRE_ACKNOWLEDGEMENT};
        size += bits & optional[i] ? 4 : 0;
    }
    return go(walk, size, header_of_type(read16(header + 2)));
}

/* Wireshark asks for the lower port first; a service on a well-known one is not a tunnel whose end
 * has a tunnel's number by chance. */
enum header
step_udp(struct walk *walk)
{
    const uint8_t *header = header_at(walk, UDP_HEADER);
    uint16_t low, high;
    enum header next;

    if (!header)
        return HEADER_NOTHING;
    low = read16(header);
    high = read16(header + 2);
    if (low > high) {
        low = read16(header + 2);
        high = read16(header);
    }
    next = ROUTE(udp_ports, low, HEADER_NOTHING);
    if (next == HEADER_NOTHING && low >= PORTS_WELL_KNOWN)
        next = ROUTE(udp_ports, high, HEADER_NOTHING);
    if (read16(header + 4) >= UDP_HEADER)
        limit(walk, read16(header + 4));
    return go(walk, UDP_HEADER, next);
}

/* RFC 7348. */
enum header
step_vxlan(struct walk *walk)
{
    return header_at(walk, 8) ? go(walk, 8, HEADER_ETHERNET) : stop(walk, WALK_DAMAGED);
}

/* RFC 8926. */
enum header
step_geneve(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 8);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return go(walk, 8 + (header[0] & 0x3fu) * 4, header_of_type(read16(header + 2)));
}

/* Extension headers, each with the next one's type in its last octet (3GPP TS 29.281). */
static bool
skip_gtp_extensions(struct walk *walk)
{
    const uint8_t *type = header_at(walk, 1);

    while (type && *type != 0) {
        const uint8_t *header;

        walk->at++;
        header = header_at(walk, 1);
        if (!header || *header == 0)
            return false;
        walk->at += *header * 4u - 1;
        type = header_at(walk, 1);
    }
    walk->at++;
    return type != NULL;
}

/* GTP-U version 1; what is no user's IP packet is not looked into. */
enum header
step_gtp(struct walk *walk)
{
    const uint8_t *header = header_at(walk, GTP_HEADER);

    if (!header || header[0] >> 5 != 1 || header[1] != GTP_PACKET)
        return HEADER_NOTHING;
    walk->at += GTP_HEADER;
    if (!(header[0] & 7))
        return HEADER_RAW_IP;
    if (!header_at(walk, 4))
        return stop(walk, WALK_DAMAGED);
    walk->at += 3;
    if (!(header[0] & 4))
        return go(walk, 1, HEADER_RAW_IP);
    return skip_gtp_extensions(walk) ? HEADER_RAW_IP : stop(walk, WALK_DAMAGED);
}

/* What the layers around it say of a segment. */
static void
set_context(struct walk *walk, const uint8_t *header)
{
    struct walked *walked = walk->walked;

    walked->port[0] = read16(header);
    walked->port[1] = read16(header + 2);
    walked->segment.time = walk->frame->time;
    walked->segment.frame = walk->frame->number;
    walked->segment.ip_id = walk->ip_id;
    walked->segment.ttl = walk->ttl;
}

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
    set_context(walk, header);
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
    set_context(walk, header);
    return stop(walk, WALK_SEGMENT);
}
