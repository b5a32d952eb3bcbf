#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"
#include "homeostat/app/declared.hpp"
#include "homeostat/app/doctor_checks.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::app {

TEST_CASE("flags are watched where the configuration says which file flagd reads") {
    const ConfigReport none = parse_config(with(""), file_for_test);
    REQUIRE(none.config);
    CHECK_FALSE(none.config->flags);
    CHECK_FALSE(inventory_of(*none.config).has(Artifact::flag));
    const ConfigReport report =
        parse_config(with("flags: { flagd: { file: flags.json, url: \"http://127.0.0.1:8016\" } }\n"
                          "autonomy: { rollback: act }\n"
                          "guard: { min_healthy: 3 }"),  // Nobody is replaced for flags.
                     file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    REQUIRE(report.config->flags);
    CHECK(report.config->flags->file == "/srv/shop/flags.json");
    CHECK(report.config->flags->url == "http://127.0.0.1:8016");
    CHECK(inventory_of(*report.config).has(Artifact::flag));
    CHECK(check_changes(*report.config).says == "told by /srv/shop/flags.json");
    const ConfigReport again = parse_config(to_text(to_document(*report.config)), file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(again.config->flags->file == report.config->flags->file);
    CHECK(again.config->flags->url == report.config->flags->url);
}

TEST_CASE("flags that could not be taken back as they are declared are refused with the mend") {
    struct Case {
        const char* flags;
        const char* says;
    };
    for (const Case& one : {
             Case{"{}", "flagd"},
             Case{"{ flagd: {} }", "file"},
             Case{"{ flagd: { file: flags.yaml } }", "in a .json file"},
             Case{"{ flagd: { file: f.json, url: \"http://127.0.0.1:8016/ofrep\" } }", "a path"},
             Case{"{ flagd: { file: f.json, url: \"http://flagd:8016\" } }", "an IP address"},
             Case{"{ flagd: { file: f.json, key: a } }", "key"},
         }) {
        const std::string problems = problems_of(with("flags: " + std::string(one.flags)));
        CHECK_MESSAGE(problems.contains(one.says), problems);
        CHECK_MESSAGE(problems.starts_with("5:"), problems);
    }
    const std::string in_a_cluster = problems_of(
        "service: payments\n"
        "runtime: { kubernetes: { namespace: shop, deployment: payments } }\n"
        "signals: [ { http: { path: /healthz } } ]\n"
        "flags: { flagd: { file: flags.json } }\n");
    CHECK_MESSAGE(in_a_cluster.contains("runtime.kubernetes.configs"), in_a_cluster);
}

}  // namespace homeostat::app
