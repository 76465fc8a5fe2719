/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's steps over IP, and what the layers inside need of its headers.
 */
#include "ip.h"

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

/* Takes what a segment needs of an IPv4 header, which is there in full. */
void
note_ipv4(struct walk *walk, const uint8_t *header)
{
    walk->ip_id = read16(header + 4);
    walk->ttl = header[8];
    note_addresses(walk->walked, header + 12, header + 16, 4);
}

/* The same of an IPv6 header. */
void
note_ipv6(struct walk *walk, const uint8_t *header)
{
    walk->ip_id = 0;
    walk->ttl = header[7];
    note_addresses(walk->walked, header + 8, header + 24, 16);
}

/* The sum of 16-bit numbers, carries added (RFC 1071); the last octet of an odd number of them
 * counts as if a zero followed. */
uint32_t
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
