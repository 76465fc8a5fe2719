/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two ends of a connection as texts of its row.
 */
#ifndef TCPSTATE_ENDS_H
#define TCPSTATE_ENDS_H

#include "row.h"

#define ENDS_ADDRESS_TEXT 46 /* of an IPv6 address with its final null, as INET6_ADDRSTRLEN */

/* Client and server, by enum tcpstate_role. */
struct ends {
    const uint8_t *address[2];
    size_t address_size; /* octets of each: 4, 16, or another number if it is no IP address */
    uint16_t port[2];
    uint32_t vlan; /* identifiers of the VLAN tags, 12 bits each, 0 = none */
};

/* The memory of the texts, which must live as long as the row. */
struct ends_text {
    char address[2][ENDS_ADDRESS_TEXT];
    char vlan[12];
    char community_id[32];
};

void ends_put(const struct ends *ends, struct tcpstate_row *row, struct ends_text *text);

#endif
