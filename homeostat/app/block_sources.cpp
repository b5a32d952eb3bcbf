#include "homeostat/app/block_sources.hpp"

#include "homeostat/adapters/crowdsec/crowdsec_feed.hpp"
#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace crowdsec = adapters::crowdsec;
namespace haproxy = adapters::haproxy;

constexpr std::size_t key_file_bytes_max = 1024;

std::uint64_t permille_of(double ratio) {
    return static_cast<std::uint64_t>(
        std::llround(ratio * static_cast<double>(immune::permille_max)));
}

Result<crowdsec::Options> options_of(const BlockFeedConfig& feed) {
    const Result<net::Address> address = net::parse_endpoint(feed.crowdsec);
    if (!address) {
        return fail("block_sources.feeds", address.error());
    }
    const Result<std::string> key = read_key(feed);
    if (!key) {
        return fail(fmt::format("block_sources.feeds: {}: key", feed.name), key.error());
    }
    crowdsec::Options options{address->endpoint, *key};
    const Result<void> checked = crowdsec::check(options);
    if (!checked) {
        return fail(fmt::format("block_sources.feeds: {}", feed.name), checked.error());
    }
    return options;
}

Result<haproxy::MarkerOptions> marker_options_of(const Config& config) {
    const Result<net::Endpoint> socket = net::unix_endpoint(config.haproxy->socket.string());
    if (!socket) {
        return fail("edge.haproxy.socket", socket.error());
    }
    const BlockSourcesConfig& of = *config.block_sources;
    haproxy::MarkerOptions options{*socket, {of.addresses, of.networks, of.counts}};
    if (const Result<void> checked = haproxy::check(options); !checked) {
        return fail("block_sources", checked.error());
    }
    return options;
}

guard::MarkLimits mark_limits_of(const immune::Settings& policy) {
    guard::MarkLimits limits;
    limits.is_declared = true;
    limits.allowed = policy.allowed;
    limits.sources_max = policy.limits.sources_max;
    limits.order_sources_max = policy.limits.marking_sources_max;
    limits.lasts_max = policy.limits.lease;
    return limits;
}

}  // namespace

Result<std::string> read_key(const BlockFeedConfig& feed) {
    Result<std::string> text = os::read_file(feed.key_file.string(), key_file_bytes_max);
    if (text && text->ends_with('\n')) {
        text->pop_back();
    }
    return text;
}

immune::Settings immune_settings_of(const Config& config) {
    const BlockSourcesConfig& of = *config.block_sources;
    immune::Settings policy;
    policy.limits.growth_max = of.growth_max;
    policy.limits.on_trial_permille_max = permille_of(of.on_trial_max);
    policy.limits.denied_permille_max = permille_of(of.denied_max);
    for (const BlockFeedConfig& feed : of.feeds) {
        policy.feeds.push_back({feed.name, feed.confidence, feed.sources_max});
    }
    policy.allowed = of.allow;
    policy.may_deny = config.block_source == Autonomy::act;
    return policy;
}

Result<std::unique_ptr<BlockSources>> BlockSources::make(const Config& config,
                                                         const BlockSourcesContext& context) {
    if (!config.block_sources) {
        return nullptr;
    }
    auto sources = std::unique_ptr<BlockSources>(new BlockSources);
    std::vector<ports::ThreatFeed*> feeds;
    for (const BlockFeedConfig& feed : config.block_sources->feeds) {
        Result<crowdsec::Options> options = options_of(feed);
        if (!options) {
            return std::unexpected(options.error());
        }
        sources->feeds_.push_back(
            std::make_unique<crowdsec::CrowdsecFeed>(context.executor, *std::move(options)));
        feeds.push_back(sources->feeds_.back().get());
    }
    Result<haproxy::MarkerOptions> marker = marker_options_of(config);
    if (!marker) {
        return std::unexpected(marker.error());
    }
    sources->marker_ =
        std::make_unique<haproxy::HaproxyMarker>(context.executor, *std::move(marker));
    heal::ImmuneSettings settings;
    settings.policy = immune_settings_of(config);
    settings.limits = mark_limits_of(settings.policy);
    settings.autonomy = config.block_source;
    settings.life = std::to_string(context.clock.wall_now().time_since_epoch().count());
    settings.log = context.log;
    settings.keep = [&role = context.role](std::vector<Entry> entries) {
        return role.keep(std::move(entries));
    };
    settings.unwitnessed = context.unwitnessed;
    sources->role_ = std::make_unique<heal::ImmuneRole>(
        context.executor,
        heal::ImmunePorts{context.clock, context.kill_switch, *sources->marker_, std::move(feeds)},
        std::move(settings));
    return sources;
}

}  // namespace homeostat::app
