// The key metrics.listen.

#include "homeostat/app/config_for_test.hpp"

#include <doctest/doctest.h>

namespace homeostat::app {

TEST_CASE("the numbers are served by TCP where somebody says so, and nowhere else") {
    CHECK(parse_config(beginning_for_test, file_for_test).config->metrics_listen.empty());
    const ConfigReport report =
        parse_config(with("metrics: { listen: '0.0.0.0:9464' }\n"), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    CHECK(report.config->metrics_listen == "0.0.0.0:9464");
    CHECK(to_text(to_document(*report.config)).contains(R"("metrics":{"listen":"0.0.0.0:9464"})"));
}

TEST_CASE("a place where the numbers cannot be read is refused with the mend") {
    CHECK(problems_of(with("metrics: { listen: unix:/run/x.sock }\n"))
              .contains("on a UNIX socket both pages are there already"));
    for (const char* listen : {"9464", "localhost", "metrics.example:9464", "''"}) {
        CAPTURE(listen);
        CHECK_FALSE(
            problems_of(with("metrics: { listen: " + std::string(listen) + " }\n")).empty());
    }
    CHECK(problems_of(with("metrics: {}\n")).contains("listen"));
    CHECK(problems_of(with("metrics: { port: 9464 }\n")).contains("port"));
}

}  // namespace homeostat::app
