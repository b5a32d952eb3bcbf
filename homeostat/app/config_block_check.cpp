#include "homeostat/app/config_block_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>

namespace homeostat::app {

namespace {

void check_feeds(const BlockSourcesSection& section, ConfigReading& reading) {
    std::set<std::string> names;
    for (const BlockFeedSection& feed : section.feeds) {
        const std::string& name = feed.config.name;
        if (!names.insert(name).second) {
            reading.tell_at("block_sources.feeds",
                            fmt::format("'{}' stands twice — keep one of them", name));
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
    if (!file.edge || !file.edge->haproxy) {
        reading.tell_at("block_sources",
                        "sources are marked in an HAProxy — add edge: { haproxy: … }");
    }
    const BlockSourcesConfig& config = file.block_sources->config;
    const std::set<std::string> tables{config.addresses, config.networks, config.counts};
    if (tables.size() < 3 && reading.is_sound("block_sources")) {
        reading.tell_at("block_sources",
                        "addresses, networks and counts are three tables — give each its own name");
    }
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
