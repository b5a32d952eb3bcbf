#include "homeostat/heal/pledging_for_test.hpp"

#include "homeostat/mesh/names_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>

namespace homeostat::heal {

double PledgedEdge::passing_rps() const {
    return calls_rps * (permille_max - permille()) / permille_max;
}

Task<Outcome> PledgedEdge::dim(DimRequest request, Instant /*deadline*/) {
    const Dim& wanted = request.dim();
    const std::string effect = request.effect().text();
    if (before_dim) {
        before_dim();
    }
    if (is_away) {
        co_return Outcome{OutcomeKind::refused, "nothing was sent"};
    }
    co_await clock_.sleep_until(clock_.now() + dim_takes);
    pass();
    if (!announced.contains(effect)) {
        unannounced.push_back(effect);
    }
    orders.push_back(wanted);
    permille_ = wanted.permille;
    until_ = wanted.until;
    co_return is_silent ? Outcome{OutcomeKind::unknown, "it does not answer"}
                        : Outcome{OutcomeKind::done, {}};
}

Task<Result<std::vector<DimmerFacts>>> PledgedEdge::read_dimmers(Instant /*deadline*/) {
    if (is_away) {
        co_return fail(Fault::unreachable, "the edge is away");
    }
    co_return std::vector<DimmerFacts>{{fraud_service, permille(), until_}};
}

EdgeCounters PledgedEdge::counters() {
    pass();
    EdgeCounters counters;
    counters.requests_total = static_cast<std::uint64_t>(ended_total);
    counters.errors_total = static_cast<std::uint64_t>(failed_total);
    counters.sessions_now = static_cast<std::uint64_t>(passed_total) - counters.requests_total;
    counters.queue_length = passing_rps() > fraud_can_rps ? 50 : 0;
    // Who can do a tenth takes ten times as long for each.
    counters.latency_ms = latency_ms.value_or(5 * fraud_usually_rps / fraud_can_rps);
    counters.latency_answers_max = tells_latency ? 1 : 0;
    return counters;
}

void PledgedEdge::pass() {
    constexpr Duration step = 10ms;
    while (passed_to_ < clock_.now()) {
        const Instant at = std::min(passed_to_ + step, clock_.now());
        const double held = passed_to_ < until_ ? permille_ : 0;
        const double seconds = to_seconds(at - passed_to_);
        const double passing = calls_rps * (permille_max - held) / permille_max;
        passed_total += passing * seconds;
        ended_total += passing * ends_ratio * seconds;
        failed_total += std::max(0.0, passing - fraud_can_rps) * seconds;
        passed_to_ = at;
    }
}

Task<Result<std::vector<Reading>>> PledgedTelemetry::read(Instant /*deadline*/) {
    if (edge_.is_away) {
        co_return fail(Fault::unreachable, "the edge is away");
    }
    EdgeReading reading;
    reading.subject = subject_;
    reading.counters = edge_.counters();
    reading.at = clock_.now();
    std::vector<Reading> readings{reading};
    co_return readings;
}

Pledging::Pledging() {
    start();
}

Pledging::~Pledging() = default;

void Pledging::start() {
    start_payments();
    start_fraud();
}

const mesh::Provider& Pledging::provider() {
    return payments().agent().providers.at(fraud_route);
}

const mesh::Relier& Pledging::relier() {
    return fraud().agent().reliers.at({payments_agent, fraud_route});
}

std::size_t Pledging::count(PledgeEvent event) const {
    return static_cast<std::size_t>(std::ranges::count_if(entries, [event](const Entry& entry) {
        return entry.kind == EntryKind::pledge &&
               from_json<PledgeBody>(entry.body).value().event == event;
    }));
}

std::size_t Pledging::count_refused() const {
    return static_cast<std::size_t>(std::ranges::count_if(entries, [](const Entry& entry) {
        return entry.kind == EntryKind::dimmed &&
               !from_json<DimmedBody>(entry.body).value().rule.empty();
    }));
}

bool Pledging::run_until(const std::function<bool()>& is_done, Duration span) {
    return clock.run_until(is_done, span);
}

void PledgedPeers::send(std::string_view /*neighbour*/, std::string message) {
    if (world_.is_cut) {
        return;
    }
    world_.messages_count += 1;
    auto deliver = [](Pledging& world, bool is_to_fraud, std::string bytes) -> Task<void> {
        co_await world.clock.sleep_until(world.clock.now() + 1ms);
        PledgeRole& receiver = is_to_fraud ? world.fraud() : world.payments();
        if (receiver.is_ready()) {  // Before, nobody listens there.
            (void)receiver.hear(std::move(bytes));
        }
    };
    boost::asio::co_spawn(world_.context, deliver(world_, is_to_fraud_, std::move(message)),
                          boost::asio::detached);
}

PledgeSettings Pledging::settings(bool is_payments) {
    PledgeSettings settings;
    settings.service = ServiceId(is_payments ? "payments" : "fraud");
    settings.mesh.self = is_payments ? payments_agent : fraud_agent;
    settings.mesh.neighbours = {is_payments ? fraud_agent : payments_agent};
    const std::vector<mesh::ModeSettings> modes{
        {.id = mesh::ModeId("sampled"), .depth = 1, .via = {}}};
    if (is_payments) {
        settings.mesh.routes = {{fraud_route, fraud_agent, floor_rps, modes}};
        settings.neighbours = {{fraud_route, fraud_service}};
        settings.dimmers = {{.neighbour = fraud_service, .floor_rps = floor_rps}};
    } else {
        settings.mesh.callers = {{payments_agent, fraud_route, modes}};
        settings.capacity_rps = 1'000;
    }
    settings.keyring = mesh::for_test::keyring_of({payments_agent, fraud_agent});
    settings.seed = mesh::for_test::seed_of(settings.mesh.self);
    std::uint64_t& epoch = is_payments ? payments_epoch_ : fraud_epoch_;
    settings.stored_epoch = epoch++;
    settings.chance = epoch * 7 + (is_payments ? 1 : 2);
    settings.autonomy = autonomy;
    settings.log = [](const std::string&) {};
    settings.keep = [this, is_payments](std::vector<Entry> added) {
        return keep(std::move(added), is_payments);
    };
    settings.unwitnessed = [] { return std::string(); };
    return settings;
}

Task<bool> Pledging::keep(std::vector<Entry> added, bool is_payments) {
    co_await clock.sleep_until(clock.now() + 1ms);
    if (!is_payments) {
        co_return true;
    }
    if (is_full) {
        co_return false;
    }
    for (Entry& entry : added) {
        if (entry.kind == EntryKind::dimming) {
            edge.announced.insert(from_json<DimmingBody>(entry.body).value().effect.text());
        }
        entries.push_back(std::move(entry));
    }
    co_return true;
}

std::size_t Pledging::begin(bool is_payments) {
    const Subject seen = is_payments ? Subject{SubjectKind::neighbour, "fraud"}
                                     : Subject{SubjectKind::service, "fraud"};
    telemetry_.push_back(std::make_unique<PledgedTelemetry>(edge, clock, seen));
    peers_.push_back(std::make_unique<PledgedPeers>(*this, is_payments));
    lives_.push_back(std::make_unique<PledgeRole>(context.get_executor(),
                                                  PledgePorts{.clock = clock,
                                                              .kill_switch = kill_switch,
                                                              .dimmer = edge,
                                                              .edge = *telemetry_.back(),
                                                              .peers = *peers_.back()},
                                                  settings(is_payments)));
    boost::asio::co_spawn(context, lives_.back()->run(), boost::asio::detached);
    return lives_.size() - 1;
}

}  // namespace homeostat::heal
