/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Makes the row of a connection: the one place where its columns get their values.
 */
#include "connection.h"
#include "row.h"

static const struct {
    const char *name, *description;
    enum tcpstate_kind kind;
} columns[TCPSTATE_COLUMN_COUNT] = {
#define COLUMN(name, kind, description) {#name, description, TCPSTATE_KIND_##kind},
#include "row.def"
#undef COLUMN
};

/*
 * A column's name, as in every header and key.
 */
const char *
tcpstate_column_name(enum tcpstate_column column)
{
    return columns[column].name;
}

/*
 * What a column holds.
 */
enum tcpstate_kind
tcpstate_column_kind(enum tcpstate_column column)
{
    return columns[column].kind;
}

/*
 * The same as a sentence.
 */
const char *
tcpstate_column_description(enum tcpstate_column column)
{
    return columns[column].description;
}

static void
put_count(struct tcpstate_row *row, enum tcpstate_column column, uint64_t count)
{
    row->cell[column].known = true;
    row->cell[column].count = count;
}

static void
put_time(struct tcpstate_row *row, enum tcpstate_column column, int64_t time)
{
    row->cell[column].known = true;
    row->cell[column].time = time;
}

/* An empty text is one that is not known. */
static void
put_text(struct tcpstate_row *row, enum tcpstate_column column, const char *text)
{
    row->cell[column].known = text[0] != '\0';
    row->cell[column].text = text;
}

/* Frame 0 is none. */
static void
put_frame(struct tcpstate_row *row, enum tcpstate_column column, uint32_t frame)
{
    if (frame)
        put_count(row, column, frame);
}

static void
put_summary(struct tcpstate_row *row, const struct tcpstate_connection *connection,
            const struct tcpstate_summary *summary)
{
    put_count(row, TCPSTATE_COLUMN_connection, connection->index);
    put_time(row, TCPSTATE_COLUMN_ts, summary->first_time);
    put_text(row, TCPSTATE_COLUMN_open, tcpstate_open_name(tcpstate_final_open(connection)));
    put_text(row, TCPSTATE_COLUMN_close, tcpstate_close_name((enum tcpstate_close)summary->close));
    put_text(row, TCPSTATE_COLUMN_closer,
             tcpstate_closer_name((enum tcpstate_closer)summary->closer));
    put_text(row, TCPSTATE_COLUMN_reset_cause,
             tcpstate_cause_name((enum tcpstate_cause)summary->cause));
    put_text(row, TCPSTATE_COLUMN_reset_sender,
             tcpstate_resetter_name((enum tcpstate_resetter)summary->resetter));
    put_text(row, TCPSTATE_COLUMN_stage, tcpstate_stage_name((enum tcpstate_stage)summary->stage));
    put_count(row, TCPSTATE_COLUMN_segments, summary->segments);
    put_time(row, TCPSTATE_COLUMN_duration, summary->last_time - summary->first_time);
    put_frame(row, TCPSTATE_COLUMN_client_syn_frame, summary->syn_frame[TCPSTATE_CLIENT]);
    put_frame(row, TCPSTATE_COLUMN_server_syn_frame, summary->syn_frame[TCPSTATE_SERVER]);
    put_frame(row, TCPSTATE_COLUMN_client_fin_frame, summary->fin_frame[TCPSTATE_CLIENT]);
    put_frame(row, TCPSTATE_COLUMN_server_fin_frame, summary->fin_frame[TCPSTATE_SERVER]);
    put_frame(row, TCPSTATE_COLUMN_reset_frame, summary->reset_frame);
    put_frame(row, TCPSTATE_COLUMN_last_frame, summary->last_frame);
}

/* The state of one endpoint at the end. In CLOSED after TIME_WAIT it is since its 2 MSL were over
 * (RFC 9293 section 3.4.2). */
static void
put_phase(struct tcpstate_row *row, const struct tcpstate_connection *connection,
          enum tcpstate_role role, const struct tcpstate_settings *settings, int64_t end)
{
    const struct tcpstate_endpoint *endpoint = &connection->end[connection->self ? 0 : role];
    const enum tcpstate_phase phase = tcpstate_final_phase(connection, role, settings, end);
    const bool expired = phase != (enum tcpstate_phase)endpoint->phase;
    const int64_t since =
        expired ? tcpstate_connection_expiry(connection, settings) : endpoint->since;
    const bool server = role == TCPSTATE_SERVER;

    put_text(row, server ? TCPSTATE_COLUMN_server_phase : TCPSTATE_COLUMN_client_phase,
             tcpstate_phase_name(phase));
    put_text(row, server ? TCPSTATE_COLUMN_server_evidence : TCPSTATE_COLUMN_client_evidence,
             tcpstate_evidence_name((enum tcpstate_evidence)endpoint->evidence));
    put_time(row,
             server ? TCPSTATE_COLUMN_time_in_server_phase : TCPSTATE_COLUMN_time_in_client_phase,
             end - since);
}

static void
put_zeek(struct tcpstate_row *row, const struct tcpstate_connection *connection)
{
    const unsigned side = tcpstate_connection_side(connection, TCPSTATE_CLIENT);
    const bool client = connection->self || connection->zeek.originator == side;

    tcpstate_zeek_history(connection, row->history, sizeof row->history);
    put_text(row, TCPSTATE_COLUMN_history, row->history);
    put_text(row, TCPSTATE_COLUMN_conn_state, tcpstate_zeek_state(connection));
    put_text(row, TCPSTATE_COLUMN_originator,
             tcpstate_role_name(client ? TCPSTATE_CLIENT : TCPSTATE_SERVER));
}

static void
put_counts(struct tcpstate_row *row, const struct tcpstate_tally *tally, bool self)
{
    const struct tcpstate_tally_end *client = &tally->end[TCPSTATE_CLIENT];
    const struct tcpstate_tally_end *server = &tally->end[TCPSTATE_SERVER];

    put_count(row, TCPSTATE_COLUMN_client_sent_segments, client->segments);
    put_count(row, TCPSTATE_COLUMN_client_sent_octets, client->octets);
    put_count(row, TCPSTATE_COLUMN_client_retransmitted, client->retransmitted);
    if (self)
        return;
    put_count(row, TCPSTATE_COLUMN_server_sent_segments, server->segments);
    put_count(row, TCPSTATE_COLUMN_server_sent_octets, server->octets);
    put_count(row, TCPSTATE_COLUMN_server_retransmitted, server->retransmitted);
}

static void
put_times(struct tcpstate_row *row, const struct tcpstate_tally *tally, int64_t end)
{
    put_time(row, TCPSTATE_COLUMN_idle_max, tally->idle_max);
    if (tally->handshake_known)
        put_time(row, TCPSTATE_COLUMN_handshake_time, tally->handshake);
    if (tally->close_known)
        put_time(row, TCPSTATE_COLUMN_close_time, tally->close_time);
    if (tally->half_closed_begun)
        put_time(row, TCPSTATE_COLUMN_half_closed_time,
                 tally->half_closed_over ? tally->half_closed : end - tally->half_closed);
    if (tally->round_trip_known & 1u << TCPSTATE_CLIENT)
        put_time(row, TCPSTATE_COLUMN_client_rtt, tally->round_trip[TCPSTATE_CLIENT]);
    if (tally->round_trip_known & 1u << TCPSTATE_SERVER)
        put_time(row, TCPSTATE_COLUMN_server_rtt, tally->round_trip[TCPSTATE_SERVER]);
}

/*
 * Whether the row has this event.
 */
bool
tcpstate_row_has(const struct tcpstate_row *row, enum tcpstate_event event)
{
    for (size_t i = 0; i < row->event_count; i++)
        if (row->events[i].event == event)
            return true;
    return false;
}

/* The events of the segments, then those that the end of the capture shows. */
static void
put_events(struct tcpstate_row *row, const struct tcpstate_connection *connection,
           const struct tcpstate_tally *tally, const struct tcpstate_settings *settings,
           int64_t end)
{
    struct tcpstate_occurrence last[TCPSTATE_MAX_EVENTS];
    const size_t count = tcpstate_finish(connection, settings, end, last, TCPSTATE_MAX_EVENTS);
    uint64_t alerts = connection->alerts;

    for (size_t i = 0; tally && i < tally->event_count; i++)
        row->events[row->event_count++] =
            (struct tcpstate_sighted){.event = tally->event[i],
                                      .frame = tally->event_frame[i],
                                      .last_frame = tally->event_last[i],
                                      .count = tally->event_times[i]};
    for (size_t i = 0; i < count; i++) {
        if (last[i].severity <= TCPSTATE_SEVERITY_CHAT)
            continue;
        alerts++;
        if (!tcpstate_row_has(row, (enum tcpstate_event)last[i].event))
            row->events[row->event_count++] =
                (struct tcpstate_sighted){.event = last[i].event, .count = 1};
    }
    put_count(row, TCPSTATE_COLUMN_alerts, alerts);
    row->cell[TCPSTATE_COLUMN_events].known = true;
}

/*
 * The row of a connection if the capture ends at end (nanoseconds since the epoch).
 *
 * tally may be NULL; what it would tell is then not known. Addresses, ports, VLANs and the
 * community ID are the caller's to fill in, who knows them.
 */
void
tcpstate_row_make(const struct tcpstate_connection *connection, const struct tcpstate_tally *tally,
                  const struct tcpstate_settings *settings, int64_t end, struct tcpstate_row *row)
{
    struct tcpstate_summary summary;

    *row = (struct tcpstate_row){0};
    tcpstate_story(connection, settings, end, row->story, sizeof row->story);
    put_text(row, TCPSTATE_COLUMN_story, row->story);
    tcpstate_summarize(connection, &summary);
    put_summary(row, connection, &summary);
    put_phase(row, connection, TCPSTATE_CLIENT, settings, end);
    put_phase(row, connection, TCPSTATE_SERVER, settings, end);
    put_zeek(row, connection);
    put_events(row, connection, tally, settings, end);
    if (!tally)
        return;
    put_counts(row, tally, connection->self);
    put_times(row, tally, end);
}
