/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Prints rows in the formats that there are.
 */
#ifndef TCPSTATE_WRITE_H
#define TCPSTATE_WRITE_H

#include "print.h"
#include "ends.h"

#define WRITE_TABLE_COLUMNS 14

enum format { FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV, FORMAT_TSV, FORMAT_ZEEK };

struct writer {
    enum format format;
    enum print_time time;
    bool flush;                     /* after each row */
    uint64_t rows;                  /* written so far */
    int width[WRITE_TABLE_COLUMNS]; /* of the table's columns, in characters */
    GString *text;
};

bool format_of(const char *name, enum format *format);
void writer_begin(struct writer *writer);
void writer_measure(struct writer *writer, const struct tcpstate_row *row);
void writer_row(struct writer *writer, const struct tcpstate_row *row);
bool writer_end(struct writer *writer);

/* table.c, zeek.c */
void table_begin(struct writer *writer);
void table_measure(struct writer *writer, const struct tcpstate_row *row);
void table_head(const struct writer *writer);
void table_row(const struct writer *writer, const struct tcpstate_row *row);
void zeek_head(GString *text);
void zeek_row(const struct tcpstate_row *row, GString *text);
void zeek_end(GString *text);

#endif
