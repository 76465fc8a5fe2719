/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Walks a frame's headers down to its TCP segment: the loop and its tables.
 *
 * It reads what Wireshark's dissectors read with their preferences as they come, so that the core
 * judges the same segments here and in the plugin.
 *
 * Limitations: nothing is reassembled; of a frame the innermost TCP segment alone is read.
 */
#include "step.h"

#include <wiretap/wtap.h>

#define DEPTH_MAX 64 /* headers of a frame */

static enum header (*const steps[HEADER_COUNT])(struct walk *) = {
    [HEADER_ETHERNET] = step_ethernet,
    [HEADER_LLC] = step_llc,
    [HEADER_VLAN] = step_vlan,
    [HEADER_SERVICE_VLAN] = step_service_vlan,
    [HEADER_MPLS] = step_mpls,
    [HEADER_PPPOE] = step_pppoe,
    [HEADER_PPP] = step_ppp,
    [HEADER_PPP_FRAMED] = step_ppp_framed,
    [HEADER_CISCO_HDLC] = step_cisco_hdlc,
    [HEADER_COOKED] = step_cooked,
    [HEADER_COOKED_2] = step_cooked_2,
    [HEADER_LOOPBACK] = step_loopback,
    [HEADER_RAW_IP] = step_raw_ip,
    [HEADER_IPV4] = step_ipv4,
    [HEADER_IPV6] = step_ipv6,
    [HEADER_EXTENSION] = step_extension,
    [HEADER_AUTHENTICATION] = step_authentication,
    [HEADER_FRAGMENT] = step_fragment,
    [HEADER_GRE] = step_gre,
    [HEADER_UDP] = step_udp,
    [HEADER_VXLAN] = step_vxlan,
    [HEADER_GENEVE] = step_geneve,
    [HEADER_GTP] = step_gtp,
    [HEADER_ICMP] = step_icmp,
    [HEADER_ICMPV6] = step_icmpv6,
    [HEADER_TCP] = step_tcp,
};

static const struct route links[] = {
    {WTAP_ENCAP_ETHERNET, HEADER_ETHERNET}, {WTAP_ENCAP_SLL, HEADER_COOKED},
    {WTAP_ENCAP_SLL2, HEADER_COOKED_2},     {WTAP_ENCAP_RAW_IP, HEADER_RAW_IP},
    {WTAP_ENCAP_RAW_IP4, HEADER_IPV4},      {WTAP_ENCAP_RAW_IP6, HEADER_IPV6},
    {WTAP_ENCAP_NULL, HEADER_LOOPBACK},     {WTAP_ENCAP_LOOP, HEADER_LOOPBACK},
    {WTAP_ENCAP_PPP, HEADER_PPP_FRAMED},    {WTAP_ENCAP_PPP_WITH_PHDR, HEADER_PPP_FRAMED},
    {WTAP_ENCAP_CHDLC, HEADER_CISCO_HDLC},
};

/* Finds the TCP segment of a frame, or of the ICMP error in it. Of the result's other members none
 * is written unless it is WALK_SEGMENT or WALK_REFUSAL. */
enum walk_result
walk(const struct frame *frame, struct walked *walked)
{
    struct walk at = {.frame = frame, .walked = walked, .end = frame->length};
    enum header next = ROUTE(links, (uint32_t)frame->encapsulation, HEADER_NOTHING);

    if (next == HEADER_NOTHING)
        return WALK_LINK;
    *walked = (struct walked){0};
    for (int depth = 0; next != HEADER_NOTHING; depth++) {
        if (next == HEADER_TUNNEL)
            return WALK_TUNNEL;
        if (depth == DEPTH_MAX)
            return WALK_DEPTH;
        next = steps[next](&at);
    }
    return at.result;
}
