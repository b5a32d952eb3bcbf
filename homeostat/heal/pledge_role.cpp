// What drives the role: bytes, windows and time in; messages, orders and notes out.

#include "homeostat/heal/pledge_role.hpp"

#include "homeostat/base/ensure.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr Duration read_for_max = std::chrono::milliseconds{200};
constexpr Duration find_again_every = std::chrono::milliseconds{200};
constexpr Duration wake_after_min = std::chrono::milliseconds{1};
constexpr Duration late_max = std::chrono::milliseconds{500};  // As mesh::Precedence says.
constexpr int asks_max = 3;  // A machine that is always late goes all the same.
constexpr Duration late_per_point = std::chrono::milliseconds{250};  // Of self_health's eight.
constexpr std::uint32_t self_health_worst = 8;

std::int64_t whole_ms(Duration span) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(span).count();
}

}  // namespace

PledgeRole::PledgeRole(asio::any_io_executor strand, PledgePorts ports, PledgeSettings settings)
    : strand_(std::move(strand)),
      ports_(ports),
      settings_(std::move(settings)),
      agent_(settings_.mesh,
             settings_.keyring,
             settings_.stored_epoch,
             settings_.chance,
             ports_.clock.now()),
      born_at_(ports_.clock.now()),
      chance_(Rng(settings_.chance).fork("traces")) {
    for (const mesh::RouteSettings& of : settings_.mesh.routes) {
        ensure(settings_.neighbours.contains(of.route), "each route has a neighbour's dimmer");
        routes_[of.route];
        told_[of.route];
    }
    for (const mesh::CallerSettings& of : settings_.mesh.callers) {
        told_of_callers_[{of.caller, of.route}];
    }
}

Task<void> PledgeRole::run() {
    co_await find_modes();
    asio::co_spawn(strand_, watch(), asio::detached);
}

/// Somebody may count on what a predecessor has left in force. Until that is known nothing is heard
/// and nothing said.
Task<void> PledgeRole::find_modes() {
    while (!is_stopping_) {
        const Instant deadline = ports_.clock.now() + read_for_max;
        const Result<std::vector<DimmerFacts>> found =
            co_await ports_.dimmer.read_dimmers(deadline);
        if (found) {
            report({});
            ready_at_ = ports_.clock.now();
            take_over(*found);
            co_return;
        }
        report("the edge does not say which modes are in force: " + found.error().text);
        co_await ports_.clock.sleep_until(ports_.clock.now() + find_again_every);
    }
}

void PledgeRole::take_over(const std::vector<DimmerFacts>& found) {
    take(mesh::EpochStored{});
    for (const mesh::RouteSettings& of : settings_.mesh.routes) {
        const auto facts =
            std::ranges::find(found, settings_.neighbours.at(of.route), &DimmerFacts::neighbour);
        if (facts == found.end() || facts->permille == 0 || of.modes.empty()) {
            continue;
        }
        Route& route = routes_.at(of.route);
        route.permille = facts->permille;
        route.permille_until = facts->until;
        route.calls.turn(facts->permille, facts->until, ports_.clock.now());
        route.is_found = true;
        take(mesh::RouteFound{of.route, {{of.modes.front().id, of.floor_rps}}});
    }
}

std::optional<mesh::Discard> PledgeRole::hear(std::string bytes) {
    return take(mesh::Arrived{std::move(bytes)});
}

std::optional<mesh::Discard> PledgeRole::take(const mesh::Event& event) {
    mesh::Turn turn = mesh::next(std::move(agent_), event, ports_.clock.now());
    agent_ = std::move(turn.agent);
    for (const mesh::Message& message : turn.messages) {
        ports_.peers.send(message.to.text(), mesh::seal(message, settings_.seed));
        note_answer(message);
    }
    for (const mesh::Order& order : turn.orders) {
        std::visit([this](const auto& what) { obey(what); }, order);
    }
    tell_changes();
    wake_in_time();
    return turn.discarded;
}

bool PledgeRole::has_heard_all() const {
    return std::ranges::all_of(settings_.mesh.neighbours, [this](const mesh::AgentId& neighbour) {
        return agent_.inbox.epoch_of(neighbour) != 0;
    });
}

/// By then a young life has heard whom it can hear. An edge that is slow makes that later, but not
/// for ever: then what is asked is asked of nobody.
Instant PledgeRole::heard_by() const {
    const Duration two_beacons = 2 * settings_.mesh.limits.beacon_every;  // One may be lost.
    const Instant latest = born_at_ + 2 * two_beacons;
    return ready_at_ ? std::min(*ready_at_ + two_beacons, latest) : latest;
}

/// Two incidents that ask at once have one question: whether this service goes first. What is put
/// to neighbours that a young life has yet to hear would be put to nobody. A question that was
/// slept through says nothing: while we were silent others have gone.
Task<std::vector<NeighbourWord>> PledgeRole::ask(IncidentId incident) {
    const Duration in_time = settings_.mesh.limits.ask_deadline + late_max;
    while (!has_heard_all() && ports_.clock.now() < heard_by() && !is_stopping_) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + wake_after_min);
    }
    if (!is_ready()) {
        co_return std::vector<NeighbourWord>{};
    }
    mesh::Thread thread = next_thread();
    thread.incident = std::move(incident);
    Duration took = in_time;
    for (int tries = 0; tries < asks_max && took >= in_time && !is_stopping_; ++tries) {
        const Instant asked_at = ports_.clock.now();
        take(mesh::Intending{thread});
        while (agent_.precedence.is_asking() && !is_stopping_) {
            co_await ports_.clock.sleep_until(ports_.clock.now() + wake_after_min);
        }
        took = ports_.clock.now() - asked_at;
    }
    const std::vector<NeighbourWord>& words = agent_.precedence.words();
    for (const NeighbourWord& word : words) {
        if (mesh::objects(word.says)) {
            note(PledgeEvent::waited, word, thread);
        }
    }
    co_return words;
}

/// A sleeper for each time that turns out to be nearer than the last one; who is overtaken does
/// nothing when it wakes.
void PledgeRole::wake_in_time() {
    const Instant at = std::max(mesh::wake_at(agent_), ports_.clock.now() + wake_after_min);
    // Before it is ready nothing is sent, so that what is due stays due.
    if (is_ready() && at < wake_at_ && !is_stopping_) {
        wake_at_ = at;
        asio::co_spawn(strand_, wake_later(at), asio::detached);
    }
}

Task<void> PledgeRole::wake_later(Instant at) {
    co_await ports_.clock.sleep_until(at);
    if (wake_at_ == at && !is_stopping_) {
        wake_at_ = Instant::max();
        take(mesh::Woken{});
    }
}

Task<void> PledgeRole::watch() {
    Instant due = ports_.clock.now();
    while (!is_stopping_) {
        const Duration late = ports_.clock.now() - due;
        const Instant deadline = ports_.clock.now() + read_for_max;
        const Result<std::vector<Reading>> readings = co_await ports_.edge.read(deadline);
        const Instant now = ports_.clock.now();
        if (readings) {
            windows_.take(*readings, now);
            look(now, late);
        }
        due = now + ports_.edge.interval();
        co_await ports_.clock.sleep_until(due);
    }
}

void PledgeRole::look(Instant now, Duration late) {
    const std::map<Subject, EdgeWindow> closed = windows_.close(now);
    take(condition(late));
    const auto own = closed.find({SubjectKind::service, settings_.service.text()});
    if (own != closed.end()) {
        take(load_now(own->second, now));
    }
    for (const mesh::RouteSettings& of : settings_.mesh.routes) {
        const auto window =
            closed.find({SubjectKind::neighbour, settings_.neighbours.at(of.route).text()});
        if (window != closed.end()) {
            look_at(of, window->second);
        }
    }
}

/// Who struggled just now is well by what others hold back, as far as anybody can tell. Its answers
/// may be as fast as ever and say that all could come back; what it did then says more.
mesh::Load PledgeRole::load_now(const EdgeWindow& window, Instant now) {
    mesh::Load load =
        load_of(window, settings_.capacity_rps, settings_.floor_rps, settings_.mesh.limits);
    const bool is_struggling = load.need == mesh::Need::more;
    struggles_.take(is_struggling, load.capacity_rps, now);
    const std::optional<std::uint32_t> best_rps = struggles_.best_rps();
    if (!best_rps) {
        return load;
    }
    load.capacity_rps = is_struggling ? *best_rps : std::min(load.capacity_rps, *best_rps);
    if (load.need == mesh::Need::none) {
        load.need = mesh::Need::keep;
        load.level = 1;
    }
    return load;
}

/// An agent that does not act asks for nothing and promises nothing, as if it were suspended.
mesh::Condition PledgeRole::condition(Duration late) const {
    mesh::Condition condition;
    condition.is_suspended = ports_.kill_switch.is_engaged() || settings_.autonomy != Autonomy::act;
    condition.self_health = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(late / late_per_point, 0, self_health_worst));
    condition.neighbours_bad_count = static_cast<std::uint32_t>(
        std::ranges::count_if(routes_, [](const auto& route) { return route.second.is_bad; }));
    return condition;
}

void PledgeRole::look_at(const mesh::RouteSettings& of, const EdgeWindow& window) {
    Route& route = routes_.at(of.route);
    const mesh::Evidence evidence = evidence_of(window);
    const mesh::Limits& limits = settings_.mesh.limits;
    route.is_bad = evidence.errors_permille >= limits.errors_enter_permille ||
                   std::chrono::milliseconds{evidence.queue_ms} >= limits.queue_enter;
    route.calls.take(window, ports_.clock.now());
    const mesh::Phase before = agent_.providers.at(of.route).phase;
    // A life that begins with a mode in force may come to ask without ever having been normal.
    const bool has_none = route.thread.incident.empty();
    if (has_none || (before == mesh::Phase::normal && route.is_thread_used)) {
        route.thread = next_thread();
        route.is_thread_used = false;
    }
    take(mesh::RouteLooked{of.route, {evidence, route.thread, route.calls.held_permille()}});
    route.is_thread_used =
        route.is_thread_used || agent_.providers.at(of.route).phase != mesh::Phase::normal;
    keep_rate(of);
}

/// A promise is a rate and a dimmer a share: as the calls change, so does the share.
void PledgeRole::keep_rate(const mesh::RouteSettings& of) {
    constexpr std::uint32_t change_min = 10;
    const Route& route = routes_.at(of.route);
    if (!route.mode || route.is_found || !agent_.providers.at(of.route).held) {
        return;
    }
    const std::uint32_t wanted = within_floor(
        of.route, permille_over(route.mode->terms.rps_max, route.calls.most_rps(), of.floor_rps));
    const std::uint32_t change =
        std::max(wanted, route.permille) - std::min(wanted, route.permille);
    if (change >= change_min || (wanted == 0 && route.permille > 0)) {
        begin(of.route, wanted, route.mode->until, std::nullopt);
    }
}

mesh::Thread PledgeRole::next_thread() {
    const std::uint64_t high = chance_.next();
    const std::uint64_t low = chance_.next() | 1U;   // Not all zero.
    const std::uint64_t span = chance_.next() | 1U;  // Likewise.
    threads_count_ += 1;
    return {IncidentId(fmt::format("p{}.{}", agent_.outbox.epoch(), threads_count_)),
            fmt::format("00-{:016x}{:016x}-{:016x}-01", high, low, span)};
}

std::vector<PledgeView> PledgeRole::pledges() const {
    const Instant now = ports_.clock.now();
    std::vector<PledgeView> views;
    for (const auto& [id, provider] : agent_.providers) {
        const Route& route = routes_.at(id);
        PledgeView& view = views.emplace_back();
        view.role = "caller";
        view.route = id.text();
        view.neighbour = provider.route.callee.text();
        view.is_heard = agent_.inbox.epoch_of(provider.route.callee) != 0;
        view.phase = to_text(provider.phase);
        view.permille = now < route.permille_until ? route.permille : 0;
        view.calls_rps = route.calls.rps();
        view.errors_permille = provider.looked.errors_permille;
        view.wait_ms = provider.looked.queue_ms;
        if (provider.held) {
            view.mode = provider.held->terms.mode.text();
            view.rps_max = provider.held->terms.rps_max;
            view.lasts_ms = whole_ms(provider.held->until - now);
            view.thread = provider.held->thread.incident.text();
        }
    }
    for (const auto& [key, relier] : agent_.reliers) {
        PledgeView& view = views.emplace_back();
        view.role = "callee";
        view.route = key.route.text();
        view.neighbour = key.agent.text();
        view.is_heard = agent_.inbox.epoch_of(key.agent) != 0;
        view.phase = to_text(relier.phase);
        if (relier.phase == mesh::RelierPhase::relying) {
            view.mode = relier.relied.mode.text();
            view.rps_max = relier.relied.rps_max;
            view.lasts_ms = whole_ms(relier.relies_until - now);
            view.thread = relier.thread.incident.text();
        }
    }
    return views;
}

}  // namespace homeostat::heal
