/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The symbols that Wireshark looks for in a plugin.
 */
#include "ws_compat.h"
#include "packet-tcpstate.h"

#define KIND_DISSECTOR 1 /* a bit of plugin_describe() */

WS_DLL_PUBLIC_DEF const char plugin_version[] = TCPSTATE_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC void plugin_register(void);
WS_DLL_PUBLIC uint32_t plugin_describe(void);

/* Hands the two registration routines to Wireshark. */
void
plugin_register(void)
{
    static proto_plugin plugin = {proto_register_tcpstate, proto_reg_handoff_tcpstate};
    proto_register_plugin(&plugin);
}

/* Says what kind of plugin this is: a dissector. Asked for by 4.4. */
uint32_t
plugin_describe(void)
{
    return KIND_DISSECTOR;
}
