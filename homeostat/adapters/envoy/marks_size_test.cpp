// How many marks the file holds, and that no order makes it larger than it is read again.

#include "homeostat/adapters/envoy/envoy_marker.hpp"
#include "homeostat/adapters/envoy/options.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::guard {

/// Stands in for guard's own, which this test does not link.
class Gate {
  public:
    static MarkPermit permit(EffectId effect, Marking marking) {
        return MarkPermit{std::move(effect), std::move(marking)};
    }
};

}  // namespace homeostat::guard

using namespace homeostat;
using namespace homeostat::adapters::envoy;
using namespace std::chrono_literals;

namespace {

/// Addresses whose text is as long as one gets.
std::vector<Network> longest_addresses(std::uint32_t count) {
    std::vector<Network> sources;
    for (std::uint32_t index = 0; index < count; ++index) {
        sources.push_back(
            *parse_network(fmt::format("2001:db81:1234:5678:9abc:def1:{:x}:{:x}",
                                       0x1000 + index / 0x1000, 0x1000 + index % 0x1000)));
    }
    return sources;
}

SourcesFile file_of(const std::vector<Network>& sources) {
    SourcesFile file{.version = "h-m1.e1", .critical = {}, .marks = {}};
    for (const Network& source : sources) {
        file.marks.emplace(source, Mark::watched);
    }
    return file;
}

net::ScriptLine reply(const std::string& body) {
    return {fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{}", body.size(), body),
            net::ScriptLine::Then::listens};
}

}  // namespace

TEST_CASE("fifty thousand marks of the longest addresses are written and read again") {
    const std::string text = file_of(longest_addresses(50'000)).render();
    CHECK(text.size() <= sources_file_limits.bytes_max);
    const Result<SourcesFile> again = SourcesFile::parse(text);
    REQUIRE(again);
    CHECK(again->marks.size() == 50'000);
}

TEST_CASE("an order after which the file could not be read again is refused, and changes nothing") {
    const std::vector<Network> sources = longest_addresses(120'000);
    const net::TemporaryDirectory directory;
    const std::string path = directory.file("homeostat.sources.json");
    const std::string before = file_of({}).render();
    REQUIRE(os::write_file_atomically(path, before));
    boost::asio::io_context context(1);
    const std::string stats =
        R"({"stats":[{"name":"extension_config_discovery.http_filter.homeostat.sources.)"
        R"(version_text","value":"h-m1.e1"}]})";
    const std::string info = R"({"command_line_options":{"log_level":"error"}})";
    const net::ScriptedPeer peer(context, {reply(stats), reply(info)});
    Admin admin(context.get_executor(), {.admin = peer.endpoint(),
                                         .service = ServiceId("payments"),
                                         .cluster = "payments",
                                         .endpoints = {},
                                         .directory = directory.file("")});
    EnvoyMarker marker(admin, {});
    const Instant now = os::read_boot_clock();
    MarkRequest request(guard::Gate::permit(
        EffectId("m2.e1"), {.mark = Mark::watched, .sources = sources, .until = now + 30s}));
    const Outcome outcome = net::run_for_test(context, marker.mark(std::move(request), now + 20s));
    CHECK(outcome.kind == OutcomeKind::refused);
    CHECK(outcome.because == "120000 marks are a file larger than is read again");
    CHECK(os::read_file(path, sources_file_limits.bytes_max) == before);
}
