/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the user may set: the standard values, and what the core makes of them.
 */
#include "settings.h"

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

const struct settings_set settings_standard = {
#define SETTING(name, title, unit, standard, least, greatest, description) .name = (standard),
#include "settings.def"
#undef SETTING
};

/* The settings that the core takes, times in nanoseconds. */
struct tcpstate_settings
settings_of(const struct settings_set *set)
{
    return (struct tcpstate_settings){
        .msl = set->msl * SECOND,
        .stuck = set->stuck * SECOND,
        .idle = set->idle * SECOND,
        .copy = set->copy * MILLISECOND,
        .reorder = set->reorder * MILLISECOND,
        .slow = set->slow * MILLISECOND,
        .storm = set->storm,
    };
}
