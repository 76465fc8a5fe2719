# SPDX-License-Identifier: GPL-2.0-or-later
#
# A connection's row as text, for the plugin and the command.

file(GLOB TCPSTATE_ROWS_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/rows/*.c)
add_library(tcpstate_rows STATIC ${TCPSTATE_ROWS_SOURCES})
target_include_directories(tcpstate_rows PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/rows)
target_link_libraries(tcpstate_rows PUBLIC tcpstate_core tcpstate_wiretap)
target_compile_options(tcpstate_rows PRIVATE ${TCPSTATE_WARNINGS})
target_compile_definitions(tcpstate_rows PRIVATE _POSIX_C_SOURCE=200809L)
set_target_properties(tcpstate_rows PROPERTIES POSITION_INDEPENDENT_CODE ON)
