/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The walker's steps over link layers.
 */
#include "step.h"

#define TYPE_MIN 1536   /* of an Ethernet type; */
#define LENGTH_MAX 1500 /* less is a length, and LLC follows */
#define SERVICE_VLAN 0x88a8
#define SNAP 0xaa
#define SAP_IP 0x06
#define UNNUMBERED 3

#define ADDRESS_FAMILY_INET 2
#define PPP_ADDRESS 0xff
#define PPP_CONTROL 3

static const struct route types[] = {
    {0x0800, HEADER_IPV4},
    {0x86dd, HEADER_IPV6},
    {0x8100, HEADER_VLAN},
    {0x9100, HEADER_VLAN},
    {0x8847, HEADER_MPLS},
    {0x8848, HEADER_MPLS},
    {SERVICE_VLAN, HEADER_SERVICE_VLAN},
    {0x8864, HEADER_PPPOE},
    {0x880b, HEADER_PPP},
    {0x6558, HEADER_ETHERNET},
    /* Tags and tunnels in which there may be IP: MACsec, backbone bridges, Cisco metadata,
     * FabricPath, E-tag, TRILL, service chains, ERSPAN twice, WCCP, VN-tag. */
    {0x88e5, HEADER_TUNNEL},
    {0x88e7, HEADER_TUNNEL},
    {0x8909, HEADER_TUNNEL},
    {0x8903, HEADER_TUNNEL},
    {0x893f, HEADER_TUNNEL},
    {0x22f3, HEADER_TUNNEL},
    {0x894f, HEADER_TUNNEL},
    {0x88be, HEADER_TUNNEL},
    {0x22eb, HEADER_TUNNEL},
    {0x883e, HEADER_TUNNEL},
    {0x8926, HEADER_TUNNEL},
};

static const struct route ppp_protocols[] = {
    {0x0021, HEADER_IPV4},
    {0x0057, HEADER_IPV6},
    {0x0281, HEADER_MPLS},
    {0x0283, HEADER_MPLS},
    /* Compressed headers and datagrams, encryption, multilink, bridged frames. */
    {0x002d, HEADER_TUNNEL},
    {0x002f, HEADER_TUNNEL},
    {0x00fd, HEADER_TUNNEL},
    {0x0053, HEADER_TUNNEL},
    {0x003d, HEADER_TUNNEL},
    {0x0031, HEADER_TUNNEL},
};

/* Address families of the systems that write loopback captures. */
static const struct route families[] = {
    {ADDRESS_FAMILY_INET, HEADER_IPV4},
    {10, HEADER_IPV6},
    {23, HEADER_IPV6},
    {24, HEADER_IPV6},
    {28, HEADER_IPV6},
    {30, HEADER_IPV6},
};

/*
 * The header behind an Ethernet type. Of most types none is known to carry TCP.
 */
enum header
header_of_type(uint32_t ethertype)
{
    if (ethertype <= LENGTH_MAX)
        return HEADER_LLC;
    return ROUTE(types, ethertype, HEADER_NOTHING);
}

/* FNV-1a of the sender's link-layer address, as the plugin has it. */
static void
note_link(struct walk *walk, const uint8_t *address, uint32_t size)
{
    uint32_t digest = 2166136261u;

    for (uint32_t i = 0; i < size; i++)
        digest = (digest ^ address[i]) * 16777619u;
    walk->walked->segment.link = (uint16_t)(digest ? digest : 1);
}

enum header
step_ethernet(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 14);
    uint32_t type;

    if (!header)
        return stop(walk, WALK_DAMAGED);
    note_link(walk, header + 6, 6);
    type = read16(header + 12);
    walk->at += 14;
    if (type <= LENGTH_MAX)
        limit(walk, type);
    return header_of_type(type);
}

/* IEEE 802.2, and SNAP in it. */
enum header
step_llc(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 3);

    if (!header)
        return HEADER_NOTHING;
    if (header[0] == SAP_IP && header[1] == SAP_IP && header[2] == UNNUMBERED)
        return go(walk, 3, HEADER_IPV4);
    if (header[0] != SNAP || header[1] != SNAP || header[2] != UNNUMBERED ||
        !(header = header_at(walk, 8)) || read16(header + 3) != 0 ||
        (header[5] != 0 && header[5] != 0xf8))
        return HEADER_NOTHING;
    return go(walk, 8, header_of_type(read16(header + 6)));
}

static void
note_vlan(struct walk *walk, const uint8_t *tag)
{
    struct walked *walked = walk->walked;

    walked->vlan = (walked->vlan << 12 | (read16(tag) & 0xfff)) & 0xffffff;
}

enum header
step_vlan(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    note_vlan(walk, header);
    return go(walk, 4, header_of_type(read16(header + 2)));
}

/* Of two service tags in a row Wireshark makes one layer, and the identifier is the outer one's. */
enum header
step_service_vlan(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    note_vlan(walk, header);
    if (read16(header + 2) != SERVICE_VLAN)
        return go(walk, 4, header_of_type(read16(header + 2)));
    walk->at += 4;
    header = header_at(walk, 4);
    return header ? go(walk, 4, header_of_type(read16(header + 2))) : stop(walk, WALK_DAMAGED);
}

/* An IP packet, told by its first four bits. */
enum header
step_raw_ip(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 1);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    if (header[0] >> 4 == 4)
        return HEADER_IPV4;
    return header[0] >> 4 == 6 ? HEADER_IPV6 : stop(walk, WALK_TUNNEL);
}

/* A stack of labels, the last of which has a bit (RFC 3032). */
enum header
step_mpls(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return go(walk, 4, header[2] & 1 ? HEADER_RAW_IP : HEADER_MPLS);
}

/* RFC 2516. */
enum header
step_pppoe(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 6);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    walk->at += 6;
    limit(walk, read16(header + 4));
    return HEADER_PPP;
}

/* The protocol's number takes one octet if that one is odd (RFC 1661 section 2). */
enum header
step_ppp(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 2);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    if (header[0] & 1)
        return go(walk, 1, ROUTE(ppp_protocols, header[0], HEADER_NOTHING));
    return go(walk, 2, ROUTE(ppp_protocols, read16(header), HEADER_NOTHING));
}

/* With or without address and control (RFC 1662 section 3.1). */
enum header
step_ppp_framed(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 2);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    if (header[0] == 0x0f || header[0] == 0x8f)
        return HEADER_CISCO_HDLC;
    return go(walk, header[0] == PPP_ADDRESS && header[1] == PPP_CONTROL ? 2 : 0, HEADER_PPP);
}

enum header
step_cisco_hdlc(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);

    return header ? go(walk, 4, header_of_type(read16(header + 2))) : stop(walk, WALK_DAMAGED);
}

/* The sender's address and the type of a cooked capture. */
static enum header
read_cooked(struct walk *walk, uint32_t length, const uint8_t *address, uint32_t type,
            uint32_t size)
{
    if (length == 4 || length == 6)
        note_link(walk, address, length);
    if (type > LENGTH_MAX)
        return go(walk, size, header_of_type(type));
    return go(walk, size, type == 4 ? HEADER_LLC : type == 1 ? HEADER_TUNNEL : HEADER_NOTHING);
}

enum header
step_cooked(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 16);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return read_cooked(walk, read16(header + 4), header + 6, read16(header + 14), 16);
}

enum header
step_cooked_2(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 20);

    if (!header)
        return stop(walk, WALK_DAMAGED);
    return read_cooked(walk, header[11], header + 12, read16(header), 20);
}

/* An address family in the byte order of the host that captured, or, in either half, of the
 * network; or an Ethernet type. */
enum header
step_loopback(struct walk *walk)
{
    const uint8_t *header = header_at(walk, 4);
    uint32_t family;

    if (!header)
        return stop(walk, WALK_DAMAGED);
    if (header[0] == PPP_ADDRESS && header[1] == PPP_CONTROL)
        return HEADER_PPP_FRAMED;
    family = read32(header);
    if (family & 0xffff0000u)
        family = family >> 24 | (family >> 8 & 0xff00);
    walk->at += 4;
    if (family > TYPE_MIN)
        return header_of_type(family);
    return ROUTE(families, family, HEADER_NOTHING);
}
