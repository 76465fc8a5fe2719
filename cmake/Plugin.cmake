# SPDX-License-Identifier: GPL-2.0-or-later
#
# The plugin's module.

file(GLOB TCPSTATE_PLUGIN_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/plugin/*.c)
add_library(tcpstate_plugin MODULE ${TCPSTATE_PLUGIN_SOURCES})
target_link_libraries(tcpstate_plugin PRIVATE tcpstate_common tcpstate_core tcpstate_wireshark)
target_compile_options(tcpstate_plugin PRIVATE ${TCPSTATE_WARNINGS})
target_compile_definitions(tcpstate_plugin PRIVATE TCPSTATE_VERSION="${PROJECT_VERSION}")

# The build tree has Wireshark's own layout, so WIRESHARK_PLUGIN_DIR=build/plugins loads it.
set_target_properties(tcpstate_plugin PROPERTIES
    PREFIX ""
    OUTPUT_NAME tcpstate
    INTERPROCEDURAL_OPTIMIZATION ${TCPSTATE_LINK_TIME_OPTIMIZATION}
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins/${TCPSTATE_WIRESHARK_SERIES}/epan)
