/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ladder diagram with states, behind "tshark -z flow,tcpstate,standard" and in Wireshark's
 * Statistics > Flow Graph.
 *
 * Limitations: Wireshark draws no more than NODES_MAX ends; segments of connections beyond that are
 * left out, and the last one drawn says so.
 */
#include "fields.h"
#include "pairs.h"
#include "render.h"
#include "taps.h"

#define NODES_MAX 40

/* Per diagram (a pointer to Wireshark's own description of it), the set of the names of its ends.
 * A set is emptied when its diagram is begun anew. */
static GHashTable *diagrams;

/* The name of one end of the arrow. A string, not an address: it has the port and the role in it,
 * which keeps the two ends of a connection over the loopback apart, and even the sending and the
 * receiving half of a self-connection. The caller frees it. */
static char *
node_name(const struct connection *connection, enum tcpstate_role role)
{
    char *endpoint = pairs_endpoint_text(NULL, connection, role);
    const char *who = tcpstate_role_name(role);
    if (tcpstate_connection_is_self(core_of(connection)))
        who = role == TCPSTATE_CLIENT ? "self" : "itself";
    char *name = g_strdup_printf("%s %s", who, endpoint);
    g_free(endpoint);
    return name;
}

static GHashTable *
nodes_of(seq_analysis_info_t *graph)
{
    GHashTable *nodes = (GHashTable *)g_hash_table_lookup(diagrams, graph);
    if (!nodes) {
        nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_hash_table_insert(diagrams, graph, nodes);
    }
    if (g_queue_is_empty(graph->items))
        g_hash_table_remove_all(nodes);
    return nodes;
}

/* Whether the diagram has, or can take, both ends of an arrow; if so, it has them now. */
static bool
take_nodes(seq_analysis_info_t *graph, const char *from, const char *to)
{
    GHashTable *nodes = nodes_of(graph);
    guint fresh = !g_hash_table_contains(nodes, from) + !g_hash_table_contains(nodes, to);
    if (g_hash_table_size(nodes) + fresh > NODES_MAX)
        return false;
    g_hash_table_add(nodes, g_strdup(from));
    g_hash_table_add(nodes, g_strdup(to));
    return true;
}

static void
say_incomplete(seq_analysis_info_t *graph)
{
    static const char note[] = " (too many ends to draw them all: filter by tcpstate.connection)";
    seq_analysis_item_t *last = (seq_analysis_item_t *)g_queue_peek_tail(graph->items);
    if (!last || g_str_has_suffix(last->comment, note))
        return;
    char *comment = g_strconcat(last->comment, note, NULL);
    g_free(last->comment);
    last->comment = comment;
}

static void
set_node(address *node, const char *name)
{
    free_address(node);
    alloc_address_wmem(NULL, node, AT_STRINGZ, (int)strlen(name) + 1, name);
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

static void
add_arrow(seq_analysis_info_t *graph, packet_info *pinfo, const struct sighting *sighting,
          const char *from, const char *to)
{
    const struct connection *connection = sighting->entry.connection;
    const struct tcpstate_connection *core = core_of(connection);
    bool by_server = sighting->sender == TCPSTATE_SERVER;
    unsigned client_side = tcpstate_connection_side(core, TCPSTATE_CLIENT);
    seq_analysis_item_t *item = sequence_analysis_create_sai_with_addresses(pinfo, graph);
    if (!item)
        return;
    item->frame_number = sighting->frame;
    sequence_analysis_use_color_filter(pinfo, item);
    set_node(&item->src_addr, from);
    set_node(&item->dst_addr, to);
    item->port_src = connection->key->port[client_side ^ by_server];
    item->port_dst = connection->key->port[client_side ^ !by_server];
    item->frame_label = label_of(sighting);
    item->comment = g_strdup(render_summary(pinfo->pool, sighting));
    item->conv_num = (guint16)tcpstate_connection_index(core);
    item->line_style = sighting->changes ? 2 : 1;
    item->display = TRUE;
    g_queue_push_tail(graph->items, item);
}

static tap_packet_status
see_segment(void *data, packet_info *pinfo, epan_dissect_t *edt _U_, const void *record,
            tap_flags_t flags _U_)
{
    seq_analysis_info_t *graph = (seq_analysis_info_t *)data;
    const struct sighting *sighting = (const struct sighting *)record;
    const struct connection *connection = sighting->entry.connection;
    bool by_server = sighting->sender == TCPSTATE_SERVER;
    char *from = node_name(connection, by_server ? TCPSTATE_SERVER : TCPSTATE_CLIENT);
    char *to = node_name(connection, by_server ? TCPSTATE_CLIENT : TCPSTATE_SERVER);
    if (take_nodes(graph, from, to))
        add_arrow(graph, pinfo, sighting, from, to);
    else
        say_incomplete(graph);
    g_free(from);
    g_free(to);
    return TAP_PACKET_REDRAW;
}

/* Registers the diagram. Called once, at start-up. */
void
tap_flow_register(void)
{
    diagrams = g_hash_table_new(NULL, NULL);
    register_seq_analysis("tcpstate", "TCP States", proto_tcpstate, TCPSTATE_TAP, 0, see_segment);
}
