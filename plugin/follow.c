/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keeps a statistic's rows, one per connection, right up to the end of the capture.
 */
#include "follow.h"
#include "prefs.h"

struct expiry {
    int64_t time; /* when a TIME_WAIT of the connection is over, nanoseconds since the epoch */
    const struct connection *connection;
};

static uint32_t
row_plus_one(const struct follow *follow, const struct connection *connection)
{
    uint32_t index = tcpstate_connection_index(core_of(connection));
    if (!follow->row_of || index >= follow->row_of->len)
        return 0;
    return g_array_index(follow->row_of, uint32_t, index);
}

static void
expect_expiry(struct follow *follow, const struct connection *connection)
{
    int64_t time = tcpstate_connection_expiry(core_of(connection), prefs_settings());
    if (time == INT64_MIN)
        return;
    struct expiry *expiry = g_new(struct expiry, 1);
    *expiry = (struct expiry){.time = time, .connection = connection};
    g_queue_push_tail(&follow->expiries, expiry);
}

static void
refresh(struct follow *follow, const struct connection *connection, uint32_t row)
{
    follow->update(connection, row, timeline_end());
}

/* Gives a connection a row and writes it, if it has none: one that it has is right already, since
 * follow_segment() was told of the same segment before. */
void
follow_add(struct follow *follow, const struct connection *connection)
{
    uint32_t index = tcpstate_connection_index(core_of(connection));
    if (row_plus_one(follow, connection) != 0)
        return;
    if (!follow->row_of)
        follow->row_of = g_array_new(FALSE, TRUE, sizeof(uint32_t));
    if (index >= follow->row_of->len)
        g_array_set_size(follow->row_of, index + 1);
    g_array_index(follow->row_of, uint32_t, index) = ++follow->row_count;
    expect_expiry(follow, connection);
    refresh(follow, connection, follow->row_count - 1);
}

/* One more segment of a connection was judged: writes its row, if it has one. */
void
follow_segment(struct follow *follow, const struct connection *connection)
{
    uint32_t row = row_plus_one(follow, connection);
    if (row == 0)
        return;
    refresh(follow, connection, row - 1);
    expect_expiry(follow, connection);
}

/* The capture was read as far as this time: writes the rows whose TIME_WAIT has ended since. */
void
follow_advance(struct follow *follow, int64_t time)
{
    struct expiry *next;
    while ((next = (struct expiry *)g_queue_peek_head(&follow->expiries)) != NULL &&
           next->time < time) {
        const struct connection *connection = next->connection;
        refresh(follow, connection, row_plus_one(follow, connection) - 1);
        g_free(g_queue_pop_head(&follow->expiries));
    }
}

/* Forgets every connection; the rows themselves are the statistic's. */
void
follow_forget(struct follow *follow)
{
    g_queue_clear_full(&follow->expiries, g_free);
    if (follow->row_of)
        g_array_free(follow->row_of, TRUE);
    follow->row_of = NULL;
    follow->row_count = 0;
}
