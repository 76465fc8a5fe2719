# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin's module, and where it is installed.

file(GLOB TCPSTATE_PLUGIN_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plugin/*.c)
add_library(tcpstate_plugin MODULE ${TCPSTATE_PLUGIN_SOURCES})
target_link_libraries(tcpstate_plugin PRIVATE tcpstate_common tcpstate_core tcpstate_wireshark)
target_compile_options(tcpstate_plugin PRIVATE ${TCPSTATE_WARNINGS})
target_compile_definitions(tcpstate_plugin PRIVATE TCPSTATE_VERSION="${PROJECT_VERSION}")

# The build tree has Wireshark's own layout, so WIRESHARK_PLUGIN_DIR=build/plugins loads it.
set_target_properties(tcpstate_plugin PROPERTIES
    PREFIX ""
    OUTPUT_NAME tcpstate
    SUFFIX ".so"
    INTERPROCEDURAL_OPTIMIZATION ${TCPSTATE_LINK_TIME_OPTIMIZATION}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins/${TCPSTATE_WIRESHARK_SERIES}/epan)

set(TCPSTATE_PLUGIN_DIR "" CACHE PATH
    "Install here instead of Wireshark's system folder (as root) or the personal one")

# Who installs is known only when it happens: root's Wireshark reads the system folder alone, and
# anybody else may write only the personal one.
install(CODE "
    set(TCPSTATE_PLUGIN_DIR \"${TCPSTATE_PLUGIN_DIR}\")
    set(TCPSTATE_SYSTEM_PLUGIN_DIR \"${TCPSTATE_SYSTEM_PLUGIN_DIR}\")
    set(TCPSTATE_WIRESHARK_SERIES \"${TCPSTATE_WIRESHARK_SERIES}\")
    include(\"${CMAKE_CURRENT_SOURCE_DIR}/cmake/InstallDir.cmake\")
    file(INSTALL DESTINATION \"\${TCPSTATE_INSTALL_DIR}\" TYPE MODULE
         FILES \"$<TARGET_FILE:tcpstate_plugin>\")
    message(STATUS \"Installed for Wireshark ${TCPSTATE_WIRESHARK_SERIES}: \"
            \"\$ENV{DESTDIR}\${TCPSTATE_INSTALL_DIR}/tcpstate.so\")
")

add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND}
        -DTCPSTATE_PLUGIN_DIR=${TCPSTATE_PLUGIN_DIR}
        -DTCPSTATE_SYSTEM_PLUGIN_DIR=${TCPSTATE_SYSTEM_PLUGIN_DIR}
        -DTCPSTATE_WIRESHARK_SERIES=${TCPSTATE_WIRESHARK_SERIES}
        -DCMAKE_INSTALL_PREFIX=${CMAKE_INSTALL_PREFIX}
        -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/Uninstall.cmake
    COMMENT "Removing the installed plugin and command"
    VERBATIM)
