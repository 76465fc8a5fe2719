/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One row per connection: how it was opened, how closed, by whom, and where it ended. Behind
 * "tshark -z tcpstate,connections" and in Wireshark's Statistics menu.
 */
#include "pairs.h"
#include "prefs.h"
#include "row.h"
#include "taps.h"

#include <epan/stat_tap_ui.h>

#define WIDTH_MAX 64 /* of a column, in characters */

enum column {
#define TABLE(id, title, type, conversion, align, column) COLUMN_##id,
#include "table.def"
#undef TABLE
    COLUMN_COUNT
};

static void update_row(const struct connection *connection, uint32_t row, int64_t end);

/* One table, as Wireshark's interface has one per process; each capture, each filter refills it. */
static stat_tap_table *table;
static struct follow follow = {.update = update_row};

/* tshark prints headings and cells as they are given, so columns line up only if these, pointed to
 * by columns[], grow with the widest cell. */
static struct column_text {
    char heading[WIDTH_MAX + 1], format[16];
    int width;
} text[COLUMN_COUNT];

static stat_tap_table_item columns[COLUMN_COUNT] = {
#define TABLE(id, title, type, conversion, align, column)                                          \
    {TABLE_ITEM_##type, TAP_ALIGN_##align, text[COLUMN_##id].heading, text[COLUMN_##id].format},
#include "table.def"
#undef TABLE
};

static const struct {
    const char *heading, *conversion;
} plain[COLUMN_COUNT] = {
#define TABLE(id, title, type, conversion, align, column) {title, conversion},
#include "table.def"
#undef TABLE
};

static void
set_width(enum column column, int width)
{
    const char *minus = columns[column].align == TAP_ALIGN_LEFT ? "-" : "";
    text[column].width = MIN(width, WIDTH_MAX);
    snprintf(text[column].format, sizeof(text[column].format), "%%%s%d%s", minus,
             text[column].width, plain[column].conversion);
    snprintf(text[column].heading, sizeof(text[column].heading), *minus ? "%-*s" : "%*s",
             text[column].width, plain[column].heading);
}

static void
reset_widths(void)
{
    for (int column = 0; column < COLUMN_COUNT; column++)
        set_width((enum column)column, (int)strlen(plain[column].heading));
}

static stat_tap_table_item_type *
cell_at(uint32_t row, enum column column)
{
    return stat_tap_get_field_data(table, row, column);
}

/* Before the first row with it, a row consists of empty cells of the right types. */
static void
make_row(uint32_t row)
{
    stat_tap_table_item_type cells[COLUMN_COUNT] = {{.type = TABLE_ITEM_NONE}};
    for (int column = 0; column < COLUMN_COUNT; column++)
        cells[column].type = columns[column].type;
    stat_tap_init_table_row(table, row, COLUMN_COUNT, cells);
}

/* Widens a column, if need be, for a text of this length. */
static void
fit(enum column column, int width)
{
    if (width > text[column].width)
        set_width(column, width);
}

static void
put_string(uint32_t row, enum column column, const char *value)
{
    const char *shown = value[0] ? value : "-";
    cell_at(row, column)->value.string_value = shown;
    fit(column, (int)strlen(shown));
}

static void
put_number(uint32_t row, enum column column, uint32_t value)
{
    cell_at(row, column)->value.uint_value = value;
    fit(column, snprintf(NULL, 0, "%u", value));
}

static void
put_duration(uint32_t row, int64_t duration)
{
    double seconds = (double)duration / 1e9;
    cell_at(row, COLUMN_DURATION)->value.float_value = seconds;
    fit(COLUMN_DURATION, snprintf(NULL, 0, "%.6f", seconds));
}

/* Puts a text that becomes the row's own memory, if it differs from the one there. */
static void
put_own(uint32_t row, enum column column, char *value)
{
    char *before = (char *)cell_at(row, column)->value.string_value;
    if (before && strcmp(before, value) == 0) {
        g_free(value);
        return;
    }
    put_string(row, column, value);
    g_free(before);
}

/* What never changes in a row. */
static void
begin_row(const struct connection *connection, uint32_t row)
{
    make_row(row);
    put_number(row, COLUMN_INDEX, tcpstate_connection_index(core_of(connection)));
    put_own(row, COLUMN_CLIENT, pairs_endpoint_text(NULL, connection, TCPSTATE_CLIENT));
    put_own(row, COLUMN_SERVER, pairs_endpoint_text(NULL, connection, TCPSTATE_SERVER));
}

/* A text of the connection's row; what the row does not know is empty. */
static void
put_text(uint32_t row, enum column column, const struct tcpstate_cell *cell)
{
    put_string(row, column, cell->known ? cell->text : "");
}

static void
update_row(const struct connection *connection, uint32_t row, int64_t end)
{
    struct tcpstate_row values;
    const struct tcpstate_cell *cell = values.cell;
    tcpstate_row_make(core_of(connection), NULL, prefs_settings(), end, &values);
    if (row >= table->num_elements)
        begin_row(connection, row);
    put_text(row, COLUMN_OPENED, &cell[TCPSTATE_COLUMN_open]);
    put_text(row, COLUMN_CLOSED, &cell[TCPSTATE_COLUMN_close]);
    put_text(row, COLUMN_CLOSER, &cell[TCPSTATE_COLUMN_closer]);
    put_text(row, COLUMN_CLIENT_PHASE, &cell[TCPSTATE_COLUMN_client_phase]);
    put_text(row, COLUMN_SERVER_PHASE, &cell[TCPSTATE_COLUMN_server_phase]);
    put_text(row, COLUMN_CAUSE, &cell[TCPSTATE_COLUMN_reset_cause]);
    put_text(row, COLUMN_CONN_STATE, &cell[TCPSTATE_COLUMN_conn_state]);
    put_own(row, COLUMN_HISTORY, g_strdup(values.history[0] ? values.history : "-"));
    put_duration(row, cell[TCPSTATE_COLUMN_duration].time);
    put_number(row, COLUMN_SEGMENTS, (uint32_t)cell[TCPSTATE_COLUMN_segments].count);
    put_number(row, COLUMN_ALERTS, (uint32_t)cell[TCPSTATE_COLUMN_alerts].count);
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
free_cell(guint column, stat_tap_table_item_type *cell)
{
    if (column == COLUMN_CLIENT || column == COLUMN_SERVER || column == COLUMN_HISTORY) {
        g_free((char *)cell->value.string_value);
        cell->value.string_value = NULL;
    }
}

/* The table's window was closed: Wireshark frees the table, cell by cell, and no segment may be
 * written to it any more. */
static void
release_cell(stat_tap_table *of _U_, guint row _U_, guint column, stat_tap_table_item_type *cell)
{
    free_cell(column, cell);
    follow_forget(&follow);
}

static void
reset_table(stat_tap_table *of)
{
    for (guint row = 0; row < of->num_elements; row++) {
        for (guint column = 0; column < COLUMN_COUNT; column++)
            free_cell(column, &of->elements[row][column]);
        g_free(of->elements[row]);
    }
    of->num_elements = 0;
    follow_forget(&follow);
    reset_widths();
}

static void
begin_statistic(stat_tap_table_ui *ui)
{
    table = stat_tap_find_table(ui, "");
    if (table) {
        reset_table(table);
        return;
    }
    follow_forget(&follow);
    reset_widths();
    table = stat_tap_init_table("", COLUMN_COUNT, 0, NULL);
    stat_tap_add_table(ui, table);
}

/* Registers the statistic. Called once, at start-up; returns what keeps its rows. */
struct follow *
tap_connections_register(void)
{
    static stat_tap_table_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .title = "TCP State: Connections",
        .tap_name = TCPSTATE_TAP,
        .cli_string = "tcpstate,connections",
        .stat_tap_init_cb = begin_statistic,
        .packet_func = see_segment,
        .stat_tap_reset_table_cb = reset_table,
        .stat_tap_free_table_item_cb = release_cell,
        .nfields = COLUMN_COUNT,
        .fields = columns,
    };
    reset_widths();
    register_stat_tap_table_ui(&ui);
    return &follow;
}
