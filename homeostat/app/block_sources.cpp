#include "homeostat/app/block_sources.hpp"

#include "homeostat/adapters/envoy/envoy_marker.hpp"
#include "homeostat/adapters/haproxy/haproxy_marker.hpp"
#include "homeostat/app/edge.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <string_view>
#include <utility>

namespace homeostat::app {

namespace {

namespace crowdsec = adapters::crowdsec;
namespace envoy = adapters::envoy;
namespace haproxy = adapters::haproxy;
namespace taxii = adapters::taxii;

constexpr std::size_t secret_file_bytes_max = 2048;

/// Envoy reads all of its marks again for each order: fifty thousand IPv6 addresses were measured
/// to take it 1.2 seconds of a processor (docs/envoy.md).
constexpr Duration envoy_mark_for_max = std::chrono::seconds{10};

std::uint64_t permille_of(double ratio) {
    return static_cast<std::uint64_t>(
        std::llround(ratio * static_cast<double>(immune::permille_max)));
}

/// One line, with or without its end. A file that nobody names holds nothing.
Result<std::string> read_secret(const std::filesystem::path& file, std::string_view key) {
    if (file.empty()) {
        return std::string();
    }
    Result<std::string> text = os::read_secret_file(file.string(), secret_file_bytes_max);
    if (!text) {
        return fail(key, text.error());
    }
    if (text->ends_with('\n')) {
        text->pop_back();
    }
    // Else we would ask as anybody, or with a secret that nobody sees the fault of.
    if (text->empty() || text->ends_with('\r')) {
        return fail(Fault::invalid,
                    fmt::format("{}: {} is empty, or its line ends in CR", key, file.string()));
    }
    return text;
}

Result<FeedOptions> crowdsec_options_of(const BlockFeedConfig& feed) {
    const Result<net::Address> address = net::parse_endpoint(feed.crowdsec);
    if (!address) {
        return std::unexpected(address.error());
    }
    const Result<std::string> key = read_secret(feed.key_file, "key");
    if (!key) {
        return std::unexpected(key.error());
    }
    crowdsec::Options options{address->endpoint, *key};
    const Result<void> checked = crowdsec::check(options);
    if (!checked) {
        return std::unexpected(checked.error());
    }
    return options;
}

Result<FeedOptions> taxii_options_of(const TaxiiConfig& config) {
    const Result<net::Address> address = net::parse_endpoint(config.collection);
    if (!address) {
        return std::unexpected(address.error());
    }
    const Result<std::string> login = read_secret(config.login_file, "login");
    if (!login) {
        return std::unexpected(login.error());
    }
    const Result<std::string> token = read_secret(config.token_file, "token");
    if (!token) {
        return std::unexpected(token.error());
    }
    taxii::Options options{.api = address->endpoint,
                           .collection = address->path,
                           .login = *login,
                           .token = *token,
                           .confidence_min = config.confidence_min};
    const Result<void> checked = taxii::check(options);
    if (!checked) {
        return std::unexpected(checked.error());
    }
    return options;
}

std::unique_ptr<ports::ThreatFeed> feed_of(FeedOptions options,
                                           const BlockSourcesContext& context) {
    if (auto* of_taxii = std::get_if<taxii::Options>(&options)) {
        return std::make_unique<taxii::TaxiiFeed>(context.executor, std::move(*of_taxii),
                                                  context.clock);
    }
    return std::make_unique<crowdsec::CrowdsecFeed>(
        context.executor, std::get<crowdsec::Options>(std::move(options)));
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

Result<FeedOptions> feed_options_of(const BlockFeedConfig& feed) {
    return feed.taxii ? taxii_options_of(*feed.taxii) : crowdsec_options_of(feed);
}

immune::Settings immune_settings_of(const Config& config) {
    const BlockSourcesConfig& of = *config.block_sources;
    immune::Settings policy;
    policy.limits.growth_max = of.growth_max;
    policy.limits.on_trial_permille_max = permille_of(of.on_trial_max);
    policy.limits.denied_permille_max = permille_of(of.denied_max);
    for (const BlockFeedConfig& feed : of.feeds) {
        immune::FeedSettings& settings = policy.feeds.emplace_back();
        settings.name = feed.name;
        settings.confidence = feed.confidence;
        settings.sources_max = feed.sources_max;
        settings.poll_every = feed.taxii ? feed.taxii->poll_every : settings.poll_every;
    }
    policy.allowed = of.allow;
    policy.may_deny = config.block_source == Autonomy::act;
    return policy;
}

Result<void> BlockSources::make_marker(const Config& config,
                                       const boost::asio::any_io_executor& executor) {
    if (config.envoy) {
        Result<envoy::Options> options = envoy_options_of(config);
        if (!options) {
            return std::unexpected(options.error());
        }
        envoy_ = std::make_unique<envoy::Admin>(executor, *std::move(options));
        marker_ = std::make_unique<envoy::EnvoyMarker>(*envoy_, config.block_sources->allow);
        return {};
    }
    Result<haproxy::MarkerOptions> options = marker_options_of(config);
    if (!options) {
        return std::unexpected(options.error());
    }
    marker_ = std::make_unique<haproxy::HaproxyMarker>(executor, *std::move(options));
    return {};
}

Result<std::unique_ptr<BlockSources>> BlockSources::make(const Config& config,
                                                         const BlockSourcesContext& context) {
    if (!config.block_sources) {
        return nullptr;
    }
    auto sources = std::unique_ptr<BlockSources>(new BlockSources);
    std::vector<ports::ThreatFeed*> feeds;
    for (const BlockFeedConfig& feed : config.block_sources->feeds) {
        Result<FeedOptions> options = feed_options_of(feed);
        if (!options) {
            return fail(fmt::format("block_sources.feeds: {}", feed.name), options.error());
        }
        sources->feeds_.push_back(feed_of(*std::move(options), context));
        feeds.push_back(sources->feeds_.back().get());
    }
    if (Result<void> made = sources->make_marker(config, context.executor); !made) {
        return std::unexpected(made.error());
    }
    heal::ImmuneSettings settings;
    settings.policy = immune_settings_of(config);
    settings.limits = mark_limits_of(settings.policy);
    settings.autonomy = config.block_source;
    settings.mark_for_max = config.envoy ? envoy_mark_for_max : settings.mark_for_max;
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
