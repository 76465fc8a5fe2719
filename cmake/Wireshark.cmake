# SPDX-License-Identifier: GPL-2.0-or-later
#
# Finds Wireshark's development files and describes them the same way whichever way they were
# found: targets tcpstate_wireshark and tcpstate_wiretap (which reads captures and knows no protocol),
# TCPSTATE_WIRESHARK_VERSION, TCPSTATE_SYSTEM_PLUGIN_DIR, TCPSTATE_SYSTEM_PROFILE_DIR.
#
# Distributions differ: some put Wireshark's CMake files into a package of its own (Debian:
# wireshark-dev), so pkg-config is asked when they are not there.

set(TCPSTATE_WIRESHARK_HELP
    "On Debian or Ubuntu: apt-get install libwireshark-dev libglib2.0-dev pkg-config\n"
    "  On Fedora: dnf install wireshark-devel glib2-devel\n"
    "  To build the core and its tests only: cmake -DTCPSTATE_PLUGIN=OFF")
string(CONCAT TCPSTATE_WIRESHARK_HELP ${TCPSTATE_WIRESHARK_HELP})

add_library(tcpstate_wireshark INTERFACE)
add_library(tcpstate_wiretap INTERFACE)

find_package(Wireshark CONFIG QUIET)
if(Wireshark_FOUND)
    set(TCPSTATE_WIRESHARK_VERSION ${Wireshark_VERSION})
    set(TCPSTATE_SYSTEM_PLUGIN_DIR ${Wireshark_PLUGIN_INSTALL_DIR})
    set(TCPSTATE_WIRESHARK_PREFIX ${Wireshark_INSTALL_PREFIX})
    target_link_libraries(tcpstate_wireshark INTERFACE epan)
    target_link_libraries(tcpstate_wiretap INTERFACE wiretap wsutil)
    # Wireshark says of libwireshark alone where the headers of all its libraries are.
    target_include_directories(tcpstate_wiretap SYSTEM INTERFACE
        $<TARGET_PROPERTY:epan,INTERFACE_INCLUDE_DIRECTORIES>)
else()
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(TCPSTATE_WIRESHARK QUIET IMPORTED_TARGET wireshark)
    endif()
    if(NOT TCPSTATE_WIRESHARK_FOUND)
        message(FATAL_ERROR "Wireshark's development files were not found.\n"
                            "  ${TCPSTATE_WIRESHARK_HELP}")
    endif()
    pkg_get_variable(TCPSTATE_SYSTEM_PLUGIN_DIR wireshark plugindir)
    pkg_get_variable(TCPSTATE_WIRESHARK_PREFIX wireshark prefix)
    target_link_libraries(tcpstate_wireshark INTERFACE PkgConfig::TCPSTATE_WIRESHARK)
    pkg_check_modules(TCPSTATE_GLIB REQUIRED IMPORTED_TARGET glib-2.0)
    foreach(library wiretap wsutil)
        find_library(TCPSTATE_LIB_${library} ${library} REQUIRED
                     HINTS ${TCPSTATE_WIRESHARK_LIBRARY_DIRS})
        target_link_libraries(tcpstate_wiretap INTERFACE ${TCPSTATE_LIB_${library}})
    endforeach()
    target_include_directories(tcpstate_wiretap SYSTEM INTERFACE ${TCPSTATE_WIRESHARK_INCLUDE_DIRS})
    target_link_libraries(tcpstate_wiretap INTERFACE PkgConfig::TCPSTATE_GLIB)
endif()

if(NOT TCPSTATE_WIRESHARK_PREFIX)
    set(TCPSTATE_WIRESHARK_PREFIX /usr)
endif()
set(TCPSTATE_SYSTEM_PROFILE_DIR ${TCPSTATE_WIRESHARK_PREFIX}/share/wireshark/profiles)

if(TCPSTATE_WIRESHARK_VERSION VERSION_LESS 4.0)
    message(FATAL_ERROR "Wireshark ${TCPSTATE_WIRESHARK_VERSION} is too old: tcpstate needs 4.0.\n"
                        "  ${TCPSTATE_WIRESHARK_HELP}")
endif()

# A plugin loads only into the major.minor it was built for, so its folders are named after it.
string(REGEX MATCH "^[0-9]+\\.[0-9]+" TCPSTATE_WIRESHARK_SERIES ${TCPSTATE_WIRESHARK_VERSION})
message(STATUS "Wireshark ${TCPSTATE_WIRESHARK_VERSION}, plugins in ${TCPSTATE_SYSTEM_PLUGIN_DIR}")
