/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of connections, as tshark -z tcpstate,connections prints it.
 */
#include "write.h"

#include <string.h>

#define LEFT true
#define RIGHT false

enum table_column {
#define TABLE(id, heading, type, conversion, align, column) TABLE_##id,
#include "table.def"
#undef TABLE
    TABLE_COUNT
};

_Static_assert(TABLE_COUNT == WRITE_TABLE_COLUMNS, "a writer knows the width of each");

static const struct {
    const char *heading;
    bool left;
    enum tcpstate_column column; /* that it shows, if it shows one as it is */
} columns[TABLE_COUNT] = {
#define TABLE(id, heading, type, conversion, align, column)                                        \
    [TABLE_##id] = {heading, align, TCPSTATE_COLUMN_##column},
#include "table.def"
#undef TABLE
};

static void
put_endpoint(const struct tcpstate_row *row, enum tcpstate_column address,
             enum tcpstate_column port, GString *text)
{
    const char *name = row->cell[address].known ? row->cell[address].text : "";
    g_string_append_printf(text, strchr(name, ':') ? "[%s]:%u" : "%s:%u", name,
                           (unsigned)row->cell[port].count);
}

static void
put_cell(const struct tcpstate_row *row, enum table_column column, GString *text)
{
    if (column == TABLE_CLIENT)
        put_endpoint(row, TCPSTATE_COLUMN_client_address, TCPSTATE_COLUMN_client_port, text);
    else if (column == TABLE_SERVER)
        put_endpoint(row, TCPSTATE_COLUMN_server_address, TCPSTATE_COLUMN_server_port, text);
    else if (column == TABLE_DURATION)
        g_string_append_printf(text, "%.6f",
                               (double)row->cell[TCPSTATE_COLUMN_duration].time / 1e9);
    else
        print_cell(row, columns[column].column, PRINT_EPOCH, text);
    if (text->len == 0)
        g_string_append_c(text, '-');
}

/* A table whose columns are as wide as their headings. */
void
table_begin(struct writer *writer)
{
    for (int column = 0; column < TABLE_COUNT; column++)
        writer->width[column] = (int)strlen(columns[column].heading);
}

void
table_measure(struct writer *writer, const struct tcpstate_row *row)
{
    GString *text = g_string_new(NULL);
    for (int column = 0; column < TABLE_COUNT; column++) {
        g_string_truncate(text, 0);
        put_cell(row, (enum table_column)column, text);
        writer->width[column] = MAX(writer->width[column], (int)text->len);
    }
    g_string_free(text, TRUE);
}

static void
put_padded(const struct writer *writer, int column, const char *cell)
{
    const int width = columns[column].left ? -writer->width[column] : writer->width[column];
    g_string_append_printf(writer->text, "%*s%s", width, cell,
                           column + 1 < TABLE_COUNT ? " |" : "\n");
}

void
table_head(const struct writer *writer)
{
    for (int column = 0; column < TABLE_COUNT; column++)
        put_padded(writer, column, columns[column].heading);
}

void
table_row(const struct writer *writer, const struct tcpstate_row *row)
{
    GString *text = g_string_new(NULL);
    for (int column = 0; column < TABLE_COUNT; column++) {
        g_string_truncate(text, 0);
        put_cell(row, (enum table_column)column, text);
        put_padded(writer, column, text->str);
    }
    g_string_free(text, TRUE);
}
