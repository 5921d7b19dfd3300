# SPDX-License-Identifier: GPL-3.0-or-later
# Third-party libraries by short name: cloudie_library(NAME PKGCONFIG) defines
# the target lib_NAME. Which room may include which header stands in
# tests/rooms/headers.txt; the check compares.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

if(CLOUDIE_RAMDISK)
    if(NOT EXISTS "${CLOUDIE_STATIC_CURL}/lib/pkgconfig/libcurl.pc")
        message(FATAL_ERROR "no static libcurl in ${CLOUDIE_STATIC_CURL}: run tools/static-curl.sh first")
    endif()
    set(ENV{PKG_CONFIG_PATH} "${CLOUDIE_STATIC_CURL}/lib/pkgconfig")
endif()

function(cloudie_library name module)
    pkg_check_modules(pc_${name} REQUIRED ${module})
    add_library(lib_${name} INTERFACE)
    if(CLOUDIE_RAMDISK)
        # Not STATIC_LDFLAGS: a folder with a blank in its name would be two words there.
        target_link_directories(lib_${name} INTERFACE ${pc_${name}_STATIC_LIBRARY_DIRS})
        target_link_libraries(lib_${name} INTERFACE
            ${pc_${name}_STATIC_LIBRARIES} ${pc_${name}_STATIC_LDFLAGS_OTHER})
        target_include_directories(lib_${name} SYSTEM INTERFACE ${pc_${name}_STATIC_INCLUDE_DIRS})
    else()
        target_link_libraries(lib_${name} INTERFACE ${pc_${name}_LDFLAGS})
        target_include_directories(lib_${name} SYSTEM INTERFACE ${pc_${name}_INCLUDE_DIRS})
    endif()
endfunction()

cloudie_library(jansson jansson)
cloudie_library(crypto libcrypto)
cloudie_library(curl libcurl)
cloudie_library(blkid blkid)
cloudie_library(zstd libzstd)
cloudie_library(seccomp libseccomp)
if(NOT CLOUDIE_RAMDISK)
    cloudie_library(yaml yaml-0.1)
    cloudie_library(microhttpd libmicrohttpd)
    cloudie_library(gnutls gnutls)
    cloudie_library(archive libarchive)
    cloudie_library(ext2fs ext2fs)
    cloudie_library(sqlite sqlite3)
    cloudie_library(pq libpq)
    cloudie_library(smartcols smartcols)
    cloudie_library(freeipmi libfreeipmi)
    cloudie_library(systemd libsystemd)
    cloudie_library(cmocka cmocka)
endif()
