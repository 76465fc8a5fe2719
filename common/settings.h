/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the user may set, in the units in which it is set.
 */
#ifndef TCPSTATE_SETTINGS_H
#define TCPSTATE_SETTINGS_H

#include "tcpstate.h"

struct settings_set {
#define SETTING(name, title, unit, standard, least, greatest, description) unsigned name;
#include "settings.def"
#undef SETTING
};

extern const struct settings_set settings_standard;

struct tcpstate_settings settings_of(const struct settings_set *set);

#endif
