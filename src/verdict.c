/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is true of a connection as a whole: when its handshake and its close are complete, of which
 * kind they were, and what the end of the capture tells.
 */
#include "observation.h"

static enum tcpstate_open
kind_of_open(const struct tcpstate_connection *connection)
{
    if (connection->self)
        return TCPSTATE_OPEN_SELF;
    if (connection->syns_crossed)
        return TCPSTATE_OPEN_SIMULTANEOUS;
    if (connection->split)
        return TCPSTATE_OPEN_SPLIT;
    return connection->fast_open ? TCPSTATE_OPEN_FAST_OPEN : TCPSTATE_OPEN_THREE_WAY;
}

static enum tcpstate_close
kind_of_close(const struct tcpstate_connection *connection)
{
    if (connection->self)
        return TCPSTATE_CLOSE_TWO_WAY;
    if (have_fins_crossed(&connection->end[TCPSTATE_CLIENT], &connection->end[TCPSTATE_SERVER]))
        return TCPSTATE_CLOSE_SIMULTANEOUS;
    return connection->three_way ? TCPSTATE_CLOSE_THREE_WAY : TCPSTATE_CLOSE_FOUR_WAY;
}

static void
complete_handshake(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;

    if (connection->handshake_complete || connection->mid_stream || !is_syn_acked(o->snd) ||
        !is_syn_acked(o->rcv))
        return;
    connection->handshake_complete = true;
    connection->open = kind_of_open(connection) & 0xf;
    o->record->settled |= TCPSTATE_SETTLED_OPEN;
    if (!o->record->open_step)
        o->record->open_step = tcpstate_next_step(o);
    if (!connection->self && o->rcv->syn_frame)
        tcpstate_notice_step(o, TCPSTATE_EVENT_slow_handshake, o->rcv->sent_time);
    tcpstate_raise(o, TCPSTATE_EVENT_handshake_complete, o->snd_role)->span =
        o->segment->time - connection->first_time;
}

static void
complete_close(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const int64_t first_fin =
        o->snd->sent_time < o->rcv->sent_time ? o->snd->sent_time : o->rcv->sent_time;

    if (connection->close_complete || connection->reset || !is_fin_acked(o->snd) ||
        !is_fin_acked(o->rcv))
        return;
    connection->close_complete = true;
    connection->close = kind_of_close(connection) & 7;
    connection->closer = tcpstate_first_to_close(connection) & 3;
    o->record->settled |= TCPSTATE_SETTLED_CLOSE;
    if (connection->self)
        tcpstate_raise(o, TCPSTATE_EVENT_two_way_close, o->snd_role);
    tcpstate_raise(o, TCPSTATE_EVENT_close_complete, o->snd_role)->span =
        o->segment->time - first_fin;
}

/* A repeated FIN that is acknowledged again starts the 2 MSL anew (section 3.10.7.4, "TIME-WAIT
 * STATE"). */
static void
restart_time_wait(struct observation *o)
{
    if (!o->ack || o->rst || !o->rcv->fin_repeated || !is_fin_covered(o->rcv, o->segment->ack))
        return;
    o->rcv->fin_repeated = false;
    if (o->snd->phase != TCPSTATE_PHASE_TIME_WAIT || o->took_fin)
        return;
    o->connection->wait_time = o->segment->time;
    tcpstate_raise(o, TCPSTATE_EVENT_time_wait_restarted, o->snd_role);
}

static enum tcpstate_stage
stage_of(const struct tcpstate_connection *connection)
{
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);

    if (connection->reset)
        return TCPSTATE_STAGE_ABORTED;
    if (is_fin_acked(client) && is_fin_acked(server))
        return TCPSTATE_STAGE_CLOSED;
    if (client->fin_sent && server->fin_sent)
        return TCPSTATE_STAGE_CLOSING;
    if (client->fin_sent || server->fin_sent)
        return TCPSTATE_STAGE_HALF_CLOSED;
    return (is_synchronized(client) && is_synchronized(server)) || connection->handshake_complete
               ? TCPSTATE_STAGE_ESTABLISHED
               : TCPSTATE_STAGE_OPENING;
}

/* After all steps: what the segment settles about its connection. */
void
tcpstate_settle(struct observation *o)
{
    enum tcpstate_stage stage;

    if (o->took_fin && !o->record->close_step)
        o->record->close_step = tcpstate_next_step(o);
    complete_handshake(o);
    complete_close(o);
    restart_time_wait(o);
    stage = stage_of(o->connection);
    o->record->changed |= o->connection->stage != stage;
    o->connection->stage = (unsigned)stage & 7;
}

/* What the first accepted RST settles, before it changes a state: a connection that never opened
 * was never closed; any other ends here. */
void
tcpstate_settle_reset(struct observation *o)
{
    struct tcpstate_connection *connection = o->connection;
    const bool after_fin = o->snd->fin_sent || o->rcv->fin_sent;

    if (!connection->handshake_complete && !connection->mid_stream)
        return;
    connection->close = after_fin ? TCPSTATE_CLOSE_RESET_AFTER_FIN : TCPSTATE_CLOSE_RESET;
    connection->closer = tcpstate_first_to_close(connection) & 3;
    if (connection->closer == TCPSTATE_CLOSER_NONE)
        connection->closer =
            o->snd_role == TCPSTATE_CLIENT ? TCPSTATE_CLOSER_CLIENT : TCPSTATE_CLOSER_SERVER;
    o->record->settled |= TCPSTATE_SETTLED_CLOSE;
}

/* Why a RST was sent. Of one that is the first segment captured, that is still open: the SYN that
 * it refused may follow. */
void
tcpstate_settle_cause(struct observation *o, enum tcpstate_cause cause)
{
    o->connection->cause = cause & 0xf;
    if (o->rcv->phase != TCPSTATE_PHASE_UNKNOWN)
        o->record->settled |= TCPSTATE_SETTLED_CAUSE;
}
