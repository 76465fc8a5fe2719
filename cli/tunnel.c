/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's steps over the tunnels in IP: GRE, and those in UDP.
 */
#include "step.h"

#define UDP_HEADER 8
#define GTP_HEADER 8
#define GTP_PACKET 255
#define PORTS_WELL_KNOWN 1024

/* Bits of a GRE header's first two octets (RFC 2784, RFC 2890, RFC 2637). */
enum gre {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGEMENT = 0x0080
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
