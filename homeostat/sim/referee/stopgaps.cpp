#include "homeostat/sim/referee/stopgaps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <variant>

namespace homeostat::sim {

namespace {

/// What begins one, and what ends it.
struct Ends {
    std::string_view begin;
    std::string_view end;
};

constexpr std::array<Ends, 3> stopgaps{Ends{"circuit_opened", "circuit_closed"},
                                       Ends{"rerouted", "routed_back"},
                                       Ends{"process_started", "process_ended"}};

/// A process is one only where a spare was added; what a reflex or a restart starts is to stay.
bool is_stopgap(std::string_view kind, const Remedy* remedy) {
    return remedy != nullptr &&
           (kind != "process_started" || std::holds_alternative<Scale>(*remedy));
}

}  // namespace

void Stopgaps::see_effect(const IncidentId& incident,
                          const Remedy* remedy,
                          std::string_view kind,
                          std::uint32_t target) {
    const auto* began = std::ranges::find(stopgaps, kind, &Ends::begin);
    if (began != stopgaps.end() && is_stopgap(kind, remedy)) {
        standing_[{std::string(kind), target}] = incident;
    }
    const auto* ended = std::ranges::find(stopgaps, kind, &Ends::end);
    if (ended != stopgaps.end()) {
        standing_.erase({std::string(ended->begin), target});
    }
}

void Stopgaps::escalate(const IncidentId& incident) {
    std::erase_if(standing_, [&](const auto& one) { return one.second == incident; });
}

std::vector<std::string> Stopgaps::take_left() {
    std::vector<std::string> left;
    for (const auto& [what, incident] : standing_) {
        if (closed_.contains(incident)) {
            left.push_back(fmt::format("{} {} by {}", what.first, what.second, incident.text()));
        }
    }
    closed_.clear();
    return left;
}

}  // namespace homeostat::sim
