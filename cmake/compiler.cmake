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

set(HOMEOSTAT_SANITIZE "" CACHE STRING "Sanitizers, as -fsanitize= wants them; empty = none")
if(HOMEOSTAT_SANITIZE)
    # A finding names lines and no variables: tables of lines are enough, in a tenth less time.
    add_compile_options(-O1 -g1 -fsanitize=${HOMEOSTAT_SANITIZE} -fno-sanitize-recover=all
                        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${HOMEOSTAT_SANITIZE})
endif()

# For a build from nothing: headers that most sources include are read once. Of seven sources that
# saves a sixth of the user time where they are optimised, and a third where not (0.7 to 3 s each).
# A source that forgot an include compiles then (clang-tidy runs without and finds it), and the
# compiler cache is of less use, so whoever edits leaves it off.
option(HOMEOSTAT_PRECOMPILE "Read the headers of the libraries that most sources include once" OFF)

find_program(CCACHE ccache)
if(CCACHE AND HOMEOSTAT_PRECOMPILE)  # ccache has to be allowed to trust the headers' own sum.
    add_compile_options("SHELL:-Xclang -fno-pch-timestamp")
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
elseif(CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()
