# The durable state graph as a CMake package of its own, for programs that are no part of Homeostat:
#
#   cmake --install build/release --component graph --prefix DIR
#
# Its targets are written by hand in homeostat_graph_config.cmake.in: exported ones would bring the
# third-party names of layers.txt with them, and through base/task.hpp Asio and OpenSSL, which the
# graph does not use.

install(FILES $<TARGET_FILE:homeostat_base> $<TARGET_FILE:homeostat_graph>
        DESTINATION lib COMPONENT graph)
install(DIRECTORY homeostat/base homeostat/graph
        DESTINATION include/homeostat COMPONENT graph
        FILES_MATCHING PATTERN "*.hpp"
        PATTERN "*_for_test.hpp" EXCLUDE
        PATTERN "task.hpp" EXCLUDE)
# For whoever writes a store: it needs doctest.
install(FILES homeostat/graph/store_cases_for_test.hpp
        DESTINATION include/homeostat/graph COMPONENT graph)

include(CMakePackageConfigHelpers)
configure_file(cmake/homeostat_graph_config.cmake.in
               ${PROJECT_BINARY_DIR}/homeostat_graph-config.cmake @ONLY)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/homeostat_graph-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/homeostat_graph-config.cmake
              ${PROJECT_BINARY_DIR}/homeostat_graph-config-version.cmake
        DESTINATION lib/cmake/homeostat_graph COMPONENT graph)
