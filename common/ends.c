/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The two ends of a connection as texts of its row.
 */
#include "ends.h"

#include <string.h>

#include <glib.h>
#include <wsutil/inet_addr.h>

#define PROTOCOL_TCP 6
#define SHA1_OCTETS 20

/* As ws_inet_ntop4(), which has sprintf() do it: half of what a row took. */
static void
put_ipv4(const uint8_t *address, char *text)
{
    for (int i = 0; i < 4; i++) {
        const unsigned number = address[i];
        if (number >= 100)
            *text++ = (char)('0' + number / 100);
        if (number >= 10)
            *text++ = (char)('0' + number / 10 % 10);
        *text++ = (char)('0' + number % 10);
        *text++ = i < 3 ? '.' : '\0';
    }
}

static void
put_address(const struct ends *ends, enum tcpstate_role role, struct tcpstate_cell *cell,
            struct ends_text *text)
{
    char *name = text->address[role];
    if (ends->address_size == 4)
        put_ipv4(ends->address[role], name);
    else if (ends->address_size == 16)
        ws_inet_ntop6(ends->address[role], name, ENDS_ADDRESS_TEXT);
    else
        return;
    *cell = (struct tcpstate_cell){.known = true, .text = name};
}

static void
put_vlan(uint32_t vlan, struct tcpstate_cell *cell, struct ends_text *text)
{
    if (vlan == 0)
        return;
    if (vlan >> 12)
        g_snprintf(text->vlan, sizeof(text->vlan), "%u.%u", vlan >> 12 & 0xfff, vlan & 0xfff);
    else
        g_snprintf(text->vlan, sizeof(text->vlan), "%u", vlan);
    *cell = (struct tcpstate_cell){.known = true, .text = text->vlan};
}

static guchar *
put16(guchar *at, uint16_t value)
{
    *at++ = (guchar)(value >> 8);
    *at++ = (guchar)value;
    return at;
}

/* What is hashed: seed, the lower end's address, the other's, protocol, padding, ports. Returns its
 * length. */
static size_t
describe(const struct ends *ends, guchar *octets)
{
    const size_t size = ends->address_size;
    int order = memcmp(ends->address[0], ends->address[1], size);
    if (order == 0)
        order = (int)ends->port[0] - (int)ends->port[1];
    const int first = order > 0;
    guchar *at = put16(octets, 0);
    memcpy(at, ends->address[first], size);
    memcpy(at + size, ends->address[!first], size);
    at = put16(at + 2 * size, PROTOCOL_TCP << 8);
    at = put16(at, ends->port[first]);
    at = put16(at, ends->port[!first]);
    return (size_t)(at - octets);
}

/* The community ID of a TCP connection, version 1 with seed 0
 * (https://github.com/corelight/community-id-spec), of 30 characters. Returns whether it has one:
 * both addresses are of IP. */
static bool
put_community_id(const struct ends *ends, char *text)
{
    guchar octets[2 + 2 * 16 + 2 + 4];
    guchar digest[SHA1_OCTETS];
    gsize digest_size = sizeof(digest);
    gint state = 0, rest = 0;
    if (ends->address_size != 4 && ends->address_size != 16)
        return false;
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    g_checksum_update(sum, octets, (gssize)describe(ends, octets));
    g_checksum_get_digest(sum, digest, &digest_size);
    g_checksum_free(sum);
    memcpy(text, "1:", 2);
    gsize length = 2 + g_base64_encode_step(digest, digest_size, FALSE, text + 2, &state, &rest);
    length += g_base64_encode_close(FALSE, text + length, &state, &rest);
    text[length] = '\0';
    return true;
}

/* Puts the ends' addresses, ports, VLANs and community ID into the row. */
void
ends_put(const struct ends *ends, struct tcpstate_row *row, struct ends_text *text)
{
    struct tcpstate_cell *cell = row->cell;
    put_address(ends, TCPSTATE_CLIENT, &cell[TCPSTATE_COLUMN_client_address], text);
    put_address(ends, TCPSTATE_SERVER, &cell[TCPSTATE_COLUMN_server_address], text);
    cell[TCPSTATE_COLUMN_client_port] =
        (struct tcpstate_cell){.known = true, .count = ends->port[TCPSTATE_CLIENT]};
    cell[TCPSTATE_COLUMN_server_port] =
        (struct tcpstate_cell){.known = true, .count = ends->port[TCPSTATE_SERVER]};
    put_vlan(ends->vlan, &cell[TCPSTATE_COLUMN_vlan], text);
    if (put_community_id(ends, text->community_id))
        cell[TCPSTATE_COLUMN_community_id] =
            (struct tcpstate_cell){.known = true, .text = text->community_id};
}
