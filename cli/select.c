/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which connections are printed.
 */
#include "select.h"

#include <string.h>

#include <wsutil/inet_addr.h>

struct host {
    uint8_t octets[16];
    size_t size;
};

void
selection_init(struct selection *selection)
{
    *selection = (struct selection){.ports = g_array_new(FALSE, FALSE, sizeof(uint16_t)),
                                    .hosts = g_array_new(FALSE, FALSE, sizeof(struct host))};
}

void
selection_clear(struct selection *selection)
{
    g_array_free(selection->ports, TRUE);
    g_array_free(selection->hosts, TRUE);
}

/* Takes a port; false if it is none. */
bool
selection_add_port(struct selection *selection, const char *text)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, UINT16_MAX, &number, NULL))
        return false;
    const uint16_t port = (uint16_t)number;
    g_array_append_val(selection->ports, port);
    return true;
}

/* Takes an address; false if it is none. */
bool
selection_add_host(struct selection *selection, const char *text)
{
    ws_in4_addr ipv4;
    ws_in6_addr ipv6;
    struct host host = {0};
    if (ws_inet_pton4(text, &ipv4)) {
        host.size = 4;
        memcpy(host.octets, &ipv4, 4);
    } else if (ws_inet_pton6(text, &ipv6)) {
        host.size = 16;
        memcpy(host.octets, &ipv6, 16);
    } else {
        return false;
    }
    g_array_append_val(selection->hosts, host);
    return true;
}

static bool
has_port(const struct selection *selection, const struct ends *ends)
{
    for (guint i = 0; i < selection->ports->len; i++) {
        const uint16_t port = g_array_index(selection->ports, uint16_t, i);
        if (port == ends->port[0] || port == ends->port[1])
            return true;
    }
    return selection->ports->len == 0;
}

static bool
has_host(const struct selection *selection, const struct ends *ends)
{
    for (guint i = 0; i < selection->hosts->len; i++) {
        const struct host *host = &g_array_index(selection->hosts, struct host, i);
        if (host->size == ends->address_size &&
            (memcmp(host->octets, ends->address[0], host->size) == 0 ||
             memcmp(host->octets, ends->address[1], host->size) == 0))
            return true;
    }
    return selection->hosts->len == 0;
}

/* Whether an end waits for the other one's FIN, or for the acknowledgement of its own, too long. */
static bool
is_stuck(const struct tcpstate_row *row)
{
    return tcpstate_row_has(row, TCPSTATE_EVENT_stuck_close_wait) ||
           tcpstate_row_has(row, TCPSTATE_EVENT_stuck_fin_wait_2) ||
           tcpstate_row_has(row, TCPSTATE_EVENT_stuck_fin_unacked);
}

static bool
is_unanswered(const struct tcpstate_row *row)
{
    return strcmp(row->cell[TCPSTATE_COLUMN_open].text,
                  tcpstate_open_name(TCPSTATE_OPEN_UNANSWERED)) == 0;
}

/* Whether a RST ended it, or its SYN was refused. */
static bool
is_reset(const struct tcpstate_row *row)
{
    return strcmp(row->cell[TCPSTATE_COLUMN_stage].text,
                  tcpstate_stage_name(TCPSTATE_STAGE_ABORTED)) == 0;
}

/* Whether a connection is to be printed. */
bool
selection_takes(const struct selection *selection, const struct tcpstate_row *row,
                const struct ends *ends)
{
    if (!has_port(selection, ends) || !has_host(selection, ends))
        return false;
    if (!selection->stuck && !selection->reset && !selection->unanswered && !selection->alerts)
        return true;
    return (selection->stuck && is_stuck(row)) || (selection->reset && is_reset(row)) ||
           (selection->unanswered && is_unanswered(row)) ||
           (selection->alerts && row->cell[TCPSTATE_COLUMN_alerts].count > 0);
}
