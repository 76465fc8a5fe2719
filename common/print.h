/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection's row as text.
 */
#ifndef TCPSTATE_PRINT_H
#define TCPSTATE_PRINT_H

#include "row.h"

#include <glib.h>

/* How a moment is written. */
enum print_time { PRINT_RFC3339, PRINT_EPOCH };

void print_cell(const struct tcpstate_row *row, enum tcpstate_column column, enum print_time time,
                GString *text);
void print_seconds(int64_t nanoseconds, GString *text);
void print_json(const struct tcpstate_row *row, enum print_time time, GString *text);

#endif
