#include "homeostat/app/config_outside.hpp"

#include "homeostat/app/config.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace homeostat::app {

namespace {

using ConfirmedBy = std::map<RemedyKind, std::vector<std::string>>;

void add(ConfirmedBy& all, const std::string& name, const std::vector<RequiredFor>& words) {
    for (const RequiredFor word : words) {
        for (const RemedyKind kind : kinds_of(word)) {
            std::vector<std::string>& names = all[kind];
            if (std::ranges::find(names, name) == names.end()) {
                names.push_back(name);
            }
        }
    }
}

/// Such as only take back what another has done: nobody proposes them.
bool is_inverse(RemedyKind kind) {
    return kind == RemedyKind::readmit || kind == RemedyKind::close_circuit ||
           kind == RemedyKind::route_back || kind == RemedyKind::take_back_task ||
           kind == RemedyKind::resume_rollout;
}

}  // namespace

std::string channel_name(std::size_t index) {
    return fmt::format("notify[{}]", index);
}

std::vector<RemedyKind> kinds_of(RequiredFor word) {
    std::vector<RemedyKind> kinds;
    for (const std::string_view name : names_of(std::type_identity<RemedyKind>{})) {
        const RemedyKind kind = *parse_enum<RemedyKind>(name);
        const bool is_meant = word == RequiredFor::destructive
                                  ? !traits_of(kind).is_reversible && !is_inverse(kind)
                                  : to_text(word) == name;
        if (is_meant) {
            kinds.push_back(kind);
        }
    }
    return kinds;
}

std::optional<ConfirmedBy> confirmed_by_of(const Config& config) {
    ConfirmedBy all;
    for (const SinkConfig& sink : config.sinks) {
        add(all, sink.name, sink.required_for);
    }
    for (const auto& [file, words] : config.witnesses_required_for) {
        add(all, file, words);
    }
    for (std::size_t index = 0; index < config.channels.size(); ++index) {
        add(all, channel_name(index), config.channels[index].required_for);
    }
    return all.empty() ? std::nullopt : std::optional(std::move(all));
}

}  // namespace homeostat::app
