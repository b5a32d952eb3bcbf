# Which compiler may build Homeostat, and with what flags.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    message(FATAL_ERROR
        "GCC cannot build Homeostat: it destroys an aggregate written in braces inside a co_await "
        "expression twice (seen with GCC 12.2, no warning, heap-use-after-free at run time). "
        "Use Clang 19: `make setup` installs it, `cmake --preset release` picks it.")
endif()
if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang" OR CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
    message(FATAL_ERROR
        "Homeostat needs Clang 19 or newer (C++23, coroutines); this is "
        "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}. "
        "`make setup` installs it, `cmake --preset release` picks it.")
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
# Target all_verify_interface_header_sets compiles each header alone that no source does, see
# layers.cmake.
set(CMAKE_VERIFY_INTERFACE_HEADER_SETS ON)

# No NDEBUG: an assertion reports our own bug, and production is where that matters. Line tables are
# enough for a stack trace and keep objects small.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

add_compile_definitions(_GLIBCXX_ASSERTIONS)
add_compile_options(-fcolor-diagnostics)
add_link_options(-fuse-ld=lld)  # The compiler's own linker; several times faster than ld.
# A folder's libraries travel to all who use it; homeostat-shim calls none of OpenSSL and should not
# load it into every guarded instance's company.
add_link_options(-Wl,--as-needed)

# Our own sources compile with these; third-party sources (third_party/*.cpp) do not.
# A field left out of a braced list has its default; that is what options structs are for.
set(HOMEOSTAT_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
    -Wno-missing-designated-field-initializers)

set(HOMEOSTAT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= wants them; empty = none")
if(HOMEOSTAT_SANITIZE)
    add_compile_options(-O1 -fsanitize=${HOMEOSTAT_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HOMEOSTAT_SANITIZE})
endif()

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# No precompiled headers. Measured: they save 0.2 to 0.5 s of a file's 0.3 to 6 s, cost ccache its
# exact hits, and let a file compile that forgot an include.
