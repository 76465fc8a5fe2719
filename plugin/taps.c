/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The list of the plugin's statistics, and what each must be told.
 */
#include "taps.h"

/* The statistics that follow connections to the end; set at start-up. */
static struct follow *followers[2];

/* Registers every statistic. Called once, at start-up. */
void
taps_register(void)
{
    followers[0] = tap_connections_register();
    followers[1] = tap_census_register();
    tap_flow_register();
    tap_events_register();
    tap_log_register();
}

/* A segment was judged. */
void
taps_segment(const struct tcpstate_record *record, const struct extracted *found)
{
    tap_log_segment(record, found);
    for (size_t i = 0; i < G_N_ELEMENTS(followers); i++)
        follow_segment(followers[i], (const struct connection *)record->connection);
}

/* The capture was read as far as this time, nanoseconds since the epoch. */
void
taps_advance(int64_t time)
{
    for (size_t i = 0; i < G_N_ELEMENTS(followers); i++)
        follow_advance(followers[i], time);
}

/* The capture is closed, or dissected anew: its connections are gone. */
void
taps_forget(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(followers); i++)
        follow_forget(followers[i]);
    tap_log_forget();
}
