/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many endpoints are in each state when the capture ends. Behind "tshark -z tcpstate,census"
 * and in Wireshark's Statistics menu.
 */
#include "prefs.h"
#include "taps.h"

#include <epan/stat_tap_ui.h>

enum column { COLUMN_PHASE, COLUMN_CLIENTS, COLUMN_SERVERS, COLUMN_ENDPOINTS, COLUMN_COUNT };

/* Headings are as wide as the cells, because tshark prints both as they are given. */
static stat_tap_table_item columns[COLUMN_COUNT] = {
    {TABLE_ITEM_STRING, TAP_ALIGN_LEFT, "State       ", "%-12s"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, " Clients", "%8u"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, " Servers", "%8u"},
    {TABLE_ITEM_UINT, TAP_ALIGN_RIGHT, "Endpoints", "%9u"},
};

/* What was counted of a connection, so that it can be taken back. */
struct counted {
    uint8_t phase[2]; /* enum tcpstate_phase, by role */
    bool self, valid;
};

static void update_count(const struct connection *connection, uint32_t row, int64_t end);

/* One table, as Wireshark's interface has one per process; each capture, each filter refills it. */
static stat_tap_table *table;
static GArray *counted; /* struct counted, by the follower's row */
static struct follow follow = {.update = update_count};

static void
count(const struct counted *of, int change)
{
    for (int role = TCPSTATE_CLIENT; role <= (of->self ? TCPSTATE_CLIENT : TCPSTATE_SERVER);
         role++) {
        stat_tap_table_item_type *row = table->elements[of->phase[role]];
        row[role == TCPSTATE_CLIENT ? COLUMN_CLIENTS : COLUMN_SERVERS].value.uint_value +=
            (guint)change;
        row[COLUMN_ENDPOINTS].value.uint_value += (guint)change;
    }
}

static void
update_count(const struct connection *connection, uint32_t row, int64_t end)
{
    const struct tcpstate_connection *core = core_of(connection);
    const struct tcpstate_settings *settings = prefs_settings();
    if (row >= counted->len)
        g_array_set_size(counted, row + 1);
    struct counted *of = &g_array_index(counted, struct counted, row);
    if (of->valid)
        count(of, -1);
    of->phase[TCPSTATE_CLIENT] =
        (uint8_t)tcpstate_final_phase(core, TCPSTATE_CLIENT, settings, end);
    of->phase[TCPSTATE_SERVER] =
        (uint8_t)tcpstate_final_phase(core, TCPSTATE_SERVER, settings, end);
    of->self = tcpstate_connection_is_self(core);
    of->valid = true;
    count(of, 1);
}

static tap_packet_status
see_segment(void *data _U_, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *record,
            tap_flags_t flags _U_)
{
    const struct sighting *sighting = (const struct sighting *)record;
    follow_add(&follow, sighting->entry.connection);
    return TAP_PACKET_REDRAW;
}

static void
reset_table(stat_tap_table *of)
{
    for (guint row = 0; row < of->num_elements; row++)
        for (guint column = COLUMN_CLIENTS; column < COLUMN_COUNT; column++)
            of->elements[row][column].value.uint_value = 0;
    g_array_set_size(counted, 0);
    follow_forget(&follow);
}

/* The table's window was closed: Wireshark frees the table, cell by cell, and no segment may be
 * counted in it any more. */
static void
release_cell(stat_tap_table *of _U_, guint row _U_, guint column _U_,
             stat_tap_table_item_type *cell _U_)
{
    g_array_set_size(counted, 0);
    follow_forget(&follow);
}

static void
begin_statistic(stat_tap_table_ui *ui)
{
    table = stat_tap_find_table(ui, "");
    if (table) {
        reset_table(table);
        return;
    }
    table = stat_tap_init_table("", COLUMN_COUNT, 0, NULL);
    stat_tap_add_table(ui, table);
    for (guint phase = 0; phase < TCPSTATE_PHASE_COUNT; phase++) {
        stat_tap_table_item_type cells[COLUMN_COUNT] = {{.type = TABLE_ITEM_NONE}};
        for (int column = 0; column < COLUMN_COUNT; column++)
            cells[column].type = columns[column].type;
        cells[COLUMN_PHASE].value.string_value = tcpstate_phase_name((enum tcpstate_phase)phase);
        stat_tap_init_table_row(table, phase, COLUMN_COUNT, cells);
    }
    reset_table(table);
}

/* Registers the statistic. Called once, at start-up; returns what keeps its rows. */
struct follow *
tap_census_register(void)
{
    static stat_tap_table_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "TCP State: Census",
        .tap_name = TCPSTATE_TAP,
        .cli_string = "tcpstate,census",
        .stat_tap_init_cb = begin_statistic,
        .packet_func = see_segment,
        .stat_tap_reset_table_cb = reset_table,
        .stat_tap_free_table_item_cb = release_cell,
        .nfields = COLUMN_COUNT,
        .fields = columns,
    };
    counted = g_array_new(FALSE, TRUE, sizeof(struct counted));
    register_stat_tap_table_ui(&ui);
    return &follow;
}
