#include "homeostat/adapters/process/command.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::adapters::process {

namespace {

const CommandValues values{.name = "pay-1",
                           .port = 8081,
                           .version_dir = "/srv/versions/v2",
                           .config_dir = "/srv/config/versions/c2"};

}  // namespace

TEST_CASE("placeholders are replaced inside arguments and never split them") {
    const std::vector<std::string> command{"{version_dir}/pay", "--listen=:{port}", "{name} {port}",
                                           "--config={config_dir}/pay.json"};
    const auto expanded = expand_command(command, values);
    REQUIRE(expanded.has_value());
    CHECK(*expanded == std::vector<std::string>{"/srv/versions/v2/pay", "--listen=:8081",
                                                "pay-1 8081",
                                                "--config=/srv/config/versions/c2/pay.json"});
}

TEST_CASE("braces around anything but a word stay as they are") {
    const std::vector<std::string> command{"x", R"({"a":{"port":1}})", "{}", "{", "a}", "{{name}}"};
    const auto expanded = expand_command(command, values);
    REQUIRE(expanded.has_value());
    CHECK(*expanded ==
          std::vector<std::string>{"x", R"({"a":{"port":1}})", "{}", "{", "a}", "{pay-1}"});
}

TEST_CASE("an unknown placeholder is an error that names it") {
    const auto expanded = expand_command({"x", "--p={prot}"}, values);
    REQUIRE(!expanded);
    CHECK(expanded.error().text.contains("{prot}"));
    CHECK(expanded.error().text.contains("--p={prot}"));
    CHECK(!expand_command({"{version_dir}/x"}, {.name = "pay-1", .port = 1, .version_dir = ""}));
    CHECK(!expand_command({"x", "{config_dir}"},
                          {.name = "pay-1", .port = 1, .version_dir = "/v", .config_dir = ""}));
    CHECK(!expand_command({}, values));
    CHECK(!expand_command({""}, values));
}

}  // namespace homeostat::adapters::process
