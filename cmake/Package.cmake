# SPDX-License-Identifier: GPL-2.0-or-later
#
# Debian packages, one per component, by cpack: scripts/package makes them. The plugin loads only into
# the major.minor of Wireshark that it was built for, and its package depends on just that.

if(NOT TCPSTATE_PACKAGE_DOC)
    return()
endif()
foreach(component command plugin)
    set(name tcpstate)
    if(component STREQUAL plugin)
        set(name wireshark-plugin-tcpstate)
    endif()
    install(FILES ${TCPSTATE_PACKAGE_DOC}/copyright ${TCPSTATE_PACKAGE_DOC}/changelog.gz
            DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endforeach()

string(REGEX MATCH "^([0-9]+)\\.([0-9]+)" series ${TCPSTATE_WIRESHARK_VERSION})
math(EXPR next "${CMAKE_MATCH_2} + 1")
set(next ${CMAKE_MATCH_1}.${next})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TCP connection states of captures, by RFC 9293")
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL command plugin)
set(CPACK_COMPONENTS_GROUPING IGNORE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_PACKAGE_CONTACT "The tcpstate developers <tcpstate@localhost>")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_COMMAND_PACKAGE_NAME tcpstate)
set(CPACK_DEBIAN_COMMAND_DESCRIPTION "Reads captures of any size and prints a row for each TCP connection: the
RFC 9293 states of both endpoints, who closed it and how, why it was reset, how
long each part took, and what happened in plain sentences.")

set(CPACK_DEBIAN_PLUGIN_PACKAGE_NAME wireshark-plugin-tcpstate)
set(CPACK_DEBIAN_PLUGIN_PACKAGE_DEPENDS
    "tshark (>= ${series}) | wireshark (>= ${series}), wireshark-common (>= ${series}), wireshark-common (<< ${next}~)")
set(CPACK_DEBIAN_PLUGIN_PACKAGE_SUGGESTS tcpstate)
set(CPACK_DEBIAN_PLUGIN_DESCRIPTION "A plugin for Wireshark ${series} that says on every TCP packet in which RFC
9293 state each of the two endpoints is, how the connection was opened and
closed, by whom, and what went wrong. With a profile of columns, colours and
filter buttons.")
include(CPack)
