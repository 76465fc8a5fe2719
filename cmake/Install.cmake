# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is installed, and where: two components, "command" and "plugin". The plugin and its profile go
# where Wireshark looks for them, which is not below every prefix.

option(TCPSTATE_PERSONAL "Install for yourself alone, below your home folder" OFF)

if(TCPSTATE_PERSONAL)
    if(CMAKE_INSTALL_PREFIX_INITIALIZED_TO_DEFAULT)
        set(CMAKE_INSTALL_PREFIX $ENV{HOME}/.local CACHE PATH "Where the command goes" FORCE)
    endif()
    set(plugins $ENV{HOME}/.local/lib/wireshark/plugins/${TCPSTATE_WIRESHARK_SERIES}/epan)
    set(profiles $ENV{HOME}/.config/wireshark/profiles)
    if(DEFINED ENV{XDG_CONFIG_HOME})
        set(profiles $ENV{XDG_CONFIG_HOME}/wireshark/profiles)
    endif()
else()
    set(plugins ${TCPSTATE_SYSTEM_PLUGIN_DIR}/epan)
    set(profiles ${TCPSTATE_SYSTEM_PROFILE_DIR})
endif()
include(GNUInstallDirs)

set(TCPSTATE_PLUGIN_DIR "" CACHE PATH "Install the plugin here, not where Wireshark looks for it")
set(TCPSTATE_PROFILE_DIR "" CACHE PATH "The same for its profile")
set(TCPSTATE_ZSH_DIR ${CMAKE_INSTALL_DATADIR}/zsh/site-functions CACHE STRING
    "Where zsh looks for completions")
if(TCPSTATE_PLUGIN_DIR)
    set(plugins ${TCPSTATE_PLUGIN_DIR})
endif()
if(TCPSTATE_PROFILE_DIR)
    set(profiles ${TCPSTATE_PROFILE_DIR})
endif()
# Below the prefix, a package may move it.
foreach(folder plugins profiles)
    string(REGEX REPLACE "^${CMAKE_INSTALL_PREFIX}/" "" ${folder} "${${folder}}")
endforeach()

install(TARGETS tcpstate_plugin LIBRARY DESTINATION ${plugins} COMPONENT plugin)
install(DIRECTORY "profile/TCP State" DESTINATION ${profiles} COMPONENT plugin)
install(TARGETS tcpstate RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT command)
set(TCPSTATE_PACKAGE_DOC "" CACHE PATH "For packages: copyright, changelog.gz, tcpstate.1.gz")
set(manual cli/tcpstate.1)
if(TCPSTATE_PACKAGE_DOC)
    set(manual ${TCPSTATE_PACKAGE_DOC}/tcpstate.1.gz)
endif()
install(FILES ${manual} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT command)
install(FILES cli/complete/tcpstate.bash RENAME tcpstate COMPONENT command
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES cli/complete/_tcpstate DESTINATION ${TCPSTATE_ZSH_DIR} COMPONENT command)

add_custom_target(uninstall
    COMMAND ${CMAKE_COMMAND} -P ${CMAKE_CURRENT_SOURCE_DIR}/cmake/Uninstall.cmake
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}
    COMMENT "Removing what was installed from here"
    VERBATIM)
