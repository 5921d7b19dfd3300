# SPDX-License-Identifier: GPL-3.0-or-later
# The target "ramdisk": the static programs, stripped, in the folder programs/,
# as `cloudie-mkimage netboot --programs` takes them.
get_property(programs GLOBAL PROPERTY CLOUDIE_RAMDISK_PROGRAMS)
set(stripped)
foreach(program IN LISTS programs)
    set(to "${CMAKE_BINARY_DIR}/programs/${program}")
    add_custom_command(OUTPUT "${to}" DEPENDS ${program}
        COMMAND ${CMAKE_COMMAND} -E make_directory "${CMAKE_BINARY_DIR}/programs"
        COMMAND ${CMAKE_STRIP} -o "${to}" "$<TARGET_FILE:${program}>"
        COMMENT "Stripping ${program}" VERBATIM)
    list(APPEND stripped "${to}")
endforeach()
add_custom_target(ramdisk DEPENDS ${stripped})
