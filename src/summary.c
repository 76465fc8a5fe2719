/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a caller may read of a connection: its identity, its verdicts, and what they rest on.
 */
#include "facts.h"

/*
 * The pair in a caller's memory, which is zeroed before its first segment.
 */
struct tcpstate_pair *
tcpstate_pair_of(struct tcpstate_pair_memory *memory)
{
    return (struct tcpstate_pair *)memory;
}

/*
 * The connection in a caller's memory.
 */
struct tcpstate_connection *
tcpstate_connection_of(struct tcpstate_connection_memory *memory)
{
    return (struct tcpstate_connection *)memory;
}

/*
 * Makes the caller's memory, zeroed, the connection with that index, for the core to take when a
 * segment begins one.
 */
struct tcpstate_connection *
tcpstate_connection_init(struct tcpstate_connection_memory *memory, uint32_t index)
{
    struct tcpstate_connection *connection = tcpstate_connection_of(memory);

    connection->index = index;
    return connection;
}

/*
 * The index that the caller gave.
 */
uint32_t
tcpstate_connection_index(const struct tcpstate_connection *connection)
{
    return connection->index;
}

/*
 * The frame of its last segment.
 */
uint32_t
tcpstate_connection_last_frame(const struct tcpstate_connection *connection)
{
    return connection->last_frame;
}

/*
 * The frame of the RST that was accepted first, 0 if none was.
 */
uint32_t
tcpstate_connection_reset_frame(const struct tcpstate_connection *connection)
{
    return connection->reset_frame;
}

/*
 * Whether it is a self-connection: one endpoint, which is the client and the server.
 */
bool
tcpstate_connection_is_self(const struct tcpstate_connection *connection)
{
    return connection->self;
}

/*
 * The side of the pair, 0 or 1, on which the endpoint of that role is.
 */
unsigned
tcpstate_connection_side(const struct tcpstate_connection *connection, enum tcpstate_role role)
{
    return connection->client_side ^ (role == TCPSTATE_SERVER && !connection->self);
}

/*
 * When the last TIME_WAIT of its endpoints is over, nanoseconds since the epoch; INT64_MIN if
 * neither is in it.
 */
int64_t
tcpstate_connection_expiry(const struct tcpstate_connection *connection,
                           const struct tcpstate_settings *settings)
{
    int64_t expiry = INT64_MIN;

    for (int role = 0; role < 2; role++) {
        const struct tcpstate_endpoint *endpoint = &connection->end[role];
        if (endpoint->phase == TCPSTATE_PHASE_TIME_WAIT)
            expiry = connection->wait_time + 2 * settings->msl;
    }
    return expiry;
}

/* Who sent the RST of which the cause is known. */
static enum tcpstate_resetter
resetter_of(const struct tcpstate_connection *connection)
{
    if (connection->cause == TCPSTATE_CAUSE_NONE)
        return TCPSTATE_RESETTER_NONE;
    if (connection->reset_foreign)
        return TCPSTATE_RESETTER_OTHER;
    return connection->reset_role == TCPSTATE_CLIENT ? TCPSTATE_RESETTER_CLIENT
                                                     : TCPSTATE_RESETTER_SERVER;
}

/*
 * Writes what is known of the connection as a whole. A self-connection's two roles are one
 * endpoint.
 */
void
tcpstate_summarize(const struct tcpstate_connection *connection, struct tcpstate_summary *summary)
{
    *summary = (struct tcpstate_summary){
        .first_time = connection->first_time,
        .last_time = connection->last_time,
        .last_frame = connection->last_frame,
        .reset_frame = connection->reset_frame,
        .segments = connection->segments,
        .alerts = connection->alerts,
        .stage = connection->stage,
        .open = connection->open,
        .close = connection->close,
        .closer = connection->closer,
        .cause = connection->cause,
        .resetter = (uint8_t)resetter_of(connection),
        .reset = connection->reset,
    };
    for (int role = 0; role < 2; role++) {
        const struct tcpstate_endpoint *endpoint = &connection->end[connection->self ? 0 : role];

        summary->syn_frame[role] = endpoint->syn_frame;
        summary->fin_frame[role] = endpoint->fin_frame;
    }
    if (connection->close != TCPSTATE_CLOSE_NONE || connection->reset)
        return;
    summary->closer = (uint8_t)tcpstate_first_to_close(connection);
    if (summary->closer == TCPSTATE_CLOSER_CLIENT || summary->closer == TCPSTATE_CLOSER_SERVER)
        summary->close =
            connection->end[TCPSTATE_CLIENT].fin_sent != connection->end[TCPSTATE_SERVER].fin_sent
                ? TCPSTATE_CLOSE_HALF_CLOSED
                : TCPSTATE_CLOSE_NONE;
}
