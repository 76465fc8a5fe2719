/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The list of the plugin's statistics.
 */
#include "taps.h"

/* Registers every statistic. Called once, at start-up. */
void
taps_register(void)
{
}

/* Tells the statistics how far the capture was read, nanoseconds since the epoch. */
void
taps_advance(int64_t time)
{
    (void)time;
}

/* The capture is closed: forget its connections. */
void
taps_forget(void)
{
}
