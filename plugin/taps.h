/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The plugin's own statistics: what they register, and what they must be told.
 */
#ifndef TCPSTATE_TAPS_H
#define TCPSTATE_TAPS_H

#include "follow.h"

#define TCPSTATE_TAP                                                                               \
    "tcpstate" /* what the tap is called; it queues a struct sighting a segment                    \
                */

void taps_register(void);
void taps_segment(const struct tcpstate_record *record, const struct extracted *found);
void taps_advance(int64_t time);
void taps_forget(void);

struct follow *tap_connections_register(void);
struct follow *tap_census_register(void);
void tap_flow_register(void);
void tap_events_register(void);

void tap_log_register(void);
void tap_log_segment(const struct tcpstate_record *record, const struct extracted *found);
void tap_log_forget(void);

#endif
