/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Registers the preferences, keeps them in range, and turns them into the core's settings.
 */
#include "ws_compat.h"
#include "prefs.h"
#include "settings.h"

#include <epan/prefs.h>
#include <wsutil/report_message.h>

/* The values, written by Wireshark when the user changes them. Every one lives with the process. */
static struct settings_set numbers;
static ws_bool vlans_apart = TRUE;
static ws_bool transitions_in_info = FALSE;

/* What the capture at hand is judged and shown by, so that all its frames agree; written by
 * prefs_take(). */
static struct tcpstate_settings settings;
static bool vlans_are_apart;

static void
keep_in_range(const char *name, guint *value, guint standard, guint least, guint greatest)
{
    if (*value >= least && *value <= greatest)
        return;
    report_warning("tcpstate.%s must be from %u to %u, not %u: using %u", name, least, greatest,
                   *value, standard);
    *value = standard;
}

/* Wireshark calls this after a change and then dissects the capture again. */
static void
apply(void)
{
#define SETTING(name, title, unit, standard, least, greatest, description)                         \
    keep_in_range(#name, &numbers.name, standard, least, greatest);
#include "settings.def"
#undef SETTING
}

/* Registers the preferences of the protocol. Called once, at start-up. */
void
prefs_register(int proto)
{
    module_t *module = prefs_register_protocol(proto, apply);
    numbers = settings_standard;
#define SETTING(name, title, unit, standard, least, greatest, description)                         \
    prefs_register_uint_preference(module, #name, title " (" unit ")",                             \
                                   description " From " #least " to " #greatest ".", 10,           \
                                   &numbers.name);
#include "settings.def"
#undef SETTING
    prefs_register_bool_preference(module, "vlans_apart", "Tell VLANs apart",
                                   "The same addresses and ports on two VLANs are two connections; "
                                   "frames without a tag belong "
                                   "to the first of them. Turn this off when a router's two sides "
                                   "were captured into one file.",
                                   &vlans_apart);
    prefs_register_bool_preference(module, "transitions_in_info", "Transitions in the Info column",
                                   "Append the changes of state to the packet list's Info column.",
                                   &transitions_in_info);
}

/* A capture is about to be dissected: puts the preferences into force as they are now. Not every
 * program that changes one has Wireshark apply it (sharkd has not), so they are checked here too.
 */
void
prefs_take(void)
{
    apply();
    settings = settings_of(&numbers);
    vlans_are_apart = vlans_apart;
}

/* The settings that the core takes, times in nanoseconds: those of the capture at hand. */
const struct tcpstate_settings *
prefs_settings(void)
{
    return &settings;
}

bool
prefs_vlans_apart(void)
{
    return vlans_are_apart;
}

bool
prefs_transitions_in_info(void)
{
    return transitions_in_info;
}
