#include "homeostat/app/joined_metrics.hpp"

#include <doctest/doctest.h>

namespace homeostat::app {

TEST_CASE("pages of several services are one, each family once and each sample by its service") {
    const std::string cart =
        "# HELP homeostat_build_info b\n# TYPE homeostat_build_info gauge\n"
        "homeostat_build_info{version=\"1\"} 1\n"
        "# HELP homeostat_open o\n# TYPE homeostat_open gauge\nhomeostat_open 2\n"
        "# HELP process_cpu c\n# TYPE process_cpu counter\nprocess_cpu 7\n";
    const std::string fees =
        "# HELP homeostat_build_info b\n# TYPE homeostat_build_info gauge\n"
        "homeostat_build_info{version=\"1\"} 1\n"
        "# HELP homeostat_open o\n# TYPE homeostat_open gauge\nhomeostat_open 0\n"
        "# HELP homeostat_took t\n# TYPE homeostat_took histogram\n"
        "homeostat_took_bucket{le=\"0.1\"} 3\nhomeostat_took_sum 0.2\n"
        "# HELP process_cpu c\n# TYPE process_cpu counter\nprocess_cpu 8\n";
    CHECK(join_metrics({{"cart", cart}, {"fees", fees}}) ==
          "# HELP homeostat_build_info b\n# TYPE homeostat_build_info gauge\n"
          "homeostat_build_info{version=\"1\"} 1\n"
          "# HELP homeostat_open o\n# TYPE homeostat_open gauge\n"
          "homeostat_open{service=\"cart\"} 2\nhomeostat_open{service=\"fees\"} 0\n"
          "# HELP process_cpu c\n# TYPE process_cpu counter\nprocess_cpu 7\n"
          "# HELP homeostat_took t\n# TYPE homeostat_took histogram\n"
          "homeostat_took_bucket{service=\"fees\",le=\"0.1\"} 3\n"
          "homeostat_took_sum{service=\"fees\"} 0.2\n");
    CHECK(join_metrics({}).empty());
}

}  // namespace homeostat::app
