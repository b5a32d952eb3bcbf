#include "homeostat/app/config_block_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace homeostat::app {

namespace {

void check_kind(const BlockFeedSection& feed, ConfigReading& reading) {
    const bool is_crowdsec = !feed.config.crowdsec.empty();
    const auto tell = [&](std::string_view trouble) {
        reading.tell_at("block_sources.feeds", fmt::format("'{}' {}", feed.config.name, trouble));
    };
    if (is_crowdsec == feed.taxii.has_value()) {
        tell(is_crowdsec ? "is a CrowdSec and a TAXII collection — make two lists of it"
                         : "names no list — add crowdsec: …, or taxii: { collection: … }");
    }
    if (is_crowdsec && feed.config.key_file.empty()) {
        tell("lacks its key — add key: the file that `cscli bouncers add homeostat -o raw` fills");
    }
    if (!is_crowdsec && !feed.config.key_file.empty()) {
        tell("has a key, which is CrowdSec's — write login or token under taxii");
    }
    if (feed.taxii && !feed.taxii->config.login_file.empty() &&
        !feed.taxii->config.token_file.empty()) {
        tell("has a login and a token — keep the one that its server asks for");
    }
}

void check_feeds(const BlockSourcesSection& section, ConfigReading& reading) {
    std::set<std::string> names;
    for (const BlockFeedSection& feed : section.feeds) {
        const std::string& name = feed.config.name;
        if (!names.insert(name).second) {
            reading.tell_at("block_sources.feeds",
                            fmt::format("'{}' stands twice — keep one of them", name));
        }
        if (reading.is_sound("block_sources.feeds")) {
            check_kind(feed, reading);
        }
    }
    const bool is_believed = section.feeds.size() > 1 ||
                             std::ranges::any_of(section.feeds, [](const BlockFeedSection& feed) {
                                 return feed.config.confidence >= immune::Limits{}.confidence_min;
                             });
    if (!section.feeds.empty() && !is_believed) {
        reading.tell_at("block_sources.feeds",
                        fmt::format("one list of a confidence under {} never denies anything — "
                                    "raise its confidence, or add a second list",
                                    immune::Limits{}.confidence_min));
    }
}

/// HAProxy marks in tables that the operator names; Envoy in one file whose name is ours.
void check_tables(const ConfigFile& file,
                  const BlockSourcesConfig& config,
                  ConfigReading& reading) {
    std::set<std::string> tables{config.addresses, config.networks, config.counts};
    if (file.edge && file.edge->envoy) {
        if (tables != std::set<std::string>{""}) {
            reading.tell_at("block_sources",
                            "addresses, networks and counts are tables of HAProxy, and the edge "
                            "is an Envoy — leave them out");
        }
        return;
    }
    if (!file.edge || !file.edge->haproxy) {
        reading.tell_at("block_sources",
                        "sources are marked in an HAProxy or an Envoy — add edge: { haproxy: … } "
                        "or edge: { envoy: … }");
    }
    tables.erase("");
    if (tables.size() < 3 && reading.is_sound("block_sources")) {
        reading.tell_at("block_sources",
                        "addresses, networks and counts are three tables — give each its own name");
    }
}

}  // namespace

void check_block_sources(const ConfigFile& file, ConfigReading& reading) {
    const Autonomy autonomy = file.autonomy.block_source;
    if (autonomy != Autonomy::act && autonomy != Autonomy::watch) {
        reading.tell_at("autonomy.block_source",
                        "a list changes each second, so nobody can be asked — write act, or watch");
    }
    if (!file.block_sources || !reading.is_read("block_sources")) {
        return;
    }
    const BlockSourcesConfig& config = file.block_sources->config;
    check_tables(file, config, reading);
    if (file.block_sources->feeds.empty()) {
        reading.tell_at("block_sources.feeds",
                        "no list at all — add { name: …, crowdsec: …, key: … }");
    }
    constexpr double ratio_min = 0.001;
    if (config.on_trial_max < ratio_min || config.denied_max < ratio_min) {
        reading.tell_at("block_sources", "shares are counted in thousandths — write 0.1% or more");
    }
    check_feeds(*file.block_sources, reading);
}

}  // namespace homeostat::app
