/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Registers the preferences, keeps them in range, and turns them into the core's settings.
 */
#include "ws_compat.h"
#include "prefs.h"

#include <epan/prefs.h>
#include <wsutil/report_message.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND (1000 * MILLISECOND)

/* clang-format off */
/*  variable and name, title, unit, default, least, greatest, description */
#define NUMBERS(X) \
    X(msl, "Maximum segment lifetime", "seconds", 30, 1, 600, \
      "TIME_WAIT lasts two of these. RFC 9293 says 120 seconds, Linux behaves as if it were 30.") \
    X(stuck, "A close is stuck after", "seconds", 60, 1, 86400, \
      "An endpoint that waits longer than this for the other side's FIN gets a warning.") \
    X(idle, "A connection is idle after", "seconds", 60, 1, 86400, \
      "A reset after a silence longer than this is put down to a time-out.") \
    X(slow, "A step is slow after", "milliseconds", 3000, 1, 3600000, \
      "A step of the handshake or of the close that takes longer than this is worth a note.") \
    X(storm, "A storm is more than", "per second", 20, 1, 1000000, \
      "More resets, or more FINs, than this within one second are a storm.") \
    X(copy, "Copies of a packet lie within", "milliseconds", 1, 0, 1000, \
      "An identical packet captured again within this time is the same packet. 0 looks for none.") \
    X(reorder, "Captured disorder up to", "milliseconds", 1, 0, 1000, \
      "Segments captured within this time may have passed the other way round. " \
      "0: the capture's order is the wire's.")
/* clang-format on */

/* The values, written by Wireshark when the user changes them. Every one lives with the process. */
#define X(name, title, unit, standard, least, greatest, description) static guint name = standard;
NUMBERS(X)
#undef X
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
#define X(name, title, unit, standard, least, greatest, description)                               \
    keep_in_range(#name, &name, standard, least, greatest);
    NUMBERS(X)
#undef X
}

/* Registers the preferences of the protocol. Called once, at start-up. */
void
prefs_register(int proto)
{
    module_t *module = prefs_register_protocol(proto, apply);
#define X(name, title, unit, standard, least, greatest, description)                               \
    prefs_register_uint_preference(module, #name, title " (" unit ")",                             \
                                   description " From " #least " to " #greatest ".", 10, &name);
    NUMBERS(X)
#undef X
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
    settings = (struct tcpstate_settings){
        .msl = msl * SECOND,
        .stuck = stuck * SECOND,
        .idle = idle * SECOND,
        .copy = copy * MILLISECOND,
        .reorder = reorder * MILLISECOND,
        .slow = slow * MILLISECOND,
        .storm = storm,
    };
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
