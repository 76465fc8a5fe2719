/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The plugin's own statistics: what they register, and what they must be told.
 */
#ifndef TCPSTATE_TAPS_H
#define TCPSTATE_TAPS_H

#include <stdint.h>

void taps_register(void);
void taps_advance(int64_t time);
void taps_forget(void);

#endif
