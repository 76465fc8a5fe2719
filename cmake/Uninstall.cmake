# SPDX-License-Identifier: GPL-2.0-or-later
#
# Removes what "cmake --install" put somewhere, by the lists that it left in the build folder, which
# is the working directory.

file(GLOB manifests ${CMAKE_BINARY_DIR}/install_manifest*.txt)
if(NOT manifests)
    message(STATUS "Nothing was installed from ${CMAKE_BINARY_DIR}")
endif()
foreach(manifest ${manifests})
    file(STRINGS ${manifest} files)
    foreach(file ${files})
        set(file "$ENV{DESTDIR}${file}")
        if(NOT EXISTS "${file}")
            message(STATUS "Not installed: ${file}")
            continue()
        endif()
        file(REMOVE "${file}")
        if(EXISTS "${file}")
            message(FATAL_ERROR "Could not remove ${file}")
        endif()
        message(STATUS "Removed ${file}")
        # The profile's folder is ours; what its user added to it stays.
        get_filename_component(folder "${file}" DIRECTORY)
        file(GLOB left "${folder}/*")
        if(folder MATCHES "/TCP State$" AND NOT left)
            file(REMOVE_RECURSE "${folder}")
        endif()
    endforeach()
endforeach()
