# SPDX-License-Identifier: GPL-3.0-or-later
# Rooms on floors. A room is one folder; its target is room_<folder with _ for />.
#
#   cloudie_room(lib/doc FLOOR 1 USES lib/base LIBS jansson SOURCES value.c ...)
#   cloudie_program(cloudied ROOM controller SOURCES main.c)
#   cloudie_tests(lib/doc value ...)      test_value.c beside value.c, with cmocka
#   cloudie_fuzz(lib/doc value ...)       fuzz_value.c beside value.c
#
# FLOOR is a number, or PROGRAM: a program room is used by nobody, except that
# an inner room (controller/store) may be used by the room that it lies in.
# Every line of USES must name a room of a lower floor, or configuring fails.

function(cloudie_target name ret)
    string(REPLACE "/" "_" flat "${name}")
    set(${ret} "room_${flat}" PARENT_SCOPE)
endfunction()

# A folder that holds one room, and its inner rooms.
function(cloudie_add_room name)
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${name}/CMakeLists.txt")
        message(FATAL_ERROR "room '${name}' has no CMakeLists.txt")
    endif()
    add_subdirectory(${name})
endfunction()

function(cloudie_check_use room floor below)
    cloudie_target(${below} target)
    if(NOT TARGET ${target})
        message(FATAL_ERROR "room '${room}' uses '${below}', which is not below it")
    endif()
    get_property(below_floor TARGET ${target} PROPERTY CLOUDIE_FLOOR)
    string(FIND "${below}" "${room}/" inner)
    if(inner EQUAL 0)
        return()
    endif()
    if(below_floor STREQUAL "PROGRAM")
        # Inner rooms of one house may stand on one another; the order of
        # add_subdirectory() keeps circles out.
        get_filename_component(below_house "${below}" DIRECTORY)
        get_filename_component(house "${room}" DIRECTORY)
        if(below_house STREQUAL "" OR NOT below_house STREQUAL house)
            message(FATAL_ERROR "room '${room}' uses '${below}', a program room: programs meet on the wire")
        endif()
    elseif(NOT floor STREQUAL "PROGRAM" AND NOT below_floor LESS floor)
        message(FATAL_ERROR "room '${room}' (floor ${floor}) uses '${below}' (floor ${below_floor}), which is not below it")
    endif()
endfunction()

function(cloudie_room name)
    cmake_parse_arguments(ARG "" "FLOOR" "USES;LIBS;SOURCES" ${ARGN})
    if(ARG_UNPARSED_ARGUMENTS OR NOT DEFINED ARG_FLOOR OR NOT ARG_SOURCES)
        message(FATAL_ERROR "cloudie_room(${name}): FLOOR and SOURCES are needed; not understood: '${ARG_UNPARSED_ARGUMENTS}'")
    endif()
    if(NOT ARG_FLOOR MATCHES "^([0-9]+|PROGRAM)$")
        message(FATAL_ERROR "cloudie_room(${name}): FLOOR is a number or PROGRAM, not '${ARG_FLOOR}'")
    endif()
    cloudie_target(${name} target)
    add_library(${target} STATIC ${ARG_SOURCES})
    set_property(TARGET ${target} PROPERTY CLOUDIE_FLOOR ${ARG_FLOOR})
    target_link_libraries(${target} PUBLIC cloudie_flags)
    foreach(lib IN LISTS ARG_LIBS)
        if(NOT TARGET lib_${lib})
            message(FATAL_ERROR "room '${name}' asks for library '${lib}', which cmake/Libraries.cmake does not define")
        endif()
        target_link_libraries(${target} PRIVATE lib_${lib})
    endforeach()
    foreach(below IN LISTS ARG_USES)
        cloudie_check_use(${name} ${ARG_FLOOR} ${below})
        cloudie_target(${below} below_target)
        target_link_libraries(${target} PUBLIC ${below_target})
    endforeach()
    list(JOIN ARG_USES " " uses)
    list(JOIN ARG_LIBS " " libs)
    set_property(GLOBAL APPEND PROPERTY CLOUDIE_ROOMS "${name}:${ARG_FLOOR}:${uses}:${libs}")
endfunction()

# One program of a room. It is built by the target of its name into bin/ of the
# build folder, and installed into sbin, or bin with USER; by the package
# "cloudie", or the one that PACKAGE names (cmake/Package.cmake).
function(cloudie_program name)
    cmake_parse_arguments(ARG "USER" "ROOM;PACKAGE" "SOURCES" ${ARGN})
    if(NOT ARG_PACKAGE)
        set(ARG_PACKAGE cloudie)
    endif()
    cloudie_target(${ARG_ROOM} target)
    add_executable(${name} ${ARG_SOURCES})
    target_link_libraries(${name} PRIVATE ${target})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
    if(CLOUDIE_RAMDISK)
        # Stripped: every byte travels over TFTP. The release build has the same code with symbols.
        target_link_options(${name} PRIVATE -static -s -Wl,--gc-sections)
        set_property(GLOBAL APPEND PROPERTY CLOUDIE_RAMDISK_PROGRAMS ${name})
    elseif(ARG_USER)
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
            COMPONENT ${ARG_PACKAGE})
    else()
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_SBINDIR}
            COMPONENT ${ARG_PACKAGE})
    endif()
endfunction()

function(cloudie_tests room)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cloudie_target(${room} target)
    string(REPLACE "/" "_" flat "${room}")
    foreach(name IN LISTS ARGN)
        add_executable(test_${flat}_${name} test_${name}.c)
        target_link_libraries(test_${flat}_${name} PRIVATE ${target} lib_cmocka)
        add_test(NAME ${room}.${name} COMMAND test_${flat}_${name})
        set_tests_properties(${room}.${name} PROPERTIES LABELS "unit" TIMEOUT 180
            ENVIRONMENT "CLOUDIE_SOURCE=${PROJECT_SOURCE_DIR};CLOUDIE_BUILD=${CMAKE_BINARY_DIR}")
    endforeach()
endfunction()

# Without libFuzzer the same file is linked with a small driver that replays the
# stored inputs, so that every build runs them; with CLOUDIE_FUZZ_BUILD the
# targets of that build run as well. libFuzzer writes what it finds into the
# first folder: never the committed one.
set(CLOUDIE_FUZZ_SECONDS 10 CACHE STRING "Seconds that each fuzz target runs")
add_custom_target(fuzzers)

function(cloudie_fuzz_test test program flat)
    set(grown "${CMAKE_BINARY_DIR}/corpus/${flat}")
    set(found "${CMAKE_BINARY_DIR}/findings/${flat}-")
    file(MAKE_DIRECTORY "${grown}" "${CMAKE_BINARY_DIR}/findings")
    add_test(NAME ${test} COMMAND ${program} -timeout=5 -rss_limit_mb=1024 -verbosity=0
             -max_total_time=${CLOUDIE_FUZZ_SECONDS} -print_final_stats=1 -artifact_prefix=${found}
             "${grown}" "${PROJECT_SOURCE_DIR}/tests/fuzz/${flat}")
    math(EXPR limit "${CLOUDIE_FUZZ_SECONDS} + 60")
    set_tests_properties(${test} PROPERTIES LABELS fuzz TIMEOUT ${limit})
endfunction()

function(cloudie_fuzz room)
    if(NOT BUILD_TESTING)
        return()
    endif()
    cloudie_target(${room} target)
    string(REPLACE "/" "_" flat "${room}")
    file(RELATIVE_PATH folder "${CMAKE_BINARY_DIR}" "${CMAKE_CURRENT_BINARY_DIR}")
    foreach(name IN LISTS ARGN)
        set(t fuzz_${flat}_${name})
        add_executable(${t} fuzz_${name}.c
            $<$<NOT:$<BOOL:${CLOUDIE_FUZZ}>>:${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c>)
        target_link_libraries(${t} PRIVATE ${target})
        if(CLOUDIE_FUZZ)
            add_dependencies(fuzzers ${t})
            target_link_options(${t} PRIVATE -fsanitize=fuzzer)
            cloudie_fuzz_test(fuzz.${room}.${name} ${t} ${flat}_${name})
            continue()
        endif()
        add_test(NAME replay.${room}.${name}
                 COMMAND ${t} "${PROJECT_SOURCE_DIR}/tests/fuzz/${flat}_${name}")
        set_tests_properties(replay.${room}.${name} PROPERTIES LABELS unit TIMEOUT 60)
        if(CLOUDIE_FUZZ_BUILD)
            cloudie_fuzz_test(fuzz.${room}.${name} "${CLOUDIE_FUZZ_BUILD}/${folder}/${t}" ${flat}_${name})
        endif()
    endforeach()
endfunction()
