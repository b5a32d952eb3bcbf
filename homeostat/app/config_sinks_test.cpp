// Where decisions are kept outside: what a configuration may say of it, and what it may not.

#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

ConfigReport with_sinks(const std::string& sinks) {
    return parse_config(
        "service: payments\n"
        "runtime:\n"
        "  process: { command: [./payments, --port, \"{port}\"], ports: [7101] }\n"
        "signals: [ { http: { path: /ready } } ]\n"
        "record: { ledger: var/l, sinks: [ " +
            sinks + " ] }\n",
        "/srv/shop/payments.yaml");
}

}  // namespace

TEST_CASE("sinks are read with their places, and written again as they were") {
    const ConfigReport report = with_sinks(
        "{ postgres: { url_file: pg.url } }, "
        "{ name: bus, nats: { url: \"nats://127.0.0.1:4222\", stream: AUDIT } }, "
        "{ webhook: { url: \"http://127.0.0.1:80/in\", headers_file: /etc/h, events_max: 1 } }, "
        "{ name: far, webhook: { url: \"https://audit.example/in\", authorities: ca.pem } }, "
        "{ name: second, postgres: { url_env: PG_URL, schema: shop } }");
    REQUIRE_MESSAGE(report.config, describe(report));
    const Config& config = *report.config;
    REQUIRE(config.sinks.size() == 5);
    CHECK(config.sinks_directory == "/srv/shop/var/l.sinks");
    CHECK(config.sinks[0].name == "postgres");
    CHECK(config.sinks[0].postgres->url.file == "/srv/shop/pg.url");
    CHECK(config.sinks[0].postgres->schema == "homeostat");
    CHECK(config.sinks[1].name == "bus");
    CHECK(config.sinks[1].nats->url == "nats://127.0.0.1:4222");
    CHECK(config.sinks[1].nats->stream == "AUDIT");
    CHECK(config.sinks[2].webhook->url == "http://127.0.0.1:80/in");
    CHECK(config.sinks[2].webhook->headers_file == "/etc/h");
    CHECK(config.sinks[2].webhook->events_max == 1);
    CHECK(config.sinks[3].webhook->authorities == "/srv/shop/ca.pem");
    CHECK(config.sinks[4].postgres->url.environment == "PG_URL");
    CHECK(config.sinks[4].postgres->schema == "shop");
    const ConfigReport again =
        parse_config(to_text(to_document(config)), "/srv/shop/payments.yaml");
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(to_document(*again.config) == to_document(config));
}

TEST_CASE("a sink that cannot be meant is refused, with its mend, and no secret is repeated") {
    struct Case {
        std::string_view sink;
        std::string_view says;
    };
    for (const Case& each : {
             Case{"{ name: a }", "names no sink"},
             Case{"{ postgres: { url_file: f }, nats: { url: \"nats://h\" } }", "several sinks"},
             Case{"{ postgres: { schema: s } }", "address is needed once"},
             Case{"{ postgres: { url_file: f, url_env: E } }", "address is needed once"},
             Case{"{ postgres: { url: \"postgresql://a:s3cret@h/b\" } }", "unknown key"},
             Case{"{ nats: { stream: S } }", "address is needed once"},
             Case{"{ nats: { url: \"nats://a:s3cret@h\" } }", "url_file"},
             Case{"{ nats: { url: \"http://h\" } }", "nats://127.0.0.1:4222"},
             Case{"{ nats: { url: \"nats://h\", stream: a.b } }", "no dots"},
             Case{"{ nats: { url: \"nats://169.254.169.254:4222\" } }", "never asked there"},
             Case{"{ nats: { url: \"nats://[fe80::1]:4222\" } }", "never asked there"},
             Case{"{ webhook: { events_max: 5 } }", "url"},
             Case{"{ webhook: { url: \"http://169.254.169.254/latest\" } }", "is never asked"},
             Case{"{ webhook: { url: \"https://[::ffff:169.254.169.254]/\", authorities: f } }",
                  "a machine's credentials"},
             Case{"{ webhook: { url: \"http://audit.example/\" } }", "IP address"},
             Case{"{ webhook: { url: \"http://a:s3cret@127.0.0.1/\" } }", "headers_file"},
             Case{"{ webhook: { url: \"https://audit.example/\" } }", "authorities: FILE"},
             Case{"{ webhook: { url: \"http://127.0.0.1/\", authorities: f } }", "https"},
             Case{"{ webhook: { url: \"http://192.0.2.7/\", headers_file: f } }", "https://"},
             Case{"{ webhook: { url: \"http://127.0.0.1/\", events_max: 0 } }", "1 to 1000"},
             Case{"{ nats: { url: \"nats://h\" } }, { nats: { url: \"nats://i\" } }",
                  "second sink called 'nats'"},
         }) {
        const ConfigReport report = with_sinks(std::string(each.sink));
        CAPTURE(each.sink);
        const std::string described = describe(report);
        CHECK_FALSE(report.config);
        CHECK_MESSAGE(described.contains(each.says), described);
        CHECK(described.contains("record.sinks"));
        CHECK_FALSE(described.contains("s3cret"));
    }
}

TEST_CASE("what a sink or a witness has to have first is read, in kinds and in classes") {
    const ConfigReport report = parse_config(
        "service: payments\n"
        "runtime:\n"
        "  process: { command: [./payments, --port, \"{port}\"], ports: [7101] }\n"
        "signals: [ { http: { path: /ready } } ]\n"
        "record:\n"
        "  ledger: var/l\n"
        "  sinks: [ { postgres: { url_file: f }, required_for: [rollback, destructive] } ]\n"
        "  witnesses: [ { file: /mnt/wall/heads, required_for: restart }, { file: w2 } ]\n",
        "/srv/shop/payments.yaml");
    REQUIRE_MESSAGE(report.config, describe(report));
    REQUIRE(report.config->guard.confirmed_by);
    const auto& by = *report.config->guard.confirmed_by;
    using Names = std::vector<std::string>;
    CHECK(by.at(RemedyKind::rollback) == Names{"postgres"});
    CHECK(by.at(RemedyKind::invalidate_cache) == Names{"postgres"});
    CHECK(by.at(RemedyKind::restart) == Names{"postgres", "/mnt/wall/heads"});
    CHECK_FALSE(by.contains(RemedyKind::scale));  // Its inverse takes it back.
    CHECK_FALSE(by.contains(RemedyKind::readmit));
    const ConfigReport again =
        parse_config(to_text(to_document(*report.config)), "/srv/shop/payments.yaml");
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(again.config->guard.confirmed_by == report.config->guard.confirmed_by);
    CHECK_FALSE(with_sinks("{ postgres: { url_file: f }, required_for: [reboot] }").config);
    CHECK_FALSE(with_sinks("{ postgres: { url_file: f } }").config->guard.confirmed_by);
}

TEST_CASE("a fleet's budget is read, and refused without a name or an address") {
    const auto with_fleet = [](const std::string& fleet) {
        return parse_config(
            "service: payments\n"
            "runtime:\n"
            "  process: { command: [./payments, --port, \"{port}\"], ports: [7101] }\n"
            "signals: [ { http: { path: /ready } } ]\n"
            "guard: { fleet: { " +
                fleet + " } }\n",
            "/srv/shop/payments.yaml");
    };
    const ConfigReport report = with_fleet(
        "name: shop, postgres: { url_file: pg.url }, remedies_max: 4, window: 5m, at_once_max: 2");
    REQUIRE_MESSAGE(report.config, describe(report));
    CHECK(report.config->guard.fleet == FleetLimits{"shop", 4, std::chrono::minutes{5}, 2});
    CHECK(report.config->fleet->postgres.url.file == "/srv/shop/pg.url");
    const ConfigReport again =
        parse_config(to_text(to_document(*report.config)), "/srv/shop/payments.yaml");
    REQUIRE_MESSAGE(again.config, describe(again));
    CHECK(to_document(*again.config) == to_document(*report.config));
    for (const char* wrong :
         {"name: shop", "postgres: { url_file: f }", "name: shop, postgres: { schema: s }",
          "name: shop, postgres: { url_file: f }, effects_max: 3"}) {
        CAPTURE(wrong);
        CHECK_FALSE(with_fleet(wrong).config);
    }
}

}  // namespace homeostat::app
