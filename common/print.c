/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection's row as text: its cells, and the whole as JSON.
 */
#include "print.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

/* Writes a number's digits before the end: a row has thirty numbers, and printf() would take longer
 * than all the rest of it. Returns where they begin. At least so many, with zeros in front. */
static char *
put_digits(uint64_t number, int least, char *end)
{
    for (; number > 0 || least > 0; number /= 10, least--)
        *--end = (char)('0' + number % 10);
    return end;
}

static void
print_number(uint64_t number, int least, GString *text)
{
    char digits[20];
    char *const end = digits + sizeof(digits);
    const char *first = put_digits(number, least, end);
    g_string_append_len(text, first, end - first);
}

/* Appends a length of time, or a moment since the epoch, as seconds: all digits that it has. */
void
print_seconds(int64_t nanoseconds, GString *text)
{
    const uint64_t size = nanoseconds < 0 ? -(uint64_t)nanoseconds : (uint64_t)nanoseconds;
    char digits[32];
    char *end = digits + sizeof(digits);
    char *first = put_digits(size % SECOND, 9, end);
    *--first = '.';
    first = put_digits(size / SECOND, 1, first);
    if (nanoseconds < 0)
        *--first = '-';
    while (end[-1] == '0' && end[-2] != '.')
        end--;
    g_string_append_len(text, first, end - first);
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
    if (!gmtime_r(&seconds, &parts))
        return;
    const struct {
        int number, digits;
        char before;
    } fields[] = {{parts.tm_mon + 1, 2, '-'}, {parts.tm_mday, 2, '-'}, {parts.tm_hour, 2, 'T'},
                  {parts.tm_min, 2, ':'},     {parts.tm_sec, 2, ':'},  {(int)fraction, 9, '.'}};
    print_number((uint64_t)parts.tm_year + 1900, 4, text);
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_string_append_c(text, fields[i].before);
        print_number((uint64_t)fields[i].number, fields[i].digits, text);
    }
    g_string_append_c(text, 'Z');
}

static void
print_events(const struct tcpstate_row *row, GString *text)
{
    for (size_t i = 0; i < row->event_count; i++) {
        const struct tcpstate_sighted *event = &row->events[i];
        if (i)
            g_string_append_c(text, ' ');
        g_string_append(text, tcpstate_event_slug((enum tcpstate_event)event->event));
        if (event->frame) {
            g_string_append_c(text, '@');
            print_number(event->frame, 1, text);
        }
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
        print_number(cell->count, 1, text);
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
put_frame(uint32_t frame, GString *text)
{
    if (frame)
        print_number(frame, 1, text);
    else
        g_string_append(text, "null");
}

static void
put_events(const struct tcpstate_row *row, GString *text)
{
    g_string_append_c(text, '[');
    for (size_t i = 0; i < row->event_count; i++) {
        const struct tcpstate_sighted *event = &row->events[i];
        g_string_append(text, i ? ",{\"event\":\"" : "{\"event\":\"");
        g_string_append(text, tcpstate_event_slug((enum tcpstate_event)event->event));
        g_string_append(text, "\",\"frame\":");
        put_frame(event->frame, text);
        g_string_append(text, ",\"count\":");
        print_number(event->count, 1, text);
        g_string_append(text, ",\"last_frame\":");
        put_frame(event->last_frame, text);
        g_string_append_c(text, '}');
    }
    g_string_append_c(text, ']');
}

static void
put_member(const struct tcpstate_row *row, enum tcpstate_column column, enum print_time time,
           GString *text)
{
    const enum tcpstate_kind kind = tcpstate_column_kind(column);
    const bool quoted =
        kind == TCPSTATE_KIND_TEXT || (kind == TCPSTATE_KIND_TIME && time == PRINT_RFC3339);
    g_string_append_c(text, '"');
    g_string_append(text, tcpstate_column_name(column));
    g_string_append(text, "\":");
    if (kind == TCPSTATE_KIND_EVENTS) {
        put_events(row, text);
        return;
    }
    if (!row->cell[column].known) {
        g_string_append(text, "null");
        return;
    }
    if (quoted)
        g_string_append_c(text, '"');
    print_cell(row, column, time, text);
    if (quoted)
        g_string_append_c(text, '"');
}

/* Appends the row as one JSON object and a line feed. Every column is a member, null if it is not
 * known. No text of a row has a character that JSON would have escaped, which spares a third of the
 * time that Wireshark's json_dumper takes for a whole capture. */
void
print_json(const struct tcpstate_row *row, enum print_time time, GString *text)
{
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++) {
        g_string_append_c(text, column ? ',' : '{');
        put_member(row, (enum tcpstate_column)column, time, text);
    }
    g_string_append(text, "}\n");
}
