#include "homeostat/app/export_watch.hpp"

#include "homeostat/app/sink_states.hpp"

#include <chrono>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

/// A shipper writes its states every few seconds, and the bound is of hours.
constexpr Duration look_every = std::chrono::seconds{10};
constexpr Duration end_within = std::chrono::milliseconds{250};

}  // namespace

ExportWatch::ExportWatch(const Config& config,
                         ports::Clock& clock,
                         const OpenCases& cases,
                         std::function<void(const std::string&)> log)
    : config_(config),
      clock_(clock),
      cases_(cases),
      log_(std::move(log)),
      bound_({config.head_pace.unwitnessed_groups_max, config.head_pace.unwitnessed_for_max}) {}

void ExportWatch::look() {
    std::vector<ExportedTo> sinks;
    for (SinkState& state : sink_states_now(config_, clock_.wall_now())) {
        sinks.push_back({std::move(state.name), state.next_group, std::move(state.trouble)});
    }
    const std::string before = bound_.objection();
    bound_.look(sinks, cases_.groups_count(), clock_.now());
    if (bound_.objection() != before) {
        log_(bound_.objection().empty() ? "a sink takes decisions again: remedies may begin"
                                        : "nothing new is begun: " + bound_.objection());
    }
}

std::string ExportWatch::objection(std::string of_witnesses) const {
    return of_witnesses.empty() ? bound_.objection() : std::move(of_witnesses);
}

std::map<std::string, std::string> ExportWatch::troubles(
    std::map<std::string, std::string> of_sources) const {
    of_sources.insert(bound_.troubles().begin(), bound_.troubles().end());
    return of_sources;
}

Task<void> ExportWatch::run() {
    Instant look_at = clock_.now();
    while (!is_stopping_ && !config_.sinks.empty()) {
        if (clock_.now() >= look_at) {
            look();
            look_at = clock_.now() + look_every;
        }
        co_await clock_.sleep_until(clock_.now() + end_within);
    }
}

}  // namespace homeostat::app
