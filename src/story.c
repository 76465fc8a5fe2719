/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tells a connection: how it was opened, who closed or reset it and why, and how sure that is.
 */
#include "story.h"

#include "observation.h"
#include "sentence.h"

enum story {
#define STORY(slug, sentence) STORY_##slug,
#include "story.def"
#undef STORY
};

static const char *const sentences[] = {
#define STORY(slug, sentence) sentence,
#include "story.def"
#undef STORY
};

/* A story under construction. */
struct teller {
    struct text text;
    const struct tcpstate_connection *connection;
    const struct tcpstate_settings *settings;
    int64_t end; /* when the capture ended */
};

/* Tells one sentence about an endpoint; figures say what its placeholders stand for. */
static void
tell_with(struct teller *teller, enum story story, const struct tcpstate_endpoint *endpoint,
          struct tcpstate_occurrence figures)
{
    figures.role = teller->connection->self ? TCPSTATE_SELF
                   : endpoint == &teller->connection->end[TCPSTATE_SERVER]
                       ? (uint8_t)TCPSTATE_SERVER
                       : (uint8_t)TCPSTATE_CLIENT;
    if (teller->text.length)
        tcpstate_put(&teller->text, " ", 1);
    tcpstate_put_sentence(&teller->text, sentences[story], &figures);
    tcpstate_put(&teller->text, ".", 1);
}

static void
tell_at(struct teller *teller, enum story story, const struct tcpstate_endpoint *endpoint,
        uint32_t frame)
{
    tell_with(teller, story, endpoint, (struct tcpstate_occurrence){.frame = frame});
}

/* Who sent the RST, or was refused by it. */
static const struct tcpstate_endpoint *
resetter_of(const struct teller *teller)
{
    return &teller->connection->end[teller->connection->reset_role];
}

static void
tell_refusal(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *resetter = resetter_of(teller);

    if (!connection->reset_frame)
        tell_at(teller, STORY_refused_by_icmp, other_end(connection, resetter),
                connection->last_frame);
    else if (connection->cause == TCPSTATE_CAUSE_CLOSED_PORT)
        tell_at(teller, STORY_refused, resetter, connection->reset_frame);
    else
        tell_at(teller, STORY_refused_late, resetter, connection->reset_frame);
}

static void
tell_attempt(struct teller *teller, const struct tcpstate_endpoint *client)
{
    const struct tcpstate_occurrence figures = {.span = teller->end - client->sent_time,
                                                .count = client->syn_count};

    enum story story = STORY_unanswered_so_far;

    if (other_end(teller->connection, client)->seen)
        story = STORY_not_opened;
    else if (client->syn_count > 1 && figures.span >= teller->settings->slow)
        story = STORY_unanswered;
    tell_with(teller, story, client, figures);
}

/* An attempt that did not open the connection. */
static void
tell_failure(struct teller *teller, enum tcpstate_open open)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);

    if (open == TCPSTATE_OPEN_REFUSED)
        tell_refusal(teller);
    else if (open == TCPSTATE_OPEN_ABORTED)
        tell_at(teller, STORY_handshake_aborted, resetter_of(teller), connection->reset_frame);
    else if (open == TCPSTATE_OPEN_HALF_OPEN)
        tell_with(teller, STORY_half_open, server,
                  (struct tcpstate_occurrence){.span = teller->end - server->sent_time});
    else
        tell_attempt(teller, client);
}

/* How the connection was opened; returns whether it was. */
static bool
tell_opening(struct teller *teller)
{
    static const struct {
        enum tcpstate_open open;
        enum story story;
    } opened[] = {
        {TCPSTATE_OPEN_THREE_WAY, STORY_opened},
        {TCPSTATE_OPEN_FAST_OPEN, STORY_opened_fast},
        {TCPSTATE_OPEN_SIMULTANEOUS, STORY_opened_simultaneously},
        {TCPSTATE_OPEN_SPLIT, STORY_opened_split},
        {TCPSTATE_OPEN_SELF, STORY_opened_self},
        {TCPSTATE_OPEN_MID_STREAM, STORY_opened_before},
    };
    const enum tcpstate_open open = tcpstate_final_open(teller->connection);

    for (size_t i = 0; i < sizeof opened / sizeof opened[0]; i++) {
        if (opened[i].open != open)
            continue;
        tell_at(teller, opened[i].story, &teller->connection->end[TCPSTATE_CLIENT], 0);
        return true;
    }
    tell_failure(teller, open);
    return false;
}

static enum story
story_of_cause(enum tcpstate_cause cause)
{
    switch (cause) {
    case TCPSTATE_CAUSE_CLOSED_PORT:
    case TCPSTATE_CAUSE_NO_CONNECTION:
        return STORY_reset_no_connection;
    case TCPSTATE_CAUSE_DATA_AFTER_CLOSE:
        return STORY_reset_data_after_close;
    case TCPSTATE_CAUSE_UNREAD_DATA:
        return STORY_reset_unread_data;
    case TCPSTATE_CAUSE_LINGER_ZERO:
        return STORY_reset_linger_zero;
    case TCPSTATE_CAUSE_KEEPALIVE_TIMEOUT:
        return STORY_reset_keepalive_timeout;
    case TCPSTATE_CAUSE_RETRANSMISSION_TIMEOUT:
        return STORY_reset_retransmission_timeout;
    case TCPSTATE_CAUSE_BAD_HANDSHAKE_ACK:
        return STORY_reset_bad_handshake_ack;
    case TCPSTATE_CAUSE_OLD_DUPLICATE:
        return STORY_reset_old_duplicate;
    case TCPSTATE_CAUSE_TIME_WAIT_ASSASSINATION:
        return STORY_reset_time_wait;
    case TCPSTATE_CAUSE_IDLE_TIMEOUT:
        return STORY_reset_idle_timeout;
    case TCPSTATE_CAUSE_APPLICATION_ABORT:
        return STORY_reset_application_abort;
    case TCPSTATE_CAUSE_NEVER_ACCEPTED:
        return STORY_reset_never_accepted;
    case TCPSTATE_CAUSE_DEVICE_RESTARTED:
        return STORY_reset_device_restarted;
    case TCPSTATE_CAUSE_UNKNOWN:
    case TCPSTATE_CAUSE_NONE:
        break;
    }
    return STORY_reset_unknown;
}

static void
tell_cause(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;

    const bool foreign = connection->reset_foreign;
    enum story story = story_of_cause((enum tcpstate_cause)connection->cause);

    /* Why the endpoint should have sent it is no question then, but for a time limit on the way. */
    if (foreign && connection->cause != TCPSTATE_CAUSE_IDLE_TIMEOUT)
        story = STORY_reset_between;
    tell_at(teller, story, resetter_of(teller), connection->reset_frame);
    if (foreign && story != STORY_reset_between)
        tell_at(teller, STORY_reset_from_between, resetter_of(teller), 0);
}

static void
tell_reset(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *first =
        connection->closer == TCPSTATE_CLOSER_SERVER ? other_end(connection, client) : client;

    if (connection->close == TCPSTATE_CLOSE_RESET_AFTER_FIN && first->fin_sent)
        tell_at(teller, STORY_first_to_close, first, first->fin_frame);
    tell_cause(teller);
}

static void
tell_close(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *first =
        connection->closer == TCPSTATE_CLOSER_SERVER ? other_end(connection, client) : client;

    if (connection->close == TCPSTATE_CLOSE_TWO_WAY)
        tell_at(teller, STORY_closed_self, client, client->fin_frame);
    else if (connection->close == TCPSTATE_CLOSE_SIMULTANEOUS)
        tell_at(teller, STORY_closed_simultaneously, client, 0);
    else
        tell_at(teller,
                connection->close == TCPSTATE_CLOSE_THREE_WAY ? STORY_closed_in_three
                                                              : STORY_closed,
                first, first->fin_frame);
    if (connection->cause != TCPSTATE_CAUSE_NONE)
        tell_cause(teller);
}

/* Whether the end of the capture raises that event. */
static bool
is_ending(const struct teller *teller, enum tcpstate_event event)
{
    struct tcpstate_occurrence events[TCPSTATE_MAX_EVENTS];
    const size_t count = tcpstate_finish(teller->connection, teller->settings, teller->end, events,
                                         TCPSTATE_MAX_EVENTS);

    for (size_t i = 0; i < count; i++)
        if (events[i].event == event)
            return true;
    return false;
}

/* One end has closed, and the other has not. */
static void
tell_half_close(struct teller *teller, const struct tcpstate_endpoint *first)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_occurrence figures = {.frame = first->fin_frame,
                                                .count = first->fin_count,
                                                .span = teller->end - first->sent_time};

    if (is_ending(teller, TCPSTATE_EVENT_stuck_close_wait))
        tell_with(teller, STORY_stuck, first, figures);
    else if (tcpstate_is_text_from_half_close(connection))
        tell_with(teller, STORY_half_closed_used, first, figures);
    else if (!is_fin_covered(first, first->snd_una) && first->fin_count > 1)
        tell_with(teller, STORY_fin_unanswered, first, figures);
    else
        tell_with(teller, STORY_half_closed, first, figures);
}

/* How far the connection had come when the capture ended. */
static void
tell_end(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);
    const struct tcpstate_occurrence figures = {.span = teller->end - connection->last_time};

    if (connection->reset)
        tell_cause(teller);
    else if (client->fin_sent && server->fin_sent)
        tell_with(teller, STORY_closing, client, figures);
    else if (client->fin_sent || server->fin_sent)
        tell_half_close(teller, client->fin_sent ? client : server);
    else
        tell_with(teller,
                  figures.span < teller->settings->slow ? STORY_open_at_end : STORY_open_in_silence,
                  client, figures);
}

static void
tell_ending(struct teller *teller)
{
    switch ((enum tcpstate_close)teller->connection->close) {
    case TCPSTATE_CLOSE_FOUR_WAY:
    case TCPSTATE_CLOSE_THREE_WAY:
    case TCPSTATE_CLOSE_TWO_WAY:
    case TCPSTATE_CLOSE_SIMULTANEOUS:
        tell_close(teller);
        break;
    case TCPSTATE_CLOSE_RESET:
    case TCPSTATE_CLOSE_RESET_AFTER_FIN:
        if (teller->connection->reset) {
            tell_reset(teller);
            break;
        }
        tell_end(teller);
        break;
    case TCPSTATE_CLOSE_NONE:
    case TCPSTATE_CLOSE_HALF_CLOSED:
        tell_end(teller);
        break;
    }
}

/* How sure all this is. */
static void
tell_doubt(struct teller *teller)
{
    const struct tcpstate_connection *connection = teller->connection;
    const struct tcpstate_endpoint *client = &connection->end[TCPSTATE_CLIENT];
    const struct tcpstate_endpoint *server = other_end(connection, client);

    if (!client->seen || !server->seen)
        tell_at(teller, STORY_one_direction, client->seen ? client : server, 0);
    else if (!connection->mid_stream && (client->evidence == TCPSTATE_EVIDENCE_ASSUMED ||
                                         server->evidence == TCPSTATE_EVIDENCE_ASSUMED))
        tell_at(teller, STORY_gaps, client, 0);
}

/* Whether the cause says more of a handshake that a RST ended than that it did. */
static bool
is_abort_explained(const struct tcpstate_connection *connection)
{
    return tcpstate_final_open(connection) == TCPSTATE_OPEN_ABORTED &&
           connection->cause != TCPSTATE_CAUSE_NONE &&
           connection->cause != TCPSTATE_CAUSE_UNKNOWN &&
           connection->cause != TCPSTATE_CAUSE_NO_CONNECTION;
}

/*
 * Writes what happened to the connection, as one line of sentences: how it was opened, who closed
 * or reset it and why, and how sure that is.
 *
 * end is the time of the capture's last packet, nanoseconds since the epoch: what had not happened
 * by then is told as such. text receives at most size octets, the closing NUL included; room for
 * TCPSTATE_STORY_TEXT holds any story. Returns the length without the NUL, as if all had fitted.
 */
size_t
tcpstate_story(const struct tcpstate_connection *connection,
               const struct tcpstate_settings *settings, int64_t end, char *text, size_t size)
{
    struct teller teller = {.text = {.to = text, .size = size},
                            .connection = connection,
                            .settings = settings,
                            .end = end};

    if (tell_opening(&teller)) {
        tell_ending(&teller);
        tell_doubt(&teller);
    } else if (is_abort_explained(connection)) {
        tell_cause(&teller);
    }
    return tcpstate_end_text(&teller.text);
}
