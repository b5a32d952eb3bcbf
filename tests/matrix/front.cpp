#include "front.hpp"

#include <chrono>
#include <utility>

namespace homeostat::matrix {

namespace {

using namespace std::chrono_literals;

constexpr Duration way_takes = 2ms;

}  // namespace

Task<Outcome> FrontEdge::perform(Request /*request*/, Instant /*deadline*/) {
    co_return Outcome{OutcomeKind::refused, "a Service has nothing that could be turned"};
}

FactsPart FrontEdge::facts() {
    EdgeFacts facts;
    for (const kubernetes::Slot& slot : group_.slots().all()) {
        EdgeInstance& instance = facts.instances.emplace_back();
        instance.instance = slot.instance;
        const bool is_in = slot.pod && slot.pod->is_ready && !slot.pod->is_deleting;
        instance.rotation = is_in ? Rotation::in : Rotation::down;
    }
    facts.counters = cluster_.counters();
    facts.read_at = clock_.now();
    return facts;
}

Task<Result<FactsPart>> FrontEdge::read(Instant deadline) {
    const Result<kubernetes::GroupView> view = co_await reads_.group(deadline);
    if (!view) {
        co_return std::unexpected(view.error());
    }
    group_.take(*view);
    co_return facts();
}

Task<Result<FactsPart>> FrontEdge::glance(Instant /*deadline*/) {
    if (const auto view = group_.look(); !view) {
        co_return std::unexpected(view.error());
    }
    co_return facts();
}

Task<Result<std::vector<Reading>>> EdgeSource::read(Instant /*deadline*/) {
    co_await clock_.sleep_until(clock_.now() + way_takes);
    EdgeReading reading;
    reading.subject = {SubjectKind::service, cluster_.options.service.text()};
    reading.counters = cluster_.counters();
    reading.at = clock_.now();
    co_return std::vector<Reading>{std::move(reading)};
}

Task<Result<std::vector<Reading>>> Journeys::read(Instant /*deadline*/) {
    if (on_read) {
        on_read();
    }
    co_await clock_.sleep_until(clock_.now() + way_takes);
    ProbeReading journey;
    journey.observer = Observer::journey;
    journey.subject = {SubjectKind::service, cluster_.options.service.text()};
    journey.has_answered = true;
    journey.status = cluster_.is_failing() ? 503 : 200;
    journey.latency = 12ms;
    journey.at = clock_.now();
    co_return std::vector<Reading>{std::move(journey)};
}

}  // namespace homeostat::matrix
