# How our own sources are compiled; third-party ones (third_party/*.cpp) are not.

# A field left out of a braced list has its default; that is what options structs are for.
set(HOMEOSTAT_WARNINGS
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
    -Wno-missing-designated-field-initializers)

set(often_included
    <algorithm> <array> <chrono> <cmath> <cstdint> <expected> <filesystem> <fstream> <functional>
    <map> <memory> <optional> <ranges> <set> <span> <sstream> <string> <string_view> <tuple>
    <unordered_map> <utility> <variant> <vector>
    <boost/json.hpp> <fmt/format.h> <fmt/ranges.h>)
if(HOMEOSTAT_PRECOMPILE)
    foreach(name IN ITEMS precompiled precompiled_unoptimised)
        add_library(${name} STATIC cmake/precompiled.cpp)
        target_link_libraries(${name} PRIVATE third_party_boost_json third_party_fmt)
        target_precompile_headers(${name} PRIVATE ${often_included})
    endforeach()
    target_compile_options(precompiled_unoptimised PRIVATE -O0)
endif()

# UNOPTIMISED is for tests that run in moments: what they test is optimised, they are not. With the
# sanitizers that is three times as quick to compile.
function(compile_as_ours target)
    cmake_parse_arguments(PARSE_ARGV 1 are "UNOPTIMISED" "" "")
    target_compile_options(${target} PRIVATE ${HOMEOSTAT_WARNINGS})
    set(precompiled precompiled)
    if(are_UNOPTIMISED)
        target_compile_options(${target} PRIVATE -O0)
        set(precompiled precompiled_unoptimised)
    endif()
    if(HOMEOSTAT_PRECOMPILE)
        target_precompile_headers(${target} REUSE_FROM ${precompiled})
    endif()
endfunction()
