/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection's row as text: its cells, and the whole as JSON.
 */
#include "print.h"

#include <time.h>

#include <wsutil/json_dumper.h>

#define SECOND INT64_C(1000000000)

/* Appends a length of time, or a moment since the epoch, as seconds: all digits that it has. */
void
print_seconds(int64_t nanoseconds, GString *text)
{
    const uint64_t size = nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds;
    char digits[9];
    int count = 9;
    uint64_t rest = size % SECOND;
    for (int i = 8; i >= 0; i--, rest /= 10)
        digits[i] = (char)('0' + rest % 10);
    while (count > 1 && digits[count - 1] == '0')
        count--;
    g_string_append_printf(text, "%s%" G_GUINT64_FORMAT ".", nanoseconds < 0 ? "-" : "",
                           size / SECOND);
    g_string_append_len(text, digits, count);
}

/* Appends a moment as RFC 3339 writes it, in UTC. */
static void
print_date(int64_t time, GString *text)
{
    int64_t fraction = time % SECOND;
    if (fraction < 0)
        fraction += SECOND;
    const time_t seconds = (time_t)((time - fraction) / SECOND);
    struct tm parts;
    char date[32];
    if (!gmtime_r(&seconds, &parts) || !strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts))
        return;
    g_string_append_printf(text, "%s.%09" G_GINT64_FORMAT "Z", date, fraction);
}

static void
print_events(const struct tcpstate_row *row, GString *text)
{
    for (size_t i = 0; i < row->event_count; i++) {
        const struct tcpstate_sighted *event = &row->events[i];
        g_string_append_printf(text, "%s%s", i ? " " : "", tcpstate_event_slug(event->event));
        if (event->frame)
            g_string_append_printf(text, "@%u", event->frame);
    }
}

/* Appends a cell; nothing if it is not known. An event is its name, and behind an @ its frame. */
void
print_cell(const struct tcpstate_row *row, enum tcpstate_column column, enum print_time time,
           GString *text)
{
    const struct tcpstate_cell *cell = &row->cell[column];
    if (!cell->known)
        return;
    switch (tcpstate_column_kind(column)) {
    case TCPSTATE_KIND_COUNT:
        g_string_append_printf(text, "%" G_GUINT64_FORMAT, cell->count);
        break;
    case TCPSTATE_KIND_TIME:
        if (time == PRINT_RFC3339)
            print_date(cell->time, text);
        else
            print_seconds(cell->time, text);
        break;
    case TCPSTATE_KIND_SPAN:
        print_seconds(cell->time, text);
        break;
    case TCPSTATE_KIND_TEXT:
        g_string_append(text, cell->text);
        break;
    case TCPSTATE_KIND_EVENTS:
        print_events(row, text);
        break;
    }
}

static void
dump_events(const struct tcpstate_row *row, json_dumper *dumper)
{
    json_dumper_begin_array(dumper);
    for (size_t i = 0; i < row->event_count; i++) {
        const struct tcpstate_sighted *event = &row->events[i];
        json_dumper_begin_object(dumper);
        json_dumper_set_member_name(dumper, "event");
        json_dumper_value_string(dumper, tcpstate_event_slug(event->event));
        json_dumper_set_member_name(dumper, "frame");
        if (event->frame)
            json_dumper_value_anyf(dumper, "%u", event->frame);
        else
            json_dumper_value_anyf(dumper, "null");
        json_dumper_end_object(dumper);
    }
    json_dumper_end_array(dumper);
}

static void
dump_cell(const struct tcpstate_row *row, enum tcpstate_column column, enum print_time time,
          GString *scratch, json_dumper *dumper)
{
    const enum tcpstate_kind kind = tcpstate_column_kind(column);
    json_dumper_set_member_name(dumper, tcpstate_column_name(column));
    if (kind == TCPSTATE_KIND_EVENTS) {
        dump_events(row, dumper);
        return;
    }
    if (!row->cell[column].known) {
        json_dumper_value_anyf(dumper, "null");
        return;
    }
    g_string_truncate(scratch, 0);
    print_cell(row, column, time, scratch);
    if (kind == TCPSTATE_KIND_TEXT || (kind == TCPSTATE_KIND_TIME && time == PRINT_RFC3339))
        json_dumper_value_string(dumper, scratch->str);
    else
        json_dumper_value_anyf(dumper, "%s", scratch->str);
}

/* Appends the row as one JSON object and a line feed. Every column is a member, null if it is not
 * known. */
void
print_json(const struct tcpstate_row *row, enum print_time time, GString *text)
{
    json_dumper dumper = {.output_string = text};
    GString *scratch = g_string_sized_new(64);
    json_dumper_begin_object(&dumper);
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++)
        dump_cell(row, (enum tcpstate_column)column, time, scratch, &dumper);
    json_dumper_end_object(&dumper);
    json_dumper_finish(&dumper);
    g_string_free(scratch, TRUE);
}
