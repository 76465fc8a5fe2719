# SPDX-License-Identifier: GPL-2.0-or-later
#
# Removes what "cmake --install" put where this user's Wireshark finds it.

include(${CMAKE_CURRENT_LIST_DIR}/InstallDir.cmake)
set(TCPSTATE_INSTALLED $ENV{DESTDIR}${TCPSTATE_INSTALL_DIR}/tcpstate.so)
if(EXISTS ${TCPSTATE_INSTALLED})
    file(REMOVE ${TCPSTATE_INSTALLED})
    if(EXISTS ${TCPSTATE_INSTALLED})
        message(FATAL_ERROR "Could not remove ${TCPSTATE_INSTALLED}")
    endif()
    message(STATUS "Removed ${TCPSTATE_INSTALLED}")
else()
    message(STATUS "Not installed: ${TCPSTATE_INSTALLED}")
endif()
