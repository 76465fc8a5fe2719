/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints rows in the formats that there are.
 */
#include "write.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {[FORMAT_TABLE] = "table",
                                    [FORMAT_JSON] = "json",
                                    [FORMAT_CSV] = "csv",
                                    [FORMAT_TSV] = "tsv",
                                    [FORMAT_ZEEK] = "zeek"};

/* The format of that name; false if there is none. */
bool
format_of(const char *name, enum format *format)
{
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

static void
send(GString *text)
{
    fwrite(text->str, 1, text->len, stdout);
    g_string_truncate(text, 0);
}

/* The names of the columns, apart from each other. */
static void
put_names(char between, GString *text)
{
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++) {
        if (column)
            g_string_append_c(text, between);
        g_string_append(text, tcpstate_column_name((enum tcpstate_column)column));
    }
    g_string_append_c(text, '\n');
}

/* No value holds a tab or a quotation mark; the story alone has commas, and so quotation marks in
 * CSV.
 */
static void
put_values(const struct tcpstate_row *row, enum print_time time, char between, GString *text)
{
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++) {
        if (column)
            g_string_append_c(text, between);
        const bool quoted = between == ',' && column == TCPSTATE_COLUMN_story;
        if (quoted)
            g_string_append_c(text, '"');
        print_cell(row, (enum tcpstate_column)column, time, text);
        if (quoted)
            g_string_append_c(text, '"');
    }
    g_string_append_c(text, '\n');
}

/* Must be called before any other of this writer; format, time and flush are the caller's to set.
 */
void
writer_begin(struct writer *writer)
{
    writer->text = g_string_new(NULL);
    table_begin(writer);
}

/* Makes the table's columns as wide as this row needs. */
void
writer_measure(struct writer *writer, const struct tcpstate_row *row)
{
    if (writer->format == FORMAT_TABLE)
        table_measure(writer, row);
}

static void
put_head(struct writer *writer)
{
    switch (writer->format) {
    case FORMAT_TABLE:
        table_head(writer);
        break;
    case FORMAT_CSV:
        put_names(',', writer->text);
        break;
    case FORMAT_TSV:
        put_names('\t', writer->text);
        break;
    case FORMAT_ZEEK:
        zeek_head(writer->text);
        break;
    case FORMAT_JSON:
        break;
    }
}

/* Prints a row, and what stands above the first. */
void
writer_row(struct writer *writer, const struct tcpstate_row *row)
{
    if (writer->rows++ == 0)
        put_head(writer);
    switch (writer->format) {
    case FORMAT_TABLE:
        table_row(writer, row);
        break;
    case FORMAT_JSON:
        print_json(row, writer->time, writer->text);
        break;
    case FORMAT_CSV:
        put_values(row, writer->time, ',', writer->text);
        break;
    case FORMAT_TSV:
        put_values(row, writer->time, '\t', writer->text);
        break;
    case FORMAT_ZEEK:
        zeek_row(row, writer->text);
        break;
    }
    send(writer->text);
    if (writer->flush)
        fflush(stdout);
}

/* Prints what stands below the last row; of no rows, what stands above them too. A table of nothing
 * is nothing. False if not all of it could be written, which is said. */
bool
writer_end(struct writer *writer)
{
    if (writer->rows == 0 && writer->format != FORMAT_TABLE)
        put_head(writer);
    if (writer->format == FORMAT_ZEEK)
        zeek_end(writer->text);
    send(writer->text);
    g_string_free(writer->text, TRUE);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    g_printerr("tcpstate: standard output: %s\n", g_strerror(errno));
    return false;
}
