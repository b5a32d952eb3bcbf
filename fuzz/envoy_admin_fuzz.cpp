// Any bytes for Envoy's admin replies and for the two files: the parsers refuse, or give what can
// be read again.

#include "homeostat/adapters/envoy/admin_reply.hpp"
#include "homeostat/adapters/envoy/edge_view.hpp"
#include "homeostat/adapters/envoy/endpoints_file.hpp"
#include "homeostat/adapters/envoy/runtime_file.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace envoy = homeostat::adapters::envoy;
using homeostat::ensure;
using homeostat::WallTime;

namespace {

const std::vector<std::string> names{"payments", "fraud"};

void read_replies(std::string_view text) {
    const auto clusters = envoy::parse_clusters(text, names);
    const auto stats = envoy::parse_stats(text, names);
    ensure(!clusters || clusters->size() == names.size(), "every cluster asked for is told of");
    ensure(!stats || stats->clusters.size() == names.size(), "so is every cluster's count");
    ensure(clusters || clusters.error().text.size() < 500, "a refusal is short");
    ensure(stats || stats.error().text.size() < 500, "a refusal is short");
    if (clusters && stats) {
        const envoy::ClusterView view = envoy::to_view(clusters->front(), stats->clusters.front());
        ensure(envoy::answering_count(view) <= view.hosts.size(), "no more answer than there are");
    }
    const auto values =
        envoy::parse_runtime(text, {"homeostat.circuit.fraud", "homeostat.dimmer.fraud"});
    ensure(!values || values->size() == 2, "every key asked for is told of");
    ensure(!values || std::ranges::all_of(*values, [](auto one) { return one <= 1000; }),
           "no more than all is held back");
}

void read_endpoints(std::string_view text) {
    const auto file = envoy::EndpointsFile::parse(text, "payments");
    if (!file) {
        ensure(file.error().text.size() < 500, "a refusal is short");
        return;
    }
    ensure(!file->endpoints().empty(), "no file without endpoints is taken");
    const std::string drained =
        file->render("h-i-1.e1", {{file->endpoints().front().hostname, envoy::Order::drain}});
    const auto again = envoy::EndpointsFile::parse(drained, "payments");
    ensure(again && again->endpoints().size() == file->endpoints().size(),
           "what we write has the same endpoints");
    ensure(again->endpoints().front().order == envoy::Order::drain, "and the drain in it");
}

void read_runtime(std::string_view text) {
    const auto file = envoy::RuntimeFile::parse(text);
    if (!file) {
        return;
    }
    const WallTime now{std::chrono::milliseconds{1'000'000}};
    std::vector<envoy::SwitchOrder> orders;
    for (const std::string& key : file->ended_keys(now)) {
        orders.push_back({key, std::nullopt});
    }
    const auto again = envoy::RuntimeFile::parse(file->render("w-1", orders));
    ensure(again && again->ended_keys(now).empty(), "what has ended is ended once");
    const std::string key = "homeostat.dimmer.fraud";
    ensure(file->permille_at(key) <= 1000, "no more than all is held back");
    static_cast<void>(file->until_at(key));
    const auto dimmed = envoy::RuntimeFile::parse(file->render("h-i-1.e1", {{key, now, 251U}}));
    ensure(dimmed && dimmed->permille_at(key) == 251 && dimmed->until_at(key) == now,
           "what we write of a dimmer is read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_replies(text);
    read_endpoints(text);
    read_runtime(text);
    return 0;
}
