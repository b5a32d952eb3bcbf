# Builds homeostat/ from layers.txt, folder by folder:
#
#   homeostat/guard/*.cpp         library  homeostat_guard (INTERFACE when there are only headers)
#   homeostat/guard/*_test.cpp    program  homeostat_guard_test, run by ctest as unit.guard
#   homeostat/heal/*_for_test.cpp library  homeostat_heal_for_test, for tests here and elsewhere
#   homeostat/app/main.cpp        program  homeostat; homeostat/shim/main.cpp: homeostat-shim;
#                                 homeostat/sim/run/main.cpp: homeostat-lab;
#                                 homeostat/shipper/main.cpp: homeostat-shipper
#   homeostat/adapters/haproxy/   library  homeostat_adapters_haproxy
#
# A library sees only the folders and third-party libraries of its line. A line whose folder does
# not exist yet is skipped; a folder without a line is an error.

# Their tests work through many thousands of histories or facts. Unoptimised, the heal tests take
# three minutes: the linker takes the tests' copies of inline functions for the whole program.
set(folders_of_long_tests graph detect guard act heal mesh adapters/segment_log
                          sim/disk sim/world sim/cases sim/run)

set(program_of_app homeostat)
set(program_of_shim homeostat-shim)
set(program_of_shipper homeostat-shipper)
set(program_of_sim/run homeostat-lab)

# The unit tests' main function, compiled once.
add_library(doctest_main STATIC tests/doctest_main.cpp)
target_link_libraries(doctest_main PUBLIC third_party_doctest)

# Those headers that no source of the same name includes first: which of these forget an include,
# only all_verify_interface_header_sets can say.
function(compiled_alone_nowhere result)
    set(left)
    foreach(header IN LISTS ARGN)
        string(REGEX REPLACE "hpp$" "cpp" source ${header})
        cmake_path(RELATIVE_PATH header BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE name)
        set(first)
        if(EXISTS ${source})
            file(STRINGS ${source} first REGEX "^#include" LIMIT_COUNT 1)
        endif()
        if(NOT first STREQUAL "#include \"${name}\"")
            list(APPEND left ${header})
        endif()
    endforeach()
    set(${result} ${left} PARENT_SCOPE)
endfunction()

function(add_layer folder neighbours third_parties)
    string(REPLACE "/" "_" target homeostat_${folder})
    set(here ${PROJECT_SOURCE_DIR}/homeostat/${folder})
    file(GLOB headers CONFIGURE_DEPENDS ${here}/*.hpp)
    file(GLOB sources CONFIGURE_DEPENDS ${here}/*.cpp)
    file(GLOB tests CONFIGURE_DEPENDS ${here}/*_test.cpp)
    set(main ${sources})
    list(FILTER main INCLUDE REGEX "/main\\.cpp$")
    if(NOT headers AND NOT sources)
        return()
    endif()
    file(GLOB helpers CONFIGURE_DEPENDS ${here}/*_for_test.cpp)
    if(helpers)
        list(REMOVE_ITEM tests ${helpers})
    endif()
    if(tests OR main OR helpers)
        list(REMOVE_ITEM sources ${tests} ${main} ${helpers})
    endif()

    set(links ${third_parties})
    list(TRANSFORM links PREPEND third_party_)
    foreach(neighbour IN LISTS neighbours)
        string(REPLACE "/" "_" neighbour homeostat_${neighbour})
        if(TARGET ${neighbour})
            list(APPEND links ${neighbour})
        endif()
    endforeach()

    set(kind PUBLIC)
    if(sources)
        add_library(${target} STATIC ${sources})
        compile_as_ours(${target})
    else()
        add_library(${target} INTERFACE)
        set(kind INTERFACE)
    endif()
    target_include_directories(${target} ${kind} ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} ${kind} ${links})
    compiled_alone_nowhere(headers ${headers})
    if(headers)
        target_sources(${target} ${kind} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}
                                         FILES ${headers})
    endif()

    if(main)
        add_executable(${program_of_${folder}} ${main})
        compile_as_ours(${program_of_${folder}})
        target_link_libraries(${program_of_${folder}} PRIVATE ${target})
    endif()
    if(helpers)
        add_library(${target}_for_test STATIC ${helpers})
        compile_as_ours(${target}_for_test)
        target_link_libraries(${target}_for_test PUBLIC ${target})
    endif()
    if(tests)
        add_unit_test(${folder} ${target} "${tests}")
    endif()
endfunction()

# For what hangs: segment_log takes 200 s on a busy machine. Under a sanitizer a test takes ten
# times as long.
set(unit_seconds_max 600)
if(HOMEOSTAT_SANITIZE)
    set(unit_seconds_max 1200)
endif()

function(add_unit_test folder target tests)
    # A pure folder starts no thread, as tools/purity.py proves of its symbols: no race to find.
    if(HOMEOSTAT_SANITIZE STREQUAL "thread" AND folder IN_LIST pure)
        return()
    endif()
    add_executable(${target}_test ${tests})
    if(folder IN_LIST folders_of_long_tests)
        compile_as_ours(${target}_test)
    else()
        compile_as_ours(${target}_test UNOPTIMISED)
    endif()
    # Where a test finds the programs it starts.
    target_compile_definitions(${target}_test PRIVATE
                               HOMEOSTAT_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    target_link_libraries(${target}_test PRIVATE ${target} doctest_main ${test_links})
    if(TARGET ${target}_for_test)
        target_link_libraries(${target}_test PRIVATE ${target}_for_test)
    endif()
    string(REPLACE "/" "." name unit.${folder})
    add_test(NAME ${name} COMMAND ${target}_test)
    set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT ${unit_seconds_max})
endfunction()

# --- Read layers.txt: per folder its neighbours and its third-party libraries --------------------
set(layers)
file(STRINGS layers.txt lines REGEX "^[@a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS layers.txt)
foreach(line IN LISTS lines)
    if(NOT line MATCHES "^([@a-z0-9_/.]+):([a-z0-9_/.* ]*)[|]?([a-z0-9_ ]*)$")
        message(FATAL_ERROR "layers.txt: cannot read '${line}'; want 'folder: folders | libraries'")
    endif()
    set(subject ${CMAKE_MATCH_1})
    set(neighbours ${CMAKE_MATCH_2})
    set(libraries ${CMAKE_MATCH_3})  # Both before the next match, which overwrites them.
    string(REGEX MATCHALL "[^ ]+" neighbours "${neighbours}")
    string(REGEX MATCHALL "[^ ]+" libraries "${libraries}")
    if(subject STREQUAL "@test")
        set(test_links ${libraries})
        list(TRANSFORM test_links PREPEND third_party_)
    elseif(subject STREQUAL "@exact")
        set(exact ${neighbours})
    elseif(subject STREQUAL "@pure")
        set(pure ${neighbours})
    elseif(subject MATCHES "^@")
        continue()  # Rules that only tools/tidy.py and tools/purity.py read.
    elseif(subject MATCHES "^(.*)/[^/]*[.][ch]pp$")
        list(APPEND libraries_of_${CMAKE_MATCH_1} ${libraries})  # Its folder links it.
    else()
        if(neighbours STREQUAL "*")
            set(neighbours ${layers})
        endif()
        foreach(neighbour IN LISTS neighbours)
            if(NOT neighbour IN_LIST layers)
                message(FATAL_ERROR "layers.txt: '${subject}' names '${neighbour}', "
                                    "which is not above it")
            endif()
        endforeach()
        list(APPEND layers ${subject})
        set(neighbours_of_${subject} ${neighbours})
        list(APPEND libraries_of_${subject} ${libraries})
    endif()
endforeach()

# --- A folder that is not in layers.txt would escape every rule ----------------------------------
file(GLOB_RECURSE files RELATIVE ${PROJECT_SOURCE_DIR}/homeostat CONFIGURE_DEPENDS
     homeostat/*.hpp homeostat/*.cpp)
foreach(file IN LISTS files)
    cmake_path(GET file PARENT_PATH folder)
    if(NOT folder IN_LIST layers)
        message(FATAL_ERROR "homeostat/${file}: folder '${folder}' is not in layers.txt; "
                            "give it a line that says whom it may include")
    endif()
endforeach()

foreach(layer IN LISTS layers)
    add_layer(${layer} "${neighbours_of_${layer}}" "${libraries_of_${layer}}")
endforeach()

# --- Who starts whom ------------------------------------------------------------------------------
# Linking does not say it, and a build of one target would leave an older program beside it.
add_dependencies(homeostat homeostat-shim homeostat-shipper)
add_dependencies(homeostat_app_test homeostat homeostat-lab)
# Its tests have the loop in a world that is simulated.
target_link_libraries(homeostat_app_test PRIVATE homeostat_heal_for_test)
add_dependencies(homeostat_adapters_process_test homeostat-shim)

# --- The same bits on every machine ---------------------------------------------------------------
# A fused multiplication rounds once where two operations round twice, so no compiler may choose.
foreach(folder IN LISTS exact)
    string(REPLACE "/" "_" target homeostat_${folder})
    if(TARGET ${target})
        target_compile_options(${target} PRIVATE -ffp-contract=off)
    endif()
endforeach()
# The same digests where glibc must do without FMA: its exp and log give other bits then.
if(TARGET homeostat_sim_world_test)
    add_test(NAME unit.sim.world.without_fma
             COMMAND homeostat_sim_world_test -tc=three\ seeds*)
    set_tests_properties(unit.sim.world.without_fma PROPERTIES LABELS unit
        TIMEOUT ${unit_seconds_max} ENVIRONMENT GLIBC_TUNABLES=glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4)
endif()
