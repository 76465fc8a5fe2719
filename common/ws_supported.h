/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which versions of Wireshark's libraries there is code for, and how the code asks for one.
 */
#ifndef TCPSTATE_WS_SUPPORTED_H
#define TCPSTATE_WS_SUPPORTED_H

#include <ws_version.h>

#define WS_VERSION_AT_LEAST(major, minor)                                                          \
    (WIRESHARK_VERSION_MAJOR > (major) ||                                                          \
     (WIRESHARK_VERSION_MAJOR == (major) && WIRESHARK_VERSION_MINOR >= (minor)))

#if !WS_VERSION_AT_LEAST(4, 0)
#error "tcpstate needs Wireshark 4.0 or newer"
#elif WS_VERSION_AT_LEAST(4, 7)
/* Not #warning, which -Werror would turn into an error, and which not every compiler takes. */
#pragma message("tcpstate was tried with Wireshark 4.0 to 4.6: this one is newer")
#endif

#endif
