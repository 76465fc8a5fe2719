/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One header at a time: what the files of the walker share.
 */
#ifndef TCPSTATE_STEP_H
#define TCPSTATE_STEP_H

#include "walk.h"

/* The kinds of headers, and where the walk ends: each is a row of the walker's table. */
enum header {
    HEADER_NOTHING, /* the walk is over */
    HEADER_TUNNEL,
    HEADER_ETHERNET,
    HEADER_LLC,
    HEADER_VLAN,
    HEADER_SERVICE_VLAN,
    HEADER_MPLS,
    HEADER_PPPOE,
    HEADER_PPP,
    HEADER_PPP_FRAMED,
    HEADER_CISCO_HDLC,
    HEADER_COOKED,
    HEADER_COOKED_2,
    HEADER_LOOPBACK,
    HEADER_RAW_IP,
    HEADER_IPV4,
    HEADER_IPV6,
    HEADER_EXTENSION,
    HEADER_AUTHENTICATION,
    HEADER_FRAGMENT,
    HEADER_GRE,
    HEADER_UDP,
    HEADER_VXLAN,
    HEADER_GENEVE,
    HEADER_GTP,
    HEADER_ICMP,
    HEADER_ICMPV6,
    HEADER_TCP,
    HEADER_COUNT
};

/* Where the walk is. Places are offsets in the frame. */
struct walk {
    const struct frame *frame;
    struct walked *walked;
    enum walk_result result;
    uint32_t at;  /* the header at hand */
    uint32_t end; /* where it ends by the lengths of the headers around it */
    uint32_t
        ip_end; /* where the innermost IP packet ends by its own length, beyond the frame too */
    uint16_t ip_id;
    uint8_t ttl;
    uint8_t protocol; /* of the header at hand, if an IPv6 header said it */
    bool bad_packet;
};

/* A number in a header, and the header that it announces. */
struct route {
    uint32_t number;
    enum header next;
};

enum header step_ethernet(struct walk *walk);
enum header step_llc(struct walk *walk);
enum header step_vlan(struct walk *walk);
enum header step_service_vlan(struct walk *walk);
enum header step_mpls(struct walk *walk);
enum header step_pppoe(struct walk *walk);
enum header step_ppp(struct walk *walk);
enum header step_ppp_framed(struct walk *walk);
enum header step_cisco_hdlc(struct walk *walk);
enum header step_cooked(struct walk *walk);
enum header step_cooked_2(struct walk *walk);
enum header step_loopback(struct walk *walk);
enum header step_raw_ip(struct walk *walk);
enum header step_ipv4(struct walk *walk);
enum header step_ipv6(struct walk *walk);
enum header step_extension(struct walk *walk);
enum header step_authentication(struct walk *walk);
enum header step_fragment(struct walk *walk);
enum header step_gre(struct walk *walk);
enum header step_udp(struct walk *walk);
enum header step_vxlan(struct walk *walk);
enum header step_geneve(struct walk *walk);
enum header step_gtp(struct walk *walk);
enum header step_icmp(struct walk *walk);
enum header step_icmpv6(struct walk *walk);
enum header step_tcp(struct walk *walk);

/* link.c, ip.c: what a number announces. */
enum header header_of_type(uint32_t ethertype);
enum header header_of_protocol(uint8_t protocol);

static inline uint16_t
read16(const uint8_t *octets)
{
    return (uint16_t)(octets[0] << 8 | octets[1]);
}

static inline uint32_t
read32(const uint8_t *octets)
{
    return (uint32_t)read16(octets) << 16 | read16(octets + 2);
}

/* Ends the walk with a reason. */
static inline enum header
stop(struct walk *walk, enum walk_result result)
{
    walk->result = result;
    return HEADER_NOTHING;
}

/* The captured octets of the frame from the header at hand on. */
static inline uint32_t
available(const struct walk *walk)
{
    return walk->at < walk->frame->captured ? walk->frame->captured - walk->at : 0;
}

/* The header at hand, if so many octets of it were captured and belong to it; else NULL. */
static inline const uint8_t *
header_at(const struct walk *walk, uint32_t size)
{
    if (available(walk) < size || walk->end < walk->at || walk->end - walk->at < size)
        return NULL;
    return walk->frame->octets + walk->at;
}

/* What is inside ends where the header at hand says. */
static inline void
limit(struct walk *walk, uint32_t size)
{
    if (walk->end > walk->at && walk->end - walk->at > size)
        walk->end = walk->at + size;
}

static inline enum header
go(struct walk *walk, uint32_t size, enum header next)
{
    walk->at += size;
    return next;
}

static inline enum header
route(const struct route *routes, size_t count, uint32_t number, enum header otherwise)
{
    for (size_t i = 0; i < count; i++)
        if (routes[i].number == number)
            return routes[i].next;
    return otherwise;
}

#define ROUTE(routes, number, otherwise)                                                           \
    route(routes, sizeof(routes) / sizeof(routes)[0], number, otherwise)

#endif
