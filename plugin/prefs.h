/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the user may set.
 */
#ifndef TCPSTATE_PREFS_H
#define TCPSTATE_PREFS_H

#include <stdbool.h>

#include "tcpstate.h"

void prefs_register(int proto);
void prefs_take(void);
const struct tcpstate_settings *prefs_settings(void);
bool prefs_vlans_apart(void);
bool prefs_transitions_in_info(void);

#endif
