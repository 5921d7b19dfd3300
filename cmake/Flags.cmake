# SPDX-License-Identifier: GPL-3.0-or-later
# One interface target carries every compiler decision of the project.
add_library(cloudie_flags INTERFACE)
target_include_directories(cloudie_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(cloudie_flags INTERFACE _GNU_SOURCE CLOUDIE_VERSION="${PROJECT_VERSION}")
target_compile_options(cloudie_flags INTERFACE
        -Wall -Wextra -Wshadow -Wformat=2 -Wundef -Wvla -Wswitch-enum
        -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
        -Wpointer-arith -Wwrite-strings -Wcast-qual
        # Sentences may be cut; what must be whole is copied by text_copy(), which refuses.
        $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
        -Werror=implicit-function-declaration -Werror=incompatible-pointer-types
        -Werror=int-conversion -Werror=return-type -Werror=format-security
        # gcc 12 refuses "tell me here if you go", though it is taken back on every other path;
        # clang refuses the kernel's structs that end in data, followed by room for that data.
        $<$<C_COMPILER_ID:GNU>:-Wno-dangling-pointer>
        $<$<C_COMPILER_ID:Clang>:-Wno-gnu-variable-sized-type-not-at-end>
        -fno-common -fstack-protector-strong
        # The binary must not tell where it was built: the same source gives the same bytes.
        "-ffile-prefix-map=${PROJECT_SOURCE_DIR}=."
        $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>)
target_link_options(cloudie_flags INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)
if(CLOUDIE_SANITIZE)
    target_compile_options(cloudie_flags INTERFACE
        -fsanitize=${CLOUDIE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(cloudie_flags INTERFACE -fsanitize=${CLOUDIE_SANITIZE})
endif()
if(CLOUDIE_FUZZ)
    target_compile_options(cloudie_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(CLOUDIE_RAMDISK)
    # What no program calls is left out by --gc-sections.
    target_compile_options(cloudie_flags INTERFACE -ffunction-sections -fdata-sections)
endif()
