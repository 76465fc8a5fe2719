# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sets TCPSTATE_INSTALL_DIR, the folder from which this user's Wireshark loads plugins, and
# TCPSTATE_PREFIX, below which this user installs commands, unless CMAKE_INSTALL_PREFIX says another.
# Reads TCPSTATE_PLUGIN_DIR, TCPSTATE_SYSTEM_PLUGIN_DIR and TCPSTATE_WIRESHARK_SERIES.

execute_process(COMMAND id -u OUTPUT_VARIABLE TCPSTATE_UID OUTPUT_STRIP_TRAILING_WHITESPACE)
if(TCPSTATE_PLUGIN_DIR)
    set(TCPSTATE_INSTALL_DIR ${TCPSTATE_PLUGIN_DIR})
elseif(TCPSTATE_UID STREQUAL "0")
    set(TCPSTATE_INSTALL_DIR ${TCPSTATE_SYSTEM_PLUGIN_DIR}/epan)
else()
    set(TCPSTATE_INSTALL_DIR
        $ENV{HOME}/.local/lib/wireshark/plugins/${TCPSTATE_WIRESHARK_SERIES}/epan)
endif()

set(TCPSTATE_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT TCPSTATE_PREFIX)
    set(TCPSTATE_PREFIX /usr/local)
endif()
if(TCPSTATE_PREFIX STREQUAL "/usr/local" AND NOT TCPSTATE_UID STREQUAL "0")
    set(TCPSTATE_PREFIX $ENV{HOME}/.local)
endif()
