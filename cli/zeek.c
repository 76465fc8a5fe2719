/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows as a conn.log of Zeek: its columns first, those that it does not have after them.
 */
#include "write.h"

#include <string.h>

#define UID_LETTERS 17
#define UNSET "-"

static const char *const zeek_fields[][2] = {
    {"ts", "time"},          {"uid", "string"},          {"id.orig_h", "addr"},
    {"id.orig_p", "port"},   {"id.resp_h", "addr"},      {"id.resp_p", "port"},
    {"proto", "enum"},       {"service", "string"},      {"duration", "interval"},
    {"orig_bytes", "count"}, {"resp_bytes", "count"},    {"conn_state", "string"},
    {"local_orig", "bool"},  {"local_resp", "bool"},     {"missed_bytes", "count"},
    {"history", "string"},   {"orig_pkts", "count"},     {"orig_ip_bytes", "count"},
    {"resp_pkts", "count"},  {"resp_ip_bytes", "count"},
};

static const char *const zeek_types[] = {[TCPSTATE_KIND_COUNT] = "count",
                                         [TCPSTATE_KIND_TIME] = "time",
                                         [TCPSTATE_KIND_SPAN] = "interval",
                                         [TCPSTATE_KIND_TEXT] = "string",
                                         [TCPSTATE_KIND_EVENTS] = "vector[string]"};

/* Whether Zeek's columns hold it already. */
static bool
is_zeeks(enum tcpstate_column column)
{
    for (size_t i = 0; i < G_N_ELEMENTS(zeek_fields); i++)
        if (strcmp(tcpstate_column_name(column), zeek_fields[i][0]) == 0)
            return true;
    return false;
}

static void
put_line(const char *name, size_t part, GString *text)
{
    g_string_append(text, name);
    for (size_t i = 0; i < G_N_ELEMENTS(zeek_fields); i++)
        g_string_append_printf(text, "\t%s", zeek_fields[i][part]);
    for (int i = 0; i < TCPSTATE_COLUMN_COUNT; i++) {
        const enum tcpstate_column column = (enum tcpstate_column)i;
        if (!is_zeeks(column))
            g_string_append_printf(text, "\t%s",
                                   part == 0 ? tcpstate_column_name(column)
                                             : zeek_types[tcpstate_column_kind(column)]);
    }
    g_string_append_c(text, '\n');
}

static void
put_moment(const char *name, GString *text)
{
    GDateTime *now = g_date_time_new_now_utc();
    char *moment = g_date_time_format(now, "%Y-%m-%d-%H-%M-%S");
    g_string_append_printf(text, "#%s\t%s\n", name, moment);
    g_free(moment);
    g_date_time_unref(now);
}

void
zeek_head(GString *text)
{
    g_string_append(text, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n"
                          "#unset_field\t-\n#path\tconn\n");
    put_moment("open", text);
    put_line("#fields", 0, text);
    put_line("#types", 1, text);
}

void
zeek_end(GString *text)
{
    put_moment("close", text);
}

/* A name as Zeek gives one, but the same each time the capture is read. */
static void
put_uid(const struct tcpstate_row *row, GString *text)
{
    static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const struct tcpstate_cell *pair = &row->cell[TCPSTATE_COLUMN_community_id];
    guint8 digest[20];
    gsize size = sizeof(digest);
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    if (pair->known)
        g_checksum_update(sum, (const guchar *)pair->text, -1);
    g_checksum_update(sum, (const guchar *)&row->cell[TCPSTATE_COLUMN_ts].time, sizeof(int64_t));
    g_checksum_get_digest(sum, digest, &size);
    g_checksum_free(sum);
    g_string_append_c(text, 'C');
    for (int i = 0; i < UID_LETTERS; i++)
        g_string_append_c(text, letters[digest[i] % (sizeof(letters) - 1)]);
}

/* A column of ours as one of Zeek's, behind a tab. */
static void
put(const struct tcpstate_row *row, enum tcpstate_column column, GString *text)
{
    g_string_append_c(text, '\t');
    if (tcpstate_column_kind(column) == TCPSTATE_KIND_EVENTS && row->event_count == 0) {
        g_string_append(text, "(empty)");
        return;
    }
    const gsize begin = text->len;
    print_cell(row, column, PRINT_EPOCH, text);
    if (text->len == begin)
        g_string_append(text, UNSET);
    for (gsize i = begin; i < text->len; i++)
        if (text->str[i] == ' ')
            text->str[i] = ',';
}

static void
put_ends(const struct tcpstate_row *row, bool client, GString *text)
{
    put(row, client ? TCPSTATE_COLUMN_client_address : TCPSTATE_COLUMN_server_address, text);
    put(row, client ? TCPSTATE_COLUMN_client_port : TCPSTATE_COLUMN_server_port, text);
}

/* Zeek gives no duration where nothing came after the first packet. */
static void
put_duration(const struct tcpstate_row *row, GString *text)
{
    if (row->cell[TCPSTATE_COLUMN_segments].count > 1)
        put(row, TCPSTATE_COLUMN_duration, text);
    else
        g_string_append(text, "\t" UNSET);
}

static void
put_octets(const struct tcpstate_row *row, bool client, GString *text)
{
    put(row, client ? TCPSTATE_COLUMN_client_sent_octets : TCPSTATE_COLUMN_server_sent_octets,
        text);
}

static void
put_segments(const struct tcpstate_row *row, bool client, GString *text)
{
    put(row, client ? TCPSTATE_COLUMN_client_sent_segments : TCPSTATE_COLUMN_server_sent_segments,
        text);
    g_string_append(text, "\t" UNSET);
}

void
zeek_row(const struct tcpstate_row *row, GString *text)
{
    const bool client = strcmp(row->cell[TCPSTATE_COLUMN_originator].text, "client") == 0;
    print_cell(row, TCPSTATE_COLUMN_ts, PRINT_EPOCH, text);
    g_string_append_c(text, '\t');
    put_uid(row, text);
    put_ends(row, client, text);
    put_ends(row, !client, text);
    g_string_append(text, "\ttcp\t" UNSET);
    put_duration(row, text);
    put_octets(row, client, text);
    put_octets(row, !client, text);
    put(row, TCPSTATE_COLUMN_conn_state, text);
    g_string_append(text, "\t" UNSET "\t" UNSET "\t" UNSET);
    put(row, TCPSTATE_COLUMN_history, text);
    put_segments(row, client, text);
    put_segments(row, !client, text);
    for (int column = 0; column < TCPSTATE_COLUMN_COUNT; column++)
        if (!is_zeeks((enum tcpstate_column)column))
            put(row, (enum tcpstate_column)column, text);
    g_string_append_c(text, '\n');
}
