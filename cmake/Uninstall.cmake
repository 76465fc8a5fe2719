# SPDX-License-Identifier: GPL-2.0-or-later
#
# Removes what "cmake --install" put where this user and this user's Wireshark find it.

include(${CMAKE_CURRENT_LIST_DIR}/InstallDir.cmake)
foreach(TCPSTATE_INSTALLED
        ${TCPSTATE_INSTALL_DIR}/tcpstate.so ${TCPSTATE_PREFIX}/bin/tcpstate
        ${TCPSTATE_PREFIX}/share/man/man1/tcpstate.1
        ${TCPSTATE_PREFIX}/share/bash-completion/completions/tcpstate
        ${TCPSTATE_PREFIX}/share/zsh/site-functions/_tcpstate)
    set(TCPSTATE_INSTALLED $ENV{DESTDIR}${TCPSTATE_INSTALLED})
    if(NOT EXISTS ${TCPSTATE_INSTALLED})
        message(STATUS "Not installed: ${TCPSTATE_INSTALLED}")
        continue()
    endif()
    file(REMOVE ${TCPSTATE_INSTALLED})
    if(EXISTS ${TCPSTATE_INSTALLED})
        message(FATAL_ERROR "Could not remove ${TCPSTATE_INSTALLED}")
    endif()
    message(STATUS "Removed ${TCPSTATE_INSTALLED}")
endforeach()
