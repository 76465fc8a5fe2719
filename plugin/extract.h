/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From what Wireshark hands to TCP to the core's segments.
 */
#ifndef TCPSTATE_EXTRACT_H
#define TCPSTATE_EXTRACT_H

#include "ws_compat.h"
#include "tcpstate.h"

#define EXTRACT_MAX 8          /* TCP headers taken of one frame; more are ignored */
#define EXTRACT_ADDRESS_MAX 16 /* octets of the longest address */

/* Who talks to whom in one layer of a frame. */
struct endpoints {
    uint8_t address[2][EXTRACT_ADDRESS_MAX]; /* source, destination */
    uint8_t address_size;                    /* octets used of each: 4, 16, or 0 if unknown */
    uint16_t port[2];
    uint32_t vlan; /* identifiers of the VLAN tags before the layer, 12 bits each; 0 = none */
};

struct extracted {
    const uint8_t *header; /* where it lies, while its frame is dissected */
    struct endpoints endpoints;
    struct tcpstate_segment segment; /* all but side and self */
    bool unreachable;                /* quoted by an ICMP error that refuses it: no segment */
};

void extract_register(void);
void extract_begin(void);
int64_t extract_time(const packet_info *pinfo);
bool extract(tvbuff_t *tvb, const packet_info *pinfo, struct extracted *found);

#endif
