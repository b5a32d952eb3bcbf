#pragma once

// The page of GET /metrics. docs/metrics.md names each number; a test compares.
//
// Every label comes from a closed set of ours or from guard's rules, so the page has a few hundred
// lines at most, whatever happens.
//
// Pure.

#include "homeostat/app/fleet_state.hpp"
#include "homeostat/app/ledger_figures.hpp"
#include "homeostat/app/shown_figures.hpp"
#include "homeostat/app/sink_states.hpp"
#include "homeostat/heal/immune_view.hpp"
#include "homeostat/heal/pledge_view.hpp"
#include "homeostat/os/proc.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// Of pledges with neighbours.
struct MeshFigures {
    std::vector<heal::PledgeView> pledges;
    std::map<std::string, std::uint64_t> discarded;  ///< Messages thrown away, by why.
};

struct AgentFigures {
    std::size_t incidents_open{0};
    std::size_t questions_open{0};  ///< Of these, those that wait for a person's answer.
    std::size_t symptoms{0};
    std::size_t sources_silent{0};  ///< Sources that failed when they were last read.
    bool is_suspended{false};
    bool is_unwitnessed{false};
    std::optional<bool> is_maintenance{};  ///< Absent: no windows are configured.
    bool is_ledger_writable{true};
    std::optional<MeshFigures> mesh{};         ///< Absent: no mesh is configured.
    std::optional<heal::ImmuneView> immune{};  ///< Absent: no lists of sources are configured.
    std::vector<SinkState> sinks{};            ///< Empty: none are configured.
    std::optional<FleetState> fleet{};         ///< Absent: no fleet is configured.
    std::optional<ShownFigures> shown{};       ///< Absent: no objects are written for people.
    std::optional<os::ProcessStat> process;    ///< Of the agent; absent where /proc cannot be read.
};

[[nodiscard]] std::string metrics_page(const AgentFigures& now, const LedgerFigures& ledger);

}  // namespace homeostat::app
