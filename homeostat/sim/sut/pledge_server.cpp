#include "homeostat/sim/sut/pledge_server.hpp"

#include "homeostat/os/clock.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::sim::sut {

namespace {

constexpr int status_ok = 200;
constexpr int status_accepted = 202;
constexpr int status_no_content = 204;
constexpr int status_bad = 400;
constexpr int status_absent = 404;
constexpr int status_not_allowed = 405;
constexpr int status_oversized = 413;
constexpr Duration wake_every_min = std::chrono::milliseconds{1};

struct LookedInTest {
    mesh::RouteId route;
    mesh::Evidence evidence;
    mesh::Thread thread;

    static void fields(auto& self, auto&& field) {
        field("route", self.route);
        mesh::Evidence::fields(self.evidence, field);
        field("incident", self.thread.incident);
        field("traceparent", self.thread.traceparent);
    }
};

struct LoadInTest {
    mesh::Load load;

    static void fields(auto& self, auto&& field) {
        field("capacity_rps", self.load.capacity_rps, may_be_absent);
        field("need", self.load.need, may_be_absent);
        field("level", self.load.level, may_be_absent);
        field("queue_ms", self.load.queue_ms, may_be_absent);
        field("inflight_count", self.load.inflight_count, may_be_absent);
        field("floor_rps", self.load.floor_rps, may_be_absent);
    }
};

struct ConditionInTest {
    mesh::Condition condition;

    static void fields(auto& self, auto&& field) {
        field("is_suspended", self.condition.is_suspended, may_be_absent);
        field("self_health", self.condition.self_health, may_be_absent);
        field("neighbours_bad_count", self.condition.neighbours_bad_count, may_be_absent);
    }
};

struct IntendInTest {
    mesh::Thread thread;

    static void fields(auto& self, auto&& field) {
        field("incident", self.thread.incident);
        field("traceparent", self.thread.traceparent);
    }
};

struct WorkingInTest {
    CapacityWork work{CapacityWork::none};

    static void fields(auto& self, auto&& field) { field("work", self.work); }
};

struct DataPlaneInTest {
    PlaneAnswer answer{PlaneAnswer::obey};

    static void fields(auto& self, auto&& field) { field("answer", self.answer); }
};

/// What the agent would say of it has to keep the bounds of the protocol.
Result<void> check_bounds(mesh::Thread thread, mesh::Body body) {
    const mesh::Message message{.from = mesh::AgentId("from"),
                                .to = mesh::AgentId("to"),
                                .epoch = 1,
                                .to_epoch = 1,
                                .sequence = 1,
                                .sent_ms = 1,
                                .valid_ms = 1,
                                .thread = std::move(thread),
                                .body = std::move(body)};
    const std::optional<std::string> objection = mesh::objection_to(message);
    return objection ? fail(Fault::invalid, *objection) : Result<void>();
}

net::HttpResponse response_of(int status, const json::value& value) {
    return {.status = status, .body = to_text(value)};
}

net::HttpResponse empty_response(int status) {
    return {.status = status, .body = {}, .content_type = {}};
}

json::value describe_caller(const mesh::ShareKey& key, const mesh::Relier& relier, Instant now) {
    json::object caller{{"caller", json::value(key.agent.text())},
                        {"route", json::value(key.route.text())},
                        {"phase", json::value(std::string(to_text(relier.phase)))},
                        {"mode", nullptr},
                        {"rps_max", nullptr},
                        {"left_ms", nullptr}};
    if (relier.phase == mesh::RelierPhase::relying) {
        caller["mode"] = json::value(relier.relied.mode.text());
        caller["rps_max"] = relier.relied.rps_max;
        caller["left_ms"] = left_ms(relier.relies_until, now);
    }
    return caller;
}

json::value describe_precedence(const mesh::Precedence& precedence, Instant now) {
    json::array words;
    for (const NeighbourWord& word : precedence.words()) {
        const auto lasts = std::chrono::duration_cast<std::chrono::milliseconds>(word.lasts);
        words.push_back(json::object{{"neighbour", json::value(word.neighbour.text())},
                                     {"says", json::value(std::string(to_text(word.says)))},
                                     {"lasts_ms", lasts.count()}});
    }
    return json::object{{"is_asking", precedence.is_asking()},
                        {"is_taking", precedence.is_taking(now)},
                        {"words", std::move(words)}};
}

}  // namespace

PledgeServer::PledgeServer(boost::asio::any_io_executor executor,
                           PledgeConfig config,
                           std::uint64_t stored_epoch)
    : config_(std::move(config)),
      agent_(config_.settings,
             config_.keyring,
             stored_epoch,
             config_.jitter_seed,
             os::read_boot_clock()),
      links_(executor, config_.neighbours, [](const std::string&) {}),
      timer_(executor) {}

Task<void> PledgeServer::run() {
    take(mesh::EpochStored{});
    for (const FoundMode& found : config_.found) {
        const mesh::Terms terms{found.mode, found.rps_max};
        const Instant until = os::read_boot_clock() + std::chrono::milliseconds{found.left_ms};
        plane_.begin_in({.route = found.route,
                         .number = 0,
                         .terms = terms,
                         .redirect = std::nullopt,
                         .until = until});
        take(mesh::RouteFound{found.route, {terms}});
    }
    while (!is_stopping_) {
        const Duration left = mesh::wake_at(agent_) - os::read_boot_clock();
        timer_.expires_after(std::max(left, wake_every_min));
        boost::system::error_code error;
        auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
        co_await timer_.async_wait(std::move(token));
        if (!is_stopping_ && os::read_boot_clock() >= mesh::wake_at(agent_)) {
            take(mesh::Woken{});
        }
    }
}

void PledgeServer::stop() {
    is_stopping_ = true;
    timer_.cancel();
}

std::optional<mesh::Discard> PledgeServer::take(mesh::Event event) {
    std::deque<mesh::Event> events{std::move(event)};
    std::optional<mesh::Discard> discarded;
    while (!events.empty()) {
        mesh::Turn turn = mesh::next(std::move(agent_), events.front(), os::read_boot_clock());
        events.pop_front();
        agent_ = std::move(turn.agent);
        discarded = discarded ? discarded : turn.discarded;
        for (const mesh::Message& message : turn.messages) {
            links_.send(message.to.text(), mesh::seal(message, config_.seed));
        }
        for (const mesh::Order& order : turn.orders) {
            if (std::optional<mesh::RouteApplied> applied = plane_.carry_out(order)) {
                events.emplace_back(*std::move(applied));
            }
        }
    }
    timer_.cancel();  // What is due next may be another thing now.
    return discarded;
}

net::HttpResponse PledgeServer::answer(const net::HttpRequest& request) {
    if (request.path == adapters::peers::pledges_path) {
        return request.method == "POST" ? hear(request.body) : empty_response(status_not_allowed);
    }
    if (request.path == "/test/state") {
        return response_of(status_ok, describe());
    }
    const Result<void> told = tell(request.path, request.body);
    if (told) {
        return empty_response(status_no_content);
    }
    const bool is_absent = told.error().fault == Fault::absent;
    return is_absent ? empty_response(status_absent)
                     : response_of(status_bad, json::object{{"wrong", told.error().text}});
}

net::HttpResponse PledgeServer::hear(const std::string& bytes) {
    const std::optional<mesh::Discard> discarded = take(mesh::Arrived{bytes});
    if (!discarded) {
        return empty_response(status_accepted);
    }
    const int status = *discarded == mesh::Discard::oversized ? status_oversized : status_bad;
    return response_of(status,
                       json::object{{"discarded", json::value(std::string(to_text(*discarded)))}});
}

Result<void> PledgeServer::tell(std::string_view path, std::string_view text) {
    using Door = Result<void> (PledgeServer::*)(const json::value&);
    using Named = std::pair<std::string_view, Door>;
    static constexpr auto doors = std::to_array<Named>({
        {"/test/looked", &PledgeServer::tell_looked},
        {"/test/load", &PledgeServer::tell_load},
        {"/test/condition", &PledgeServer::tell_condition},
        {"/test/data_plane", &PledgeServer::tell_data_plane},
        {"/test/intend", &PledgeServer::tell_intend},
        {"/test/working", &PledgeServer::tell_working},
    });
    const auto* const door = std::ranges::find(doors, path, &Named::first);
    if (door == doors.end()) {
        return fail(Fault::absent, "no such door");
    }
    const Result<json::value> value = parse_json(text);
    return value ? (this->*door->second)(*value) : std::unexpected(value.error());
}

Result<void> PledgeServer::tell_looked(const json::value& value) {
    const Result<LookedInTest> looked = from_json<LookedInTest>(value);
    if (!looked) {
        return std::unexpected(looked.error());
    }
    const Result<void> checked = check_bounds(
        looked->thread,
        mesh::CallForProposals{looked->route, 1, {mesh::ModeId("any")}, looked->evidence});
    if (checked) {
        take(mesh::RouteLooked{looked->route, {looked->evidence, looked->thread}});
    }
    return checked;
}

Result<void> PledgeServer::tell_load(const json::value& value) {
    const Result<LoadInTest> told = from_json<LoadInTest>(value);
    if (!told) {
        return std::unexpected(told.error());
    }
    const mesh::Load& load = told->load;
    const Result<void> checked = check_bounds(
        {}, mesh::Beacon{load.level, load.queue_ms, load.inflight_count, load.floor_rps, 0});
    if (checked) {
        take(load);
    }
    return checked;
}

Result<void> PledgeServer::tell_condition(const json::value& value) {
    const Result<ConditionInTest> told = from_json<ConditionInTest>(value);
    if (!told) {
        return std::unexpected(told.error());
    }
    const Result<void> checked =
        check_bounds({}, mesh::Beacon{0, 0, 0, 0, told->condition.self_health});
    if (checked) {
        take(told->condition);
    }
    return checked;
}

Result<void> PledgeServer::tell_data_plane(const json::value& value) {
    const Result<DataPlaneInTest> told = from_json<DataPlaneInTest>(value);
    if (!told) {
        return std::unexpected(told.error());
    }
    plane_.answer_with(told->answer);
    return {};
}

Result<void> PledgeServer::tell_intend(const json::value& value) {
    const Result<IntendInTest> told = from_json<IntendInTest>(value);
    if (!told) {
        return std::unexpected(told.error());
    }
    const Result<void> checked = check_bounds(told->thread, mesh::Intend{1});
    if (checked) {
        take(mesh::Intending{told->thread});
    }
    return checked;
}

Result<void> PledgeServer::tell_working(const json::value& value) {
    const Result<WorkingInTest> told = from_json<WorkingInTest>(value);
    if (!told) {
        return std::unexpected(told.error());
    }
    take(mesh::Working{told->work});
    return {};
}

json::value PledgeServer::describe() const {
    const Instant now = os::read_boot_clock();
    json::object routes;
    for (const auto& [route, provider] : agent_.providers) {
        routes[route.text()] = describe(provider, now);
    }
    json::array callers;
    for (const auto& [key, relier] : agent_.reliers) {
        callers.push_back(describe_caller(key, relier, now));
    }
    json::object discarded;
    for (std::size_t at = 0; at < mesh::discards_count; ++at) {
        const auto why = static_cast<mesh::Discard>(at);
        discarded[to_text(why)] = agent_.inbox.discarded_count(why);
    }
    return json::object{{"self", json::value(config_.settings.self.text())},
                        {"epoch", agent_.outbox.epoch()},
                        {"lends", agent_.ledger.has_granted(now)},
                        {"routes", std::move(routes)},
                        {"callers", std::move(callers)},
                        {"precedence", describe_precedence(agent_.precedence, now)},
                        {"discarded", std::move(discarded)}};
}

json::value PledgeServer::describe(const mesh::Provider& provider, Instant now) const {
    json::object route{{"phase", json::value(std::string(to_text(provider.phase)))},
                       {"promise", nullptr},
                       {"grant", nullptr}};
    if (const auto& held = provider.held) {
        route["promise"] = json::object{{"pledge", held->pledge},
                                        {"turn", held->turn},
                                        {"mode", json::value(held->terms.mode.text())},
                                        {"rps_max", held->terms.rps_max},
                                        {"left_ms", left_ms(held->until, now)}};
    }
    if (const auto& grant = provider.grant) {
        route["grant"] = json::object{{"via", json::value(grant->via.text())},
                                      {"rps", grant->rps},
                                      {"left_ms", left_ms(grant->until, now)}};
    }
    route["data_plane"] = plane_.describe(provider.route.route, now);
    return route;
}

}  // namespace homeostat::sim::sut
