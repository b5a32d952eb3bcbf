#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::app {

TEST_CASE("nobody tells of changes over the network unless the configuration says so") {
    const ConfigReport none = parse_config(with("changes: [ { http: true } ]"), file_for_test);
    REQUIRE(none.config);
    CHECK_FALSE(none.config->changes.door);
    const ConfigReport report = parse_config(
        with("changes: [ { file: a.jsonl }, { door: { token_file: changes.token } } ]"),
        file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    const ChangesConfig& changes = report.config->changes;
    CHECK(changes.file == "/srv/shop/a.jsonl");
    CHECK_FALSE(changes.are_taken_by_http);
    REQUIRE(changes.door);
    CHECK(changes.door->listen == "127.0.0.1:9465");
    CHECK(changes.door->token_file == "/srv/shop/changes.token");
    CHECK(changes.door->per_minute == 60);
}

TEST_CASE("a door that others reach says so, and by which names") {
    const ConfigReport report = parse_config(
        with("changes: [ { door: { listen: \"0.0.0.0:9465\", open: true, token_file: t,\n"
             "             hosts: [\"homeostat-payments.shop.svc:9465\"] } } ]"),
        file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    CHECK(report.config->changes.door->hosts.front() == "homeostat-payments.shop.svc:9465");
    // Written again it is the same.
    const ConfigReport again = parse_config(to_text(to_document(*report.config)), file_for_test);
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(again.config->changes.door->hosts == report.config->changes.door->hosts);
}

TEST_CASE(
    "a door that strangers reach, nobody reaches or anybody may use is refused with the mend") {
    struct Case {
        const char* door;
        const char* says;
    };
    for (const Case& one : {
             Case{"{}", "token_file"},
             Case{"{ token_file: t, listen: \"unix:/run/x.sock\" }", "http: true instead of door"},
             Case{"{ token_file: t, listen: \"0.0.0.0:9465\", hosts: [\"a:1\"] }", "open: true"},
             Case{"{ token_file: t, listen: \"0.0.0.0:9465\", open: true }", "hosts:"},
             Case{"{ token_file: t, hosts: [homeostat] }", "with its port"},
             Case{"{ token_file: t, hosts: [\"Homeostat:1\"] }", "lower case"},
             Case{"{ token_file: t, hosts: [\"a:99999\"] }", "with its port"},
             Case{"{ token_file: t, hosts: [\"http://a:1\"] }", "with its port"},
             Case{"{ token_file: t, per_minute: 0 }", "per_minute"},
             Case{"{ token_file: t, token: abc }", "token"},
         }) {
        const std::string problems =
            problems_of(with("changes: [ { door: " + std::string(one.door) + " } ]"));
        CHECK_MESSAGE(problems.contains(one.says), problems);
        CHECK_MESSAGE(problems.starts_with("5:"), problems);
    }
}

}  // namespace homeostat::app
