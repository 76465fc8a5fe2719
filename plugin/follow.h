/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keeps a statistic's rows, one per connection, right up to the end of the capture.
 */
#ifndef TCPSTATE_FOLLOW_H
#define TCPSTATE_FOLLOW_H

#include "timeline.h"

/* A statistic that shows how connections stand at the end of the capture. Wireshark calls it per
 * packet and then prints, without a call in between, so its rows must be right after every packet:
 * also of connections whose later packets its filter drops, or whose TIME_WAIT ends in silence. */
struct follow {
    void (*update)(const struct connection *connection, uint32_t row, int64_t end);
    uint32_t row_count; /* written by follow_add() and follow_forget() */
    GArray *row_of;     /* uint32_t by connection index: the row + 1, or 0 */
    GQueue expiries;    /* of struct expiry, the next first */
};

void follow_add(struct follow *follow, const struct connection *connection);
void follow_segment(struct follow *follow, const struct connection *connection);
void follow_advance(struct follow *follow, int64_t time);
void follow_forget(struct follow *follow);

#endif
