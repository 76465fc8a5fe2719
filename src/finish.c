/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What only the end of the capture settles. One rule for all: what did not happen is told only if
 * the capture could have shown it, for as long as the preference says and for a round trip at
 * least.
 */
#include "observation.h"

/* Occurrences under construction: what does not fit is left out. */
struct ending {
    const struct tcpstate_connection *connection;
    const struct tcpstate_settings *settings;
    int64_t end; /* the time of the capture's last packet */
    struct tcpstate_occurrence *events;
    size_t count, room;
};

static void
add(struct ending *ending, enum tcpstate_event event, const struct tcpstate_endpoint *endpoint,
    int64_t span, uint32_t times)
{
    if (ending->count == ending->room || !tcpstate_is_told(ending->connection, event))
        return;
    ending->events[ending->count++] = (struct tcpstate_occurrence){
        .event = (uint8_t)event,
        .role = endpoint == &ending->connection->end[TCPSTATE_SERVER],
        .severity = (uint8_t)tcpstate_event_severity(event),
        .span = span,
        .count = times,
    };
}

/* Whether an answer of that end would have been captured by now, asked at that time. */
static bool
is_overdue(const struct ending *ending, const struct tcpstate_endpoint *answering, int64_t asked,
           int64_t patience)
{
    const int64_t waited = ending->end - asked;

    return waited >= patience && waited >= tcpstate_round_trip(answering);
}

/* The same of a SYN or FIN, sent so many times: its sender's own timer repeats it until it is
 * answered (RFC 9293 section 3.8.1), so one that was not repeated had an answer, or was given up.
 */
static bool
is_unanswered(const struct ending *ending, const struct tcpstate_endpoint *asking, uint32_t times)
{
    return times > 1 && is_overdue(ending, other_end(ending->connection, asking), asking->sent_time,
                                   ending->settings->slow);
}

/* A half-closed connection on which nothing goes on; one end has waited since then. */
static void
finish_half_close(struct ending *ending, const struct tcpstate_endpoint *endpoint,
                  enum tcpstate_event event)
{
    const int64_t quiet_since = tcpstate_is_text_from_half_close(ending->connection)
                                    ? ending->connection->last_time
                                    : endpoint->since;

    if (!endpoint->stuck_told && is_overdue(ending, endpoint, quiet_since, ending->settings->stuck))
        add(ending, event, endpoint, ending->end - endpoint->since, 1);
}

static void
finish_opening(struct ending *ending, const struct tcpstate_endpoint *endpoint)
{
    const struct tcpstate_endpoint *peer = other_end(ending->connection, endpoint);
    const bool answered = peer->seen || ending->connection->denied;

    if (!is_unanswered(ending, endpoint, endpoint->syn_count))
        return;
    if (endpoint->phase == TCPSTATE_PHASE_SYN_RECEIVED)
        add(ending, TCPSTATE_EVENT_half_open, endpoint, ending->end - endpoint->sent_time,
            endpoint->syn_count);
    else if (!answered)
        add(ending, TCPSTATE_EVENT_syn_unanswered, endpoint, ending->end - endpoint->sent_time,
            endpoint->syn_count);
}

static void
finish_closing(struct ending *ending, const struct tcpstate_endpoint *endpoint)
{
    if (!endpoint->stuck_told && !ending->connection->reset &&
        !is_fin_covered(endpoint, endpoint->snd_una) &&
        is_unanswered(ending, endpoint, endpoint->fin_count))
        add(ending, TCPSTATE_EVENT_stuck_fin_unacked, endpoint, ending->end - endpoint->sent_time,
            endpoint->fin_count);
}

static void
finish_endpoint(struct ending *ending, const struct tcpstate_endpoint *endpoint)
{
    const struct tcpstate_endpoint *peer = other_end(ending->connection, endpoint);

    if (endpoint->repeats >= TCPSTATE_GIVING_UP && is_synchronized(endpoint) &&
        is_overdue(ending, peer, ending->connection->last_time, ending->settings->slow))
        add(ending, TCPSTATE_EVENT_gave_up_retransmitting, endpoint, 0, endpoint->repeats + 1u);
    switch ((enum tcpstate_phase)endpoint->phase) {
    case TCPSTATE_PHASE_SYN_SENT:
    case TCPSTATE_PHASE_SYN_RECEIVED:
        finish_opening(ending, endpoint);
        break;
    case TCPSTATE_PHASE_CLOSE_WAIT:
        finish_half_close(ending, endpoint, TCPSTATE_EVENT_stuck_close_wait);
        break;
    case TCPSTATE_PHASE_FIN_WAIT_2:
        if (!peer->fin_sent)
            finish_half_close(ending, endpoint, TCPSTATE_EVENT_stuck_fin_wait_2);
        break;
    case TCPSTATE_PHASE_FIN_WAIT_1:
    case TCPSTATE_PHASE_CLOSING:
    case TCPSTATE_PHASE_LAST_ACK:
        finish_closing(ending, endpoint);
        break;
    case TCPSTATE_PHASE_UNKNOWN:
    case TCPSTATE_PHASE_LISTEN:
    case TCPSTATE_PHASE_ESTABLISHED:
    case TCPSTATE_PHASE_TIME_WAIT:
    case TCPSTATE_PHASE_CLOSED:
    case TCPSTATE_PHASE_COUNT:
        break;
    }
}

/* Whether the connection was opened, and an end has neither closed nor been reset. */
static bool
is_still_open(const struct tcpstate_connection *connection)
{
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];

    return (connection->handshake_complete || connection->mid_stream) && !connection->reset &&
           !connection->close_complete &&
           !(client->fin_sent && other_end(connection, client)->fin_sent);
}

/*
 * The events that only the end of the capture settles: never answered, never closed, stuck.
 *
 * end is the time of the capture's last packet, nanoseconds since the epoch. Writes at most room
 * occurrences and returns how many; none for a connection of which only one direction was captured.
 */
size_t
tcpstate_finish(const struct tcpstate_connection *connection,
                const struct tcpstate_settings *settings, int64_t end,
                struct tcpstate_occurrence *events, size_t room)
{
    struct ending ending = {
        .connection = connection, .settings = settings, .end = end, .events = events, .room = room};
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = &connection->end[TCPSTATE_SERVER];
    const bool unanswered =
        !server->seen && !connection->mid_stream && client->phase == TCPSTATE_PHASE_SYN_SENT;

    if (!connection->self && !unanswered && !(client->seen && server->seen))
        return 0;
    finish_endpoint(&ending, client);
    if (!connection->self)
        finish_endpoint(&ending, server);
    if (is_still_open(connection))
        add(&ending, TCPSTATE_EVENT_never_closed, client, end - connection->last_time, 1);
    return ending.count;
}

/*
 * How the connection was opened, as known when the capture ends.
 */
enum tcpstate_open
tcpstate_final_open(const struct tcpstate_connection *connection)
{
    if (connection->open != TCPSTATE_OPEN_NONE)
        return (enum tcpstate_open)connection->open;
    if (!connection->end[TCPSTATE_CLIENT].syn_sent)
        return TCPSTATE_OPEN_MID_STREAM;
    if (connection->end[TCPSTATE_SERVER].syn_sent &&
        connection->end[TCPSTATE_SERVER].phase != TCPSTATE_PHASE_SYN_SENT)
        return TCPSTATE_OPEN_HALF_OPEN;
    return TCPSTATE_OPEN_UNANSWERED;
}

/*
 * The state of an endpoint when the capture ends: TIME_WAIT has become CLOSED if its two MSL passed
 * before end (nanoseconds since the epoch; RFC 9293 section 3.4.2).
 */
enum tcpstate_phase
tcpstate_final_phase(const struct tcpstate_connection *connection, enum tcpstate_role role,
                     const struct tcpstate_settings *settings, int64_t end)
{
    const struct tcpstate_endpoint *endpoint =
        &connection
             ->end[connection->self || role != TCPSTATE_SERVER ? TCPSTATE_CLIENT : TCPSTATE_SERVER];

    if (endpoint->phase == TCPSTATE_PHASE_TIME_WAIT &&
        end - connection->wait_time >= 2 * settings->msl)
        return TCPSTATE_PHASE_CLOSED;
    return (enum tcpstate_phase)endpoint->phase;
}
