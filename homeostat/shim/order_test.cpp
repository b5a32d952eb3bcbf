#include "homeostat/shim/order.hpp"

#include "homeostat/shim/instance_record.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::shim {

namespace {

using Words = std::vector<std::string>;

const Words needed{"--record", "/r/a.json", "--log", "/r/a.log", "--name", "a"};

Result<Order> parse_with(const Words& options, const Words& command = {"--", "sleep", "1"}) {
    Words all = needed;
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), command.begin(), command.end());
    return parse_order(all);
}

}  // namespace

TEST_CASE("an order is read with its command as it stands") {
    const auto order =
        parse_with({"--effect", "i-1.e1", "--version", "v1", "--config", "c1", "--log-files", "2",
                    "--log-bytes-max", "4096", "--after", "12:34"},
                   {"--", "prog", "--record", "--", ""});
    REQUIRE(order.has_value());
    CHECK(order->record == "/r/a.json");
    CHECK(order->effect == "i-1.e1");
    CHECK(order->version == "v1");
    CHECK(order->config == "c1");
    CHECK(order->log_files == 2);
    CHECK(order->after == Predecessor{true, 12, 34});
    CHECK(order->command == Words{"prog", "--record", "--", ""});
    CHECK(parse_with({"--after", "none"})->after == Predecessor{});
    CHECK(!parse_with({})->after);
    CHECK(parse_with({"--effect", ""}).has_value());
}

TEST_CASE("an order with anything wrong in it is refused, and the option is named") {
    const std::vector<Words> bad{
        {"--record", "a.json"}, {"--log", "a.log"},       {"--log-files", "0"},
        {"--log-files", "x"},   {"--log-bytes-max", "1"}, {"--name", "../a"},
        {"--effect", "a b"},    {"--version", "\""},      {"--after", "12"},
        {"--after", "12:"},     {"--after", "-1:1"},      {"--directory", "."},
        {"--config", "../c"},   {"--log-files", "1e2"},   {"--unknown", "x"},
        {"--log-files", "101"},
    };
    for (const Words& options : bad) {
        CAPTURE(options.front());
        const Result<Order> order = parse_with(options);
        REQUIRE(!order);
        CHECK(order.error().text.contains(options.front()));
    }
    CHECK(!parse_with({}, {}));
    CHECK(!parse_with({}, {"--"}));
    CHECK(!parse_with({"--effect"}, {}));
    CHECK(!parse_order(Words{"--", "sleep"}));
    CHECK(!parse_order(Words{}));
}

TEST_CASE("a record is one line of JSON with what is known") {
    InstanceRecord record{
        .name = "a", .effect = "", .version = "v1", .config = "c1", .boot_id = "b", .pid = 12};
    CHECK(to_text(record) ==
          R"({"name":"a","effect":"","version":"v1","config":"c1","boot_id":"b","pid":12,)"
          R"("start_ticks":0,"shim_pid":0,"shim_start_ticks":0,"started_at_ns":0})"
          "\n");
    record.exit_status = 9;
    record.ended_at_ns = 5;
    CHECK(to_text(record).ends_with(R"("exit_status":9,"ended_at_ns":5})"
                                    "\n"));
}

}  // namespace homeostat::shim
