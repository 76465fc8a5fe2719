# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command tcpstate. Of Wireshark it loads libwiretap and libwsutil.

file(GLOB TCPSTATE_COMMAND_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/*.c)
add_executable(tcpstate ${TCPSTATE_COMMAND_SOURCES})
target_link_libraries(tcpstate PRIVATE tcpstate_common)
target_compile_options(tcpstate PRIVATE ${TCPSTATE_WARNINGS}
    $<$<C_COMPILER_ID:GNU,Clang,AppleClang>:-Wconversion>)
target_compile_definitions(tcpstate PRIVATE TCPSTATE_VERSION="${PROJECT_VERSION}"
                           _DEFAULT_SOURCE)
set_target_properties(tcpstate PROPERTIES
    INTERPROCEDURAL_OPTIMIZATION ${TCPSTATE_LINK_TIME_OPTIMIZATION})
