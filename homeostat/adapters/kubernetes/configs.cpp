#include "homeostat/adapters/kubernetes/configs.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/config_revert.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <system_error>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

/// Of one that is no number nothing is older.
std::uint64_t version_in(const ConfigMapView& map) {
    const std::string& text = map.resource_version;
    std::uint64_t version = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), version);
    const bool is_whole = trouble == std::errc{} && end == text.data() + text.size();
    return is_whole ? version : 0;
}

}  // namespace

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one look at each.
Result<const ConfigsView*> Configs::look() {
    std::vector<std::uint64_t> versions;
    refusal_.reset();
    for (std::size_t index = 0; index < seen_.size(); ++index) {
        const std::string what = "ConfigMap " + options_.configs[index];
        const Result<void> heard = check_kind_heard(what, seen_[index], clock_.now());
        if (!heard && heard.error().fault != Fault::refused) {
            return std::unexpected(heard.error());
        }
        if (!heard) {
            refusal_ = heard.error();
        }
        // What it held when it could be read last is not what it holds.
        versions.push_back(heard ? seen_[index].objects->resource_version : 0);
    }
    if (versions != versions_parsed_) {
        std::vector<ConfigMapView> maps;
        std::optional<Error> error;
        for (std::size_t index = 0; index < seen_.size(); ++index) {
            const auto& objects = seen_[index].objects->objects;
            const auto found = objects.find(options_.configs[index]);
            if (versions[index] == 0 || found == objects.end()) {
                continue;
            }
            Result<ConfigMapView> view = parse_config_map(found->second.parsed());
            if (!view) {
                error = view.error();
                continue;
            }
            maps.push_back(*std::move(view));
        }
        versions_parsed_ = std::move(versions);
        parsed_ = error ? Result<ConfigsView>(std::unexpected(*error))
                        : configs_of(options_.configs, std::move(maps));
        if (parsed_) {
            take(*parsed_);
        }
    }
    if (!parsed_) {
        return std::unexpected(parsed_.error());
    }
    return &*parsed_;
}

Task<Result<ConfigsView>> Configs::read(ApiClient& api, Instant deadline) {
    std::vector<ConfigMapView> maps;
    for (const std::string& name : options_.configs) {
        std::string path = config_maps_path(options_, name);
        Result<ApiReply> reply = co_await api.get(std::move(path), deadline);
        const Result<ObjectList> list = parse_list("ConfigMap " + name, std::move(reply));
        if (!list && list.error().fault == Fault::refused) {
            co_return configs_of(options_.configs, {});
        }
        if (!list) {
            co_return std::unexpected(list.error());
        }
        for (const json::value& item : list->items) {
            Result<ConfigMapView> view = parse_config_map(item);
            if (!view) {
                co_return std::unexpected(view.error());
            }
            maps.push_back(*std::move(view));
        }
    }
    ConfigsView configs = configs_of(options_.configs, std::move(maps));
    take(configs);
    co_return configs;
}

void Configs::take(const ConfigsView& configs) {
    const auto taken_of = [&](const ConfigMapView& map) -> std::uint64_t& {
        return versions_taken_[map.contents.name];
    };
    if (std::ranges::any_of(configs.maps, [&](const ConfigMapView& map) {
            return version_in(map) < taken_of(map);
        })) {
        return;
    }
    for (const ConfigMapView& map : configs.maps) {
        taken_of(map) = version_in(map);
    }
    const Result<void> taken = history_.take(configs, written_at(configs));
    file_trouble_ = taken ? std::nullopt : std::optional(taken.error());
}

/// By the server's own note: an edit that we could not see is older than our first look at it.
/// Where it says nothing, now; and never before what was in force last.
WallTime Configs::written_at(const ConfigsView& configs) const {
    const WallTime now = clock_.wall_now();
    std::optional<WallTime> written;
    for (const ConfigMapView& map : configs.maps) {
        if (map.written_at && (!written || *map.written_at > *written)) {
            written = map.written_at;
        }
    }
    const WallTime before = history_.in_force_since().value_or(WallTime::min());
    return std::clamp(written.value_or(now), std::min(before, now), now);
}

std::optional<Instant> Configs::heard_at() const {
    std::optional<Instant> oldest;
    for (const KindSeen& kind : seen_) {
        const ObjectsSeen& heard = kind.heard == nullptr ? *kind.objects : *kind.heard;
        if (!heard.heard_at) {
            return std::nullopt;
        }
        oldest = std::min(oldest.value_or(*heard.heard_at), *heard.heard_at);
    }
    return oldest;
}

VersionFacts Configs::facts_of(const ConfigsView& configs) const {
    VersionFacts facts;
    facts.current = configs.version;
    for (const ConfigVersion& one : history_.versions()) {
        const bool is_it = one.version == configs.version;
        if (!configs.version.empty() && (is_it || revert_of(one, configs).has_value())) {
            facts.present.push_back(one.version);
        }
    }
    std::ranges::sort(facts.present);
    return facts;
}

VersionId Configs::version_of(const RuntimeInstance& instance, const ConfigsView& configs) const {
    if (!options_.configs_restart || configs.version.empty()) {
        return configs.version;
    }
    if (!instance.is_alive) {
        return {};
    }
    const Duration age = clock_.now() - instance.started_at;
    return history_.version_at(clock_.wall_now() -
                               std::chrono::duration_cast<std::chrono::milliseconds>(age));
}

}  // namespace homeostat::adapters::kubernetes
