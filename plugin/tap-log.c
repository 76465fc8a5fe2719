/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One JSON object per connection, the rows that the command tcpstate prints. Behind
 * "tshark -z tcpstate,log[,FILTER]": a connection is printed if the filter takes a packet of it,
 * and its values are those of the whole connection.
 */
#include "ends.h"
#include "prefs.h"
#include "print.h"
#include "taps.h"

#include <epan/stat_tap_ui.h>
#include <wsutil/report_message.h>

#define COMMAND "tcpstate,log"

/* Which connections a log prints. */
struct log {
    GPtrArray *listed; /* struct connection, by index; NULL = not in it */
};

/* The tallies of the capture's connections, by index, kept while there is a log; and how many logs
 * there are, which are made at start-up and stay. */
static GArray *tallies;
static GPtrArray *logs;

/* A segment was judged: counts it. */
void
tap_log_segment(const struct tcpstate_record *record, const struct extracted *found)
{
    if (!logs)
        return;
    const uint32_t index = tcpstate_connection_index(record->connection);
    if (index >= tallies->len)
        g_array_set_size(tallies, index + 1);
    struct tcpstate_tally *tally = &g_array_index(tallies, struct tcpstate_tally, index);
    if (found->unreachable)
        tcpstate_tally_refusal(tally, &found->segment, record);
    else
        tcpstate_tally_segment(tally, &found->segment, record);
}

static void
reset_log(void *data)
{
    struct log *log = (struct log *)data;
    g_ptr_array_set_size(log->listed, 0);
}

/* The capture is closed, or dissected anew: its connections are gone. */
void
tap_log_forget(void)
{
    if (!logs)
        return;
    g_array_set_size(tallies, 0);
    g_ptr_array_foreach(logs, (GFunc)(void (*)(void))reset_log, NULL);
}

static tap_packet_status
see_segment(void *data, packet_info *pinfo _U_, epan_dissect_t *edt _U_, const void *record,
            tap_flags_t flags _U_)
{
    struct log *log = (struct log *)data;
    const struct sighting *sighting = (const struct sighting *)record;
    const struct connection *connection = sighting->entry.connection;
    const uint32_t index = tcpstate_connection_index(core_of(connection));
    if (index >= log->listed->len)
        g_ptr_array_set_size(log->listed, (int)index + 1);
    g_ptr_array_index(log->listed, index) = (void *)connection;
    return TAP_PACKET_REDRAW;
}

static struct ends
ends_of(const struct connection *connection)
{
    const struct pair_key *key = connection->key;
    struct ends ends = {.address_size = key->address_size, .vlan = key->vlan};
    for (int role = TCPSTATE_CLIENT; role <= TCPSTATE_SERVER; role++) {
        const unsigned side =
            tcpstate_connection_side(core_of(connection), (enum tcpstate_role)role);
        ends.address[role] = pair_key_address(key, side);
        ends.port[role] = key->port[side];
    }
    return ends;
}

static void
print_row(const struct connection *connection, GString *text)
{
    const struct tcpstate_connection *core = core_of(connection);
    const uint32_t index = tcpstate_connection_index(core);
    const struct ends ends = ends_of(connection);
    struct tcpstate_row row;
    struct ends_text memory;
    tcpstate_row_make(core, &g_array_index(tallies, struct tcpstate_tally, index), prefs_settings(),
                      timeline_end(), &row);
    ends_put(&ends, &row, &memory);
    g_string_truncate(text, 0);
    print_json(&row, PRINT_RFC3339, text);
    fwrite(text->str, 1, text->len, stdout);
}

static void
print_log(void *data)
{
    const struct log *log = (const struct log *)data;
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < log->listed->len; i++) {
        const struct connection *connection =
            (const struct connection *)g_ptr_array_index(log->listed, i);
        if (connection)
            print_row(connection, text);
    }
    g_string_free(text, TRUE);
}

/* Takes what stands behind -z: the statistic's name, and perhaps a comma and a display filter. */
static ws_begun
begin_statistic(const char *argument, void *data _U_)
{
    const char *filter = argument + strlen(COMMAND);
    struct log *log = g_new0(struct log, 1);
    log->listed = g_ptr_array_new();
    if (!logs) {
        logs = g_ptr_array_new();
        tallies = g_array_new(FALSE, TRUE, sizeof(struct tcpstate_tally));
    }
    g_ptr_array_add(logs, log);
    GString *error = register_tap_listener(TCPSTATE_TAP, log, *filter == ',' ? filter + 1 : NULL, 0,
                                           reset_log, see_segment, print_log, NULL);
    if (error) {
        report_failure("-z %s: %s", argument, error->str);
        g_string_free(error, TRUE);
    }
    WS_BEGUN(!error);
}

/* Registers the log. Called once, at start-up. */
void
tap_log_register(void)
{
    static stat_tap_ui ui = {
        .group = REGISTER_PACKET_STAT_GROUP_UNSORTED,
        .cli_string = COMMAND,
        .tap_init_cb = begin_statistic,
    };
    register_stat_tap_ui(&ui, NULL);
}
