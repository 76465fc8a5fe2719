/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ladder diagram with states, behind "tshark -z flow,tcpstate,standard" and in Wireshark's
 * Statistics > Flow Graph.
 */
#include "fields.h"
#include "pairs.h"
#include "render.h"
#include "taps.h"

/* The name of one end of the arrow. A string, not an address: it has the port and the role in it,
 * which keeps the two ends of a connection over the loopback apart. */
static void
set_node(address *node, const struct connection *connection, enum tcpstate_role role)
{
    enum tcpstate_role shown = connection->core.self ? TCPSTATE_SELF : role;
    char *endpoint = pairs_endpoint_text(NULL, connection, role);
    char *name = g_strdup_printf("%s %s", tcpstate_role_name(shown), endpoint);
    free_address(node);
    alloc_address_wmem(NULL, node, AT_STRINGZ, (int)strlen(name) + 1, name);
    g_free(name);
    g_free(endpoint);
}

static char *
label_of(const struct sighting *sighting)
{
    static const struct {
        uint8_t flag;
        const char *name;
    } flags[] = {{TCPSTATE_SYN, "SYN"}, {TCPSTATE_FIN, "FIN"}, {TCPSTATE_RST, "RST"},
                 {TCPSTATE_PSH, "PSH"}, {TCPSTATE_ACK, "ACK"}, {TCPSTATE_URG, "URG"}};
    GString *label = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++)
        if (sighting->flags & flags[i].flag)
            g_string_append_printf(label, "%s%s", label->len ? ", " : "", flags[i].name);
    if (label->len == 0)
        g_string_append(label, "no flags");
    if (sighting->length > 0)
        g_string_append_printf(label, " Len=%u", sighting->length);
    return g_string_free(label, FALSE);
}

static tap_packet_status
see_segment(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *record,
            tap_flags_t flags _U_)
{
    seq_analysis_info_t *graph = data;
    const struct sighting *sighting = record;
    const struct connection *connection = sighting->entry->connection;
    bool by_server = sighting->sender == TCPSTATE_SERVER;
    seq_analysis_item_t *item = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    if (!item)
        return TAP_PACKET_DONT_REDRAW;
    item->frame_number = sighting->frame;
    sequence_analysis_use_color_filter(pinfo, item);
    set_node(&item->src_addr, connection, by_server ? TCPSTATE_SERVER : TCPSTATE_CLIENT);
    set_node(&item->dst_addr, connection, by_server ? TCPSTATE_CLIENT : TCPSTATE_SERVER);
    item->port_src = connection->key->port[connection->core.client_side ^ by_server];
    item->port_dst = connection->key->port[connection->core.client_side ^ !by_server];
    item->frame_label = label_of(sighting);
    item->comment = g_strdup(render_summary(pinfo->pool, sighting));
    item->conv_num = (guint16)connection->core.index;
    item->line_style = sighting->changes ? 2 : 1;
    item->display = TRUE;
    g_queue_push_tail(graph->items, item);
    return TAP_PACKET_REDRAW;
}

/* Registers the diagram. Called once, at start-up. */
void
tap_flow_register(void)
{
    register_seq_analysis("tcpstate", "TCP States", proto_tcpstate, TCPSTATE_TAP, 0, see_segment);
}
