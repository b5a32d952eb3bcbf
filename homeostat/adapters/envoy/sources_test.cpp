// The file of marks, its ends, the counters of its policies, and whoever takes off what has ended.

#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/source_ends.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/adapters/envoy/sources_reply.hpp"
#include "homeostat/adapters/envoy/sources_watchdog.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/file.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

using namespace homeostat;
using namespace homeostat::adapters::envoy;

namespace {

constexpr WallTime at(std::int64_t ms) {
    return WallTime{std::chrono::milliseconds{ms}};
}

Network network(const std::string& text) {
    const Result<Network> parsed = parse_network(text);
    REQUIRE(parsed);
    return *parsed;
}

SourcesFile some_marks() {
    return {"h-m1.e1",
            {"/login", "/pay"},
            {{network("192.0.2.7"), Mark::denied},
             {network("203.0.113.0/24"), Mark::denied},
             {network("192.0.2.8"), Mark::on_trial},
             {network("2001:db8:5:6::/64"), Mark::watched},
             {network("2001:db8::1"), Mark::watched}}};
}

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t place = text.find(from);
    REQUIRE(place != std::string::npos);
    return text.replace(place, from.size(), to);
}

/// A directory with a file of marks in it, and their ends.
struct Place {
    net::TemporaryDirectory directory;
    std::string path{directory.file("homeostat.sources.json")};
    std::string ends{directory.file("homeostat.sources.ends")};

    Place() { put(some_marks()); }
    void put(const SourcesFile& file) const {
        REQUIRE(os::write_file_atomically(path, file.render()));
    }
    void put_ends(const SourceEnds& all) const {
        REQUIRE(os::write_file_atomically(ends, render_ends(all)));
    }
    [[nodiscard]] SourcesFile file() const {
        const Result<std::string> text = os::read_file(path, sources_file_limits.bytes_max);
        REQUIRE(text);
        const Result<SourcesFile> parsed = SourcesFile::parse(*text);
        REQUIRE(parsed);
        return *parsed;
    }
    [[nodiscard]] std::uint64_t inode() const { return os::identify_file(path)->inode; }
    [[nodiscard]] SourcesWatchdog watchdog() const {
        Result<SourcesWatchdog> taken = SourcesWatchdog::take(directory.file("."));
        REQUIRE(taken);
        return *std::move(taken);
    }
};

SourceEnds ends_of(const SourcesFile& file, WallTime until) {
    SourceEnds ends;
    for (const auto& [source, mark] : file.marks) {
        ends.emplace(source, until);
    }
    return ends;
}

}  // namespace

TEST_CASE("what is written of marks is read again, with what is critical and without") {
    for (const bool has_critical : {true, false}) {
        SourcesFile file = some_marks();
        file.critical = has_critical ? file.critical : std::vector<std::string>{};
        const Result<SourcesFile> again = SourcesFile::parse(file.render());
        REQUIRE(again);
        CHECK(again->version == file.version);
        CHECK(again->critical == file.critical);
        CHECK(again->marks == file.marks);
    }
    const Result<SourcesFile> none = SourcesFile::parse(SourcesFile{"1", {}, {}}.render());
    REQUIRE(none);
    CHECK(none->marks.empty());
}

TEST_CASE("a file may be laid out for people, and is written anew") {
    const Result<json::value> document = parse_json(some_marks().render(), sources_file_limits);
    REQUIRE(document);
    const Result<SourcesFile> file = SourcesFile::parse(to_pretty_text(*document));
    REQUIRE(file);
    CHECK(file->marks == some_marks().marks);
}

TEST_CASE("every prefix has its length, and the last answer lets everybody through") {
    const std::string text = some_marks().render();
    CHECK(text.contains(R"({"address_prefix":"192.0.2.7","prefix_len":32})"));
    CHECK(text.contains(R"({"address_prefix":"203.0.113.0","prefix_len":24})"));
    CHECK(text.contains(R"({"address_prefix":"2001:db8:5:6::","prefix_len":64})"));
    CHECK(text.rfind("\"ALLOW\"") > text.rfind("\"DENY\""));
    CHECK(text.rfind("homeostat_none\"") > text.rfind("homeostat_denied\""));
}

TEST_CASE("a file that we would not write is refused: it could deny whoever it likes") {
    const std::string text = some_marks().render();
    const std::string plain = SourcesFile{"1", {}, {{network("192.0.2.7"), Mark::denied}}}.render();
    for (const std::string& wrong :
         {with(text, "\"prefix_len\":24", "\"prefix_len\":0"),
          with(text, "\"prefix_len\":24", "\"prefix_len\":16"),
          with(text, ",\"prefix_len\":24", ""),
          with(plain, R"("name":"homeostat_none","action":"ALLOW")",
               R"("name":"homeostat_none","action":"DENY")"),
          with(plain, R"("name":"homeostat_none")", R"("name":"homeostat_denied")"),
          with(text, "\"track_per_rule_stats\":true", "\"track_per_rule_stats\":false"),
          with(text, "\"track_per_rule_stats\"", "\"rules\":{},\"track_per_rule_stats\""),
          with(text, "\"matcher\":{", "\"matcher\":{\"matcher_list\":{},"),
          with(text, "192.0.2.8", "192.0.2.7"), with(text, "/pay", "pay"), std::string("{"),
          std::string("{}"), std::string("[]")}) {
        CAPTURE(wrong);
        const Result<SourcesFile> file = SourcesFile::parse(wrong);
        REQUIRE_FALSE(file);
        CHECK(file.error().fault == Fault::invalid);
    }
}

TEST_CASE("ends are read as they were written; one that is no end of a source is refused") {
    const SourceEnds ends{{network("192.0.2.7"), at(5)},
                          {network("203.0.113.0/24"), at(7)},
                          {network("2001:db8::1"), at(5)}};
    const std::string text = render_ends(ends);
    CHECK(text ==
          "{\"ends\":[{\"until\":5,\"sources\":[\"192.0.2.7\",\"2001:db8::1\"]},"
          "{\"until\":7,\"sources\":[\"203.0.113.0/24\"]}]}\n");
    CHECK(parse_source_ends(text).value() == ends);
    for (const std::string wrong :
         {"", "{}", R"({"ends":{}})", R"({"ends":[{"until":-1,"sources":[]}]})",
          R"({"ends":[{"until":1,"sources":["10.0.0.0/8"]}]})",
          R"({"ends":[{"until":1,"sources":["192.0.2.7"],"more":1}]})",
          R"({"ends":[{"until":1,"sources":["192.0.2.7","192.0.2.7"]}]})",
          R"({"ends":[{"until":1,"sources":[7]}]})"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_source_ends(wrong));
    }
}

TEST_CASE("a mark is over at its end, without one, and when its end is further than any of ours") {
    const SourcesFile file{"1", {}, {{network("192.0.2.7"), Mark::denied}}};
    const WallTime now = at(1'000'000'000);
    const auto is_over = [&](const SourceEnds& ends) {
        return ended_sources(file, ends, now).size() == 1;
    };
    CHECK(is_over({}));
    CHECK(is_over({{network("192.0.2.8"), now + std::chrono::seconds{1}}}));
    CHECK(is_over({{network("192.0.2.7"), now}}));
    CHECK_FALSE(is_over({{network("192.0.2.7"), now + std::chrono::milliseconds{1}}}));
    CHECK_FALSE(is_over({{network("192.0.2.7"), now + mark_lasts_max}}));
    CHECK(is_over({{network("192.0.2.7"), now + mark_lasts_max + std::chrono::milliseconds{1}}}));
}

TEST_CASE("what has ended is taken off, what is critical stays, and the rest is as it was") {
    const Place place;
    SourceEnds ends = ends_of(some_marks(), at(99));
    ends[network("192.0.2.7")] = at(10);
    place.put_ends(ends);
    SourcesWatchdog watchdog = place.watchdog();
    const std::uint64_t before = place.inode();
    CHECK(watchdog.pass(at(9)).value() == 0);
    CHECK(place.inode() == before);
    CHECK(watchdog.pass(at(10)).value() == 1);
    SourcesFile expected = some_marks();
    expected.version = "w-10";
    expected.marks.erase(network("192.0.2.7"));
    CHECK(place.file().render() == expected.render());
}

TEST_CASE("what took a mark off is put twice more, and what ends next waits its turn") {
    const Place place;
    SourceEnds ends = ends_of(some_marks(), at(12));
    ends[network("192.0.2.7")] = at(10);
    place.put_ends(ends);
    SourcesWatchdog watchdog = place.watchdog();
    REQUIRE(watchdog.pass(at(10)).value() == 1);
    std::uint64_t last = place.inode();
    for (const std::int64_t ms : {11, 12}) {
        CHECK(watchdog.pass(at(ms)).value() == 0);
        CHECK(place.inode() != last);
        last = place.inode();
    }
    CHECK(watchdog.pass(at(13)).value() == 0);
    CHECK(place.inode() == last);
    CHECK(watchdog.pass(at(10) + SourcesWatchdog::pause_between).value() == 4);
    CHECK(place.file().marks.empty());
}

TEST_CASE("a renewal is seen, and a clock that is set back ends what it makes too long") {
    const Place place;
    const WallTime now = at(1'000'000'000);
    place.put_ends(ends_of(some_marks(), now + std::chrono::minutes{1}));
    SourcesWatchdog watchdog = place.watchdog();
    CHECK(watchdog.pass(now).value() == 0);
    place.put_ends(ends_of(some_marks(), now + std::chrono::minutes{3}));
    CHECK(watchdog.pass(now + std::chrono::minutes{2}).value() == 0);
    CHECK(watchdog.pass(now - std::chrono::hours{1}).value() == some_marks().marks.size());
}

TEST_CASE("where nobody marks there is nothing to end, and a file that is not ours is left alone") {
    const Place place;
    SourcesWatchdog watchdog = place.watchdog();
    REQUIRE(os::write_file_atomically(place.path, "{"));
    const Result<std::size_t> unreadable = watchdog.pass(at(1));
    CHECK(unreadable.error().fault == Fault::invalid);
    CHECK(unreadable.error().text.contains("Envoy goes on denying what it had loaded"));
    CHECK(os::read_file(place.path, 8).value() == "{");
    REQUIRE(os::remove_file(place.path));
    CHECK(watchdog.pass(at(2)).value() == 0);
}

TEST_CASE("what could not be ended is tried again at the next look") {
    const Place place;
    SourcesFile none = some_marks();
    none.marks.clear();
    place.put(none);
    SourcesWatchdog watchdog = place.watchdog();
    CHECK(watchdog.pass(at(1)).value() == 0);
    place.put(some_marks());
    // Where it would write the new file there is a directory.
    const std::string in_the_way = place.path + ".tmp." + std::to_string(::getpid());
    REQUIRE(std::filesystem::create_directory(in_the_way));
    CHECK_FALSE(watchdog.pass(at(2)));
    CHECK_FALSE(watchdog.pass(at(3)));
    REQUIRE(std::filesystem::remove(in_the_way));
    CHECK(watchdog.pass(at(4)).value() == some_marks().marks.size());
    CHECK(place.file().marks.empty());
}

TEST_CASE("one watches marks, and a watchdog of overrides alone is not taken for one") {
    const Place place;
    const std::string directory = place.directory.file(".");
    const Result<os::LockFile> older = os::LockFile::take(watch_lock_path(directory));
    REQUIRE(older);
    CHECK(has_watchdog(directory));
    CHECK_FALSE(has_sources_watchdog(directory));
    const SourcesWatchdog watchdog = place.watchdog();
    CHECK(has_sources_watchdog(directory));
    CHECK(SourcesWatchdog::take(directory).error().fault == Fault::busy);
}

TEST_CASE("requests are counted by policy, of every connection manager that has the filter") {
    const std::string head =
        R"({"stats":[{"name":"extension_config_discovery.http_filter.homeostat.sources.)"
        R"(version_text","value":"h-m1.e1"},{"name":"extension_config_discovery.http_filter.)"
        R"(homeostat.sources.update_rejected","value":2})";
    const Result<SourcesReply> reply = parse_sources(
        head + R"(,{"name":"http.a.rbac.policy.homeostat_denied.denied","value":4},)"
               R"({"name":"http.b.rbac.policy.homeostat_denied.denied","value":3},)"
               R"({"name":"http.a.rbac.policy.homeostat_denied_critical.denied","value":1},)"
               R"({"name":"http.a.rbac.policy.homeostat_on_trial_critical.allowed","value":5},)"
               R"({"name":"http.a.rbac.policy.homeostat_watched.allowed","value":6},)"
               R"({"name":"http.a.rbac.policy.homeostat_none.allowed","value":70},)"
               R"({"name":"http.a.rbac.policy.theirs.allowed","value":900}]})");
    REQUIRE(reply);
    CHECK(reply->version == "h-m1.e1");
    CHECK(reply->rejected_total == 2);
    CHECK(reply->counts == MarkCounts{.requests = 89,
                                      .watched = 6,
                                      .on_trial = 5,
                                      .denied = 8,
                                      .critical = 6,
                                      .critical_on_trial = 5,
                                      .critical_denied = 1});
    CHECK(parse_sources(head + "]}")->counts == MarkCounts{});
    CHECK(parse_sources(R"({"stats":[]})").error().fault == Fault::absent);
    const std::string denied = R"({"name":"http.a.rbac.policy.homeostat_denied.denied","value":)";
    const auto with = [&](const std::vector<std::string_view>& values) {
        std::string text = head;
        for (const std::string_view value : values) {
            text += fmt::format(",{}{}}}", denied, value);
        }
        return text + "]}";
    };
    for (const std::string& wrong :
         {head, std::string("[]"), std::string(R"({"stats":{}})"), with({"\"4\""}), with({"-1"}),
          with({"100000000000001"}), with({"1", "1"})}) {
        CAPTURE(wrong);
        CHECK(parse_sources(wrong).error().fault == Fault::broken);
    }
}

TEST_CASE("a log is quiet by what is said of its component, and else by what is said of all") {
    const auto is_quiet = [](const std::string& all, const std::string& components) {
        return parse_is_log_quiet(R"({"command_line_options":{"log_level":")" + all +
                                  R"(","component_log_level":")" + components + R"("}})");
    };
    CHECK_FALSE(*is_quiet("info", ""));
    CHECK_FALSE(*is_quiet("error", "misc:warning"));
    CHECK_FALSE(*is_quiet("info", "upstream:error"));
    CHECK(*is_quiet("error", ""));
    CHECK(*is_quiet("info", "upstream:debug,misc:error"));
    CHECK(*is_quiet("info", "misc:off,upstream:debug"));
    CHECK_FALSE(*parse_is_log_quiet(R"({"command_line_options":{}})"));
    CHECK(parse_is_log_quiet("{}").error().fault == Fault::broken);
    CHECK(parse_is_log_quiet("[").error().fault == Fault::broken);
}

TEST_CASE("no cluster has its endpoints in the file of marks") {
    Options options{.admin = net::UnixEndpoint{"/run/admin.sock"},
                    .service = ServiceId("payments"),
                    .cluster = "homeostat.sources",
                    .endpoints = {},
                    .directory = "xds"};
    REQUIRE_FALSE(check(options));
    CHECK(check(options).error().text.contains("name it otherwise"));
    CHECK(sources_path("xds") == "xds/homeostat.sources.json");
}
