# SPDX-License-Identifier: GPL-2.0-or-later
#
# The command tcpstate, and where it is installed. Of Wireshark it loads libwiretap and libwsutil.


file(GLOB TCPSTATE_COMMAND_SOURCES CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cli/*.c)
add_executable(tcpstate ${TCPSTATE_COMMAND_SOURCES})
target_link_libraries(tcpstate PRIVATE tcpstate_common)
target_compile_options(tcpstate PRIVATE ${TCPSTATE_WARNINGS} -Wconversion)
target_compile_definitions(tcpstate PRIVATE TCPSTATE_VERSION="${PROJECT_VERSION}"
                           _POSIX_C_SOURCE=200809L)
set_target_properties(tcpstate PROPERTIES
    INTERPROCEDURAL_OPTIMIZATION ${TCPSTATE_LINK_TIME_OPTIMIZATION})

# As with the plugin, who installs is known only when it happens.
set(TCPSTATE_COMMAND_FILES
    "bin|$<TARGET_FILE:tcpstate>|tcpstate"
    "share/man/man1|${CMAKE_CURRENT_SOURCE_DIR}/cli/tcpstate.1|tcpstate.1"
    "share/bash-completion/completions|${CMAKE_CURRENT_SOURCE_DIR}/cli/complete/tcpstate.bash|tcpstate"
    "share/zsh/site-functions|${CMAKE_CURRENT_SOURCE_DIR}/cli/complete/_tcpstate|_tcpstate")
install(CODE "
    include(\"${CMAKE_CURRENT_SOURCE_DIR}/cmake/InstallDir.cmake\")
    foreach(entry ${TCPSTATE_COMMAND_FILES})
        string(REPLACE \"|\" \";\" parts \"\${entry}\")
        list(GET parts 0 folder)
        list(GET parts 1 source)
        list(GET parts 2 name)
        file(INSTALL DESTINATION \"\${TCPSTATE_PREFIX}/\${folder}\" TYPE FILE USE_SOURCE_PERMISSIONS
             FILES \"\${source}\" RENAME \"\${name}\")
    endforeach()
")
