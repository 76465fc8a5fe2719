/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which events there were: how often, on how many connections, and where first. Behind
 * "tshark -z tcpstate,events" and in Wireshark's Statistics menu.
 */
#include "render.h"
#include "taps.h"

#include <epan/stat_tap_ui.h>

enum column { COLUMN_EVENT, COLUMN_SEVERITY, COLUMN_COUNT_OF, COLUMN_CONNECTIONS, COLUMN_FIRST };
#define COLUMNS (COLUMN_FIRST + 1)

/* Headings are as wide as the cells, because tshark prints both as they are given. */
static stat_tap_table_item columns[COLUMNS] = {
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Event                   ", "%-24s"},
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "Severity", "%-8s"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "   Count", "%8u"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Connections", "%11u"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "First frame", "%11u"},
};

/* One table, as Wireshark's interface has one per process; each capture, each filter refills it. */
static stat_tap_table *table;
/* By event: its row + 1, 0 = none yet; and the connections that had it, by index, for the life of
 * the capture: Wireshark resets its statistics before it reads the next. */
static guint row_of[TCPSTATE_EVENT_COUNT];
static wmem_map_t *concerned[TCPSTATE_EVENT_COUNT];

static stat_tap_table_item_type *
begin_row(const struct tcpstate_occurrence *occurrence, uint32_t frame)
{
    static const char *const severities[] = {"chat", "note", "warning", "error"};
    const enum tcpstate_event event = (enum tcpstate_event)occurrence->event;
    const guint row = table->num_elements;
    stat_tap_table_item_type cells[COLUMNS] = {{.type = TABLE_ITEM_NONE}};
    for (int column = 0; column < COLUMNS; column++)
        cells[column].type = columns[column].type;
    cells[COLUMN_EVENT].value.string_value = tcpstate_event_slug(event);
    cells[COLUMN_SEVERITY].value.string_value = severities[tcpstate_event_severity(event)];
    cells[COLUMN_FIRST].value.uint_value = frame;
    stat_tap_init_table_row(table, row, COLUMNS, cells);
    row_of[event] = row + 1;
    concerned[event] = wmem_map_new(wmem_file_scope(), g_direct_hash, g_direct_equal);
    return table->elements[row];
}

static void
count_event(const struct tcpstate_occurrence *occurrence, const struct sighting *sighting)
{
    const guint row = row_of[occurrence->event];
    stat_tap_table_item_type *cells =
        row ? table->elements[row - 1] : begin_row(occurrence, sighting->frame);
    const uint32_t index = tcpstate_connection_index(core_of(sighting->entry.connection));
    cells[COLUMN_COUNT_OF].value.uint_value++;
    wmem_map_insert(concerned[occurrence->event], GUINT_TO_POINTER(index), NULL);
    cells[COLUMN_CONNECTIONS].value.uint_value = wmem_map_size(concerned[occurrence->event]);
}

static tap_packet_status
see_segment(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *record,
            tap_flags_t flags _U_)
{
    const struct sighting *sighting = (const struct sighting *)record;
    struct tcpstate_occurrence events[RENDER_MAX_EVENTS];
    const size_t count = render_events(sighting, events);
    for (size_t i = 0; i < count; i++)
        count_event(&events[i], sighting);
    return count ? TAP_PACKET_REDRAW : TAP_PACKET_DONT_REDRAW;
}

static void
forget(void)
{
    for (int event = 0; event < TCPSTATE_EVENT_COUNT; event++) {
        row_of[event] = 0;
        concerned[event] = NULL;
    }
}

static void
reset_table(stat_tap_table *of)
{
    for (guint row = 0; row < of->num_elements; row++)
        g_free(of->elements[row]);
    of->num_elements = 0;
    forget();
}

/* The table's window was closed: Wireshark frees the table, cell by cell. */
static void
release_cell(stat_tap_table *of _U_, guint row _U_, guint column _U_,
             stat_tap_table_item_type *cell _U_)
{
    forget();
}

static void
begin_statistic(stat_tap_table_ui *ui)
{
    table = stat_tap_find_table(ui, "");
    if (table) {
        reset_table(table);
        return;
    }
    forget();
    table = stat_tap_init_table("", COLUMNS, 0, NULL);
    stat_tap_add_table(ui, table);
}

/* Registers the statistic. Called once, at start-up. */
void
tap_events_register(void)
{
    static stat_tap_table_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "TCP State: Events",
        .tap_name = TCPSTATE_TAP,
        .cli_string = "tcpstate,events",
        .stat_tap_init_cb = begin_statistic,
        .packet_func = see_segment,
        .stat_tap_reset_table_cb = reset_table,
        .stat_tap_free_table_item_cb = release_cell,
        .nfields = COLUMNS,
        .fields = columns,
    };
    register_stat_tap_table_ui(&ui);
}
