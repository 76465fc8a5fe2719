/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What passes with time: TIME_WAIT ends, and an endpoint that waits for too long is stuck. The
 * capture's clock is the only one.
 */
#include "observation.h"

/* Whether the segment is one that only an endpoint in TIME_WAIT sends: an acknowledgement at its
 * last number (RFC 9293 section 3.10.7.4). A timer may only be assumed; it may run for minutes. */
static bool
is_of_time_wait(const struct observation *o)
{
    return (o->snd->phase == TCPSTATE_PHASE_TIME_WAIT || o->snd->expired) && o->ack && !o->rst &&
           !o->syn && o->segment->seq == o->snd->snd_nxt && o->segment->ack == o->rcv->snd_nxt;
}

/* Time is data: TIME_WAIT ends after two MSL without a repeated FIN (RFC 9293 section 3.10.8), as
 * far as anybody can assume. */
static void
expire(struct observation *o, struct tcpstate_endpoint *endpoint)
{
    const bool over = o->segment->time - o->connection->wait_time >= 2 * o->settings->msl;

    if (endpoint->phase != TCPSTATE_PHASE_TIME_WAIT && !endpoint->expired)
        return;
    if (endpoint == o->snd && is_of_time_wait(o)) {
        if (over)
            o->connection->wait_time = o->segment->time;
        endpoint->expired = false;
    } else if (over) {
        endpoint->expired = true;
    }
    tcpstate_settle_states(o);
}

/*
 * Whether an endpoint goes on sending after it took its peer's FIN: a half-close that is used, and
 * stuck only when it falls silent (RFC 9293 section 3.6).
 */
bool
tcpstate_is_text_from_half_close(const struct tcpstate_connection *connection)
{
    for (int role = 0; role < 2; role++) {
        const struct tcpstate_endpoint *endpoint = &connection->end[role];

        if (endpoint->phase == TCPSTATE_PHASE_CLOSE_WAIT &&
            seq_lt(endpoint->text_from, endpoint->snd_nxt))
            return true;
    }
    return false;
}

/* An endpoint that waits for its own or its peer's close for too long is stuck. */
static void
note_stuck(struct observation *o, enum tcpstate_role role)
{
    struct tcpstate_endpoint *endpoint = &o->connection->end[role];
    const int64_t age = o->segment->time - endpoint->since;
    const bool waiting =
        endpoint->phase == TCPSTATE_PHASE_FIN_WAIT_2 && !o->connection->end[role ^ 1].fin_sent;

    if (endpoint->stuck_told || age <= o->settings->stuck ||
        !(waiting || endpoint->phase == TCPSTATE_PHASE_CLOSE_WAIT) ||
        (tcpstate_is_text_from_half_close(o->connection) && o->silence <= o->settings->stuck))
        return;
    tcpstate_raise(o, waiting ? TCPSTATE_EVENT_stuck_fin_wait_2 : TCPSTATE_EVENT_stuck_close_wait,
                   role)
        ->span = age;
    endpoint->stuck_told = true;
}

/*
 * Before the steps: what has passed, or is late, by the time of this segment.
 */
void
tcpstate_take_time(struct observation *o)
{
    if (!o->snd->fin_sent && !o->rcv->fin_sent)
        return;
    for (int role = TCPSTATE_CLIENT; role <= TCPSTATE_SERVER; role++) {
        expire(o, &o->connection->end[role]);
        note_stuck(o, (enum tcpstate_role)role);
    }
}
