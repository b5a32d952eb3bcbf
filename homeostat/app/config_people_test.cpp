#include "homeostat/app/config_for_test.hpp"
#include "homeostat/app/config_load.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::app {

namespace {

std::string told(const std::string& text) {
    const ConfigReport report = parse_config(with(text), file_for_test);
    REQUIRE_FALSE(report.config);
    return describe(report);
}

}  // namespace

TEST_CASE("nobody is told and no page is served unless the configuration says so") {
    const ConfigReport report = parse_config(with(""), file_for_test);
    REQUIRE(report.config);
    CHECK_FALSE(report.config->console);
    CHECK(report.config->channels.empty());
}

TEST_CASE("channels and the page are read, with their places and what they are by default") {
    const ConfigReport report = parse_config(
        with("console: { url: \"https://homeostat.example/shop\" }\n"
             "notify:\n"
             "  - webhook: { url_file: slack.url, shape: slack, people: [anna, bert] }\n"
             "  - webhook: { url: \"http://127.0.0.1:9000/x\", per_minute: 10 }\n"),
        file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    CHECK(report.config->console->listen == "127.0.0.1:7443");
    CHECK(report.config->console->key_file == "/srv/shop/var/payments/console.key");
    REQUIRE(report.config->channels.size() == 2);
    const ChannelConfig& slack = report.config->channels.front();
    CHECK(slack.url_file == "/srv/shop/slack.url");
    CHECK(slack.shape == console::Shape::slack);
    CHECK(slack.people == std::vector<std::string>{"anna", "bert"});
    CHECK(slack.authorities == "/etc/ssl/certs/ca-certificates.crt");
    CHECK(report.config->channels.back().per_minute == 10);
}

TEST_CASE("what begins only while people can be told is read, and waits for that channel") {
    const std::string text =
        "notify:\n"
        "  - webhook: { url: \"http://127.0.0.1:9000/x\" }\n"
        "  - webhook: { url: \"http://127.0.0.1:9001/y\" }\n"
        "    required_for: [rollback, run_task]\n";
    const ConfigReport report = parse_config(with(text), file_for_test);
    REQUIRE_MESSAGE(report.config, describe(report));
    REQUIRE(report.config->guard.confirmed_by);
    const auto& by = *report.config->guard.confirmed_by;
    CHECK(by.at(RemedyKind::rollback) == std::vector<std::string>{"notify[1]"});
    CHECK(by.at(RemedyKind::run_task) == std::vector<std::string>{"notify[1]"});
    CHECK_FALSE(by.contains(RemedyKind::restart));
    CHECK(to_text(to_document(*report.config)).contains("required_for"));
    CHECK(told("notify: [ { webhook: { url: \"http://127.0.0.1:9/x\" }, required_for: [reboot] } ]")
              .contains("required_for"));
    CHECK_FALSE(parse_config(with("notify: [ { webhook: { url: \"http://127.0.0.1:9/x\" } } ]"),
                             file_for_test)
                    .config->guard.confirmed_by);
}

TEST_CASE("the address of a webhook is in no text that is printed of a configuration") {
    const std::string secret =
        "notify: [ { webhook: { url: \"https://hooks.example/T0/secret\" } } ]";
    const ConfigReport report = parse_config(with(secret), file_for_test);
    REQUIRE(report.config);
    CHECK(report.config->channels.front().url.ends_with("/T0/secret"));
    const std::string written = to_text(to_document(*report.config));
    CHECK(written.contains("https://hooks.example/…"));
    CHECK_FALSE(written.contains("secret"));
    CHECK_FALSE(told("notify: [ { webhook: { url: \"http://hooks.example/T0/secret\" } } ]")
                    .contains("secret"));
}

TEST_CASE("what would reach nobody, or strangers, is refused with the mend") {
    struct Case {
        const char* text;
        const char* says;
    };
    for (const auto& [text, says] :
         {Case{"notify: [ { webhook: { shape: slack } } ]", "no address to post to"},
          Case{"notify: [ { webhook: { url: \"https://x.example\", url_file: x } } ]",
               "keep one of them"},
          Case{"notify: [ { webhook: { url: \"http://x.example/\" } } ]", "for this machine only"},
          Case{"notify: [ { webhook: { url: \"https://a:b@x.example/\" } } ]", "credentials"},
          Case{"notify: [ { webhook: { url: \"https://x.example\", people: [anna] } } ]",
               "add console:"},
          Case{"console: {}\nnotify: [ { webhook: { url: \"https://x.example\", people: "
               "[anna, anna] } } ]",
               "'anna' stands twice"},
          Case{"notify: [ { webhook: { url: \"https://x.example\", people: [\"<b>\"] } } ]",
               "not a plain name"},
          Case{"console: { listen: \"0.0.0.0:7443\" }", "add open: true"},
          Case{"console: { listen: \"0.0.0.0:7443\", open: true }", "add url:"},
          Case{"console: { listen: \"unix:/run/x.sock\" }", "by TCP"},
          Case{"console: { url: \"https://x.example/?a=1\" }", "query"},
          Case{"console: { url: \"http://x.example/\" }", "for this machine only"}}) {
        CAPTURE(text);
        const std::string problems = told(text);
        CAPTURE(problems);
        CHECK(problems.contains(says));
    }
    const ConfigReport open = parse_config(
        with("console: { listen: \"0.0.0.0:7443\", open: true, url: \"https://x.example\" }"),
        file_for_test);
    CHECK_MESSAGE(open.config, describe(open));
}

}  // namespace homeostat::app
