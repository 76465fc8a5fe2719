# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the plugin and the command share: settings, and a connection's row as text.

file(GLOB TCPSTATE_COMMON_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/common/*.c)
add_library(tcpstate_common STATIC ${TCPSTATE_COMMON_SOURCES})
target_include_directories(tcpstate_common PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/common)
target_link_libraries(tcpstate_common PUBLIC tcpstate_core tcpstate_wiretap)
target_compile_options(tcpstate_common PRIVATE ${TCPSTATE_WARNINGS})
target_compile_definitions(tcpstate_common PRIVATE _POSIX_C_SOURCE=200809L)
set_target_properties(tcpstate_common PROPERTIES POSITION_INDEPENDENT_CODE ON)
