#include "homeostat/adapters/haproxy/mark_commands.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::adapters::haproxy {

namespace {

const MarkTables tables{"block_addresses", "block_networks", "block_counts"};

Network of(const std::string& text) {
    const Result<Network> network = parse_network(text);
    REQUIRE_MESSAGE(network, text);
    return *network;
}

}  // namespace

TEST_CASE("addresses and networks go to their tables, and IPv4 as IPv6 has it") {
    const std::vector<Network> sources{of("192.0.2.7"), of("203.0.113.0/24"),
                                       of("2001:db8:1:2::/64")};
    const MarkLine first = mark_line(tables, Mark::denied, sources);
    CHECK(first.sources_count == 1);  // Each table is read back: they may differ in their `expire`.
    CHECK(first.command ==
          "set table block_addresses key ::ffff:192.0.2.7 data.gpt0 3;"
          "show table block_addresses key ::ffff:192.0.2.7");
    const MarkLine line = mark_line(tables, Mark::denied, std::span(sources).subspan(1));
    CHECK(line.sources_count == 2);
    CHECK(line.command ==
          "set table block_networks key ::ffff:203.0.113.0 data.gpt0 3;"
          "set table block_networks key 2001:db8:1:2:: data.gpt0 3;"
          "show table block_networks key 2001:db8:1:2::");
    const Result<TableEntry> last = read_mark_reply(
        "\n\n# table: block_networks, type: ipv6, size:65536, used:2\n"
        "0x7fb: key=2001:db8:1:2:: use=0 exp=180000 gpt0=3\n\n",
        line);
    REQUIRE(last);
    CHECK(last->value == 3);
    CHECK(last->expires_after == std::chrono::minutes{3});
}

TEST_CASE("a thousand sources take several lines, none longer than HAProxy reads") {
    std::vector<Network> sources;
    for (int index = 0; index < 1'000; ++index) {
        sources.push_back(of(fmt::format("2001:db8:{:x}:1:2:3:4:5", index)));
    }
    std::span<const Network> rest(sources);
    std::size_t lines = 0;
    while (!rest.empty()) {
        const MarkLine line = mark_line(tables, Mark::on_trial, rest);
        CHECK(line.command.size() <= mark_line_bytes_max);
        CHECK(line.sources_count > 50);
        CHECK(std::ranges::count(line.command, ';') ==
              static_cast<std::ptrdiff_t>(line.sources_count));
        rest = rest.subspan(std::min(rest.size(), line.sources_count));
        ++lines;
    }
    CHECK(lines < 15);
}

TEST_CASE("HAProxy's no is told apart: to all of them nothing has changed, to some nobody knows") {
    const std::vector<Network> sources{of("192.0.2.7"), of("192.0.2.8")};
    const MarkLine line = mark_line(tables, Mark::denied, sources);
    struct Case {
        std::string reply;
        Fault fault;
    };
    for (const Case& one :
         std::vector<Case>{{"No such table\n\nNo such table\n\nNo such table\n\n", Fault::refused},
                           {"\nInvalid key\n\n\n", Fault::broken},
                           {"\n\n\n", Fault::broken},
                           {"\n", Fault::broken},
                           {"", Fault::broken},
                           {"\n\n# table: block_addresses, type: ipv6, size:9, used:1\n"
                            "0x1: key=::ffff:192.0.2.8 use=0 exp=1 gpt0=3\n\nmore",
                            Fault::broken},
                           {"\n\n# table: block_addresses, type: ipv6, size:9, used:1\n"
                            "0x1: key=::ffff:192.0.2.9 use=0 exp=1 gpt0=3\n\n",
                            Fault::broken}}) {
        CAPTURE(one.reply);
        const Result<TableEntry> last = read_mark_reply(one.reply, line);
        REQUIRE_FALSE(last);
        CHECK(last.error().fault == one.fault);
    }
}

TEST_CASE("what HAProxy counts is read by name, and nothing counted yet is nothing") {
    CHECK(counts_command(tables) == "show table block_counts key all");
    const Result<MarkCounts> counts = read_counts(
        "# table: block_counts, type: string, size:16, used:1\n"
        "0x5: key=all use=0 exp=0 http_req_cnt=400 gpc0=1 gpc1=2 gpc2=3 gpc3=4 gpc4=5 gpc5=6\n\n",
        tables);
    REQUIRE(counts);
    CHECK(*counts == MarkCounts{400, 1, 2, 3, 4, 5, 6});
    CHECK(read_counts("\n", tables) == MarkCounts{});
}

TEST_CASE("counts of another shape are refused, and the table that lacks them is named") {
    struct Case {
        std::string reply;
        Fault fault;
    };
    const std::string head = "# table: block_counts, type: string, size:16, used:1\n";
    for (const Case& one : std::vector<Case>{
             {"No such table\n\n", Fault::absent},
             {head + "0x5: key=all use=0 exp=0 http_req_cnt=400 gpc0=1\n\n", Fault::absent},
             {head + "0x5: key=all use=0 exp=0 gpc0=1 gpc1=2 gpc2=3 gpc3=4 gpc4=5 gpc5=6\n\n",
              Fault::absent},
             {head + "0x5: key=all http_req_cnt=-1 gpc0=1 gpc1=2 gpc2=3 gpc3=4 gpc4=5 gpc5=6\n\n",
              Fault::broken},
             {head + "0x5: key=other http_req_cnt=1 gpc0=1 gpc1=2 gpc2=3 gpc3=4 gpc4=5 gpc5=6\n\n",
              Fault::broken},
             {"\nmore", Fault::broken},
             {"", Fault::broken}}) {
        CAPTURE(one.reply);
        const Result<MarkCounts> counts = read_counts(one.reply, tables);
        REQUIRE_FALSE(counts);
        CHECK(counts.error().fault == one.fault);
    }
}

}  // namespace homeostat::adapters::haproxy
