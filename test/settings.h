/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The settings with which the tests call the core: those of the plugin's preferences as they are
 * before anybody changes them (plugin/prefs.c).
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "tcpstate.h"

#define SETTINGS_SECOND INT64_C(1000000000)

static const struct tcpstate_settings settings = {
    .msl = 30 * SETTINGS_SECOND,
    .stuck = 60 * SETTINGS_SECOND,
    .idle = 60 * SETTINGS_SECOND,
    .copy = SETTINGS_SECOND / 1000,
    .reorder = SETTINGS_SECOND / 1000,
    .slow = 3 * SETTINGS_SECOND,
    .storm = 20,
};

#endif
