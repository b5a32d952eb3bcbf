#include "homeostat/adapters/kubernetes/service_edge.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/direct_reads.hpp"
#include "homeostat/adapters/kubernetes/own_requests.hpp"
#include "homeostat/adapters/kubernetes/patient_api.hpp"
#include "homeostat/adapters/kubernetes/service_object.hpp"
#include "homeostat/net/http_client.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace asio = boost::asio;

struct ServiceEdge::State {
    State(asio::any_io_executor executor,
          ApiClient& client,
          Group& watched,
          ports::Clock& time,
          ServiceEdgeOptions given)
        : strand(std::move(executor)),
          api(client, time),
          group(watched),
          clock(time),
          options(std::move(given)),
          endpoint(options.endpoint),
          turn(strand),
          ended(strand) {}

    asio::any_io_executor strand;
    PatientApi api;
    Group& group;
    ports::Clock& clock;
    ServiceEdgeOptions options;

    OwnRequests requests;
    std::map<std::string, Instant> ready_since{};  ///< Of the ready pods in slots, by their uids.
    std::optional<net::Endpoint> endpoint;         ///< Of the Service, as last found.
    bool is_looking_up{false};
    Instant look_up_at{};               ///< Not before.
    std::optional<Error> no_address;    ///< How the last look ended; absent: well.
    std::string last_failure;           ///< Of a request, for people.
    std::optional<Instant> counted_at;  ///< When the last request counted, or we began.
    std::uint32_t failures_count{0};    ///< Requests in a row that were not answered.
    std::optional<Error> trouble;

    std::uint32_t in_flight_count{0};
    bool is_stopping{false};
    asio::steady_timer turn;   ///< The next request.
    asio::steady_timer ended;  ///< Cancelled when the last request under way has ended.
};

namespace {

using State = ServiceEdge::State;

// More than a timeout of 1 s leaves under way at ten a second; beyond it a turn is left out.
constexpr std::uint32_t in_flight_max = 16;
// An address is doubted after so many requests in a row, and asked for no oftener than this.
constexpr std::uint32_t failures_doubted = 10;
constexpr Duration look_up_apart = std::chrono::seconds{10};
constexpr Duration look_up_within = std::chrono::seconds{2};
// Longer than a rollout or a restart leaves a Service without an answer that counts.
constexpr Duration uncounted_for_max = std::chrono::seconds{5};
// The controller of slices follows a pod within some tenths of a second: ten times that.
constexpr Duration ready_in_vain_after = std::chrono::seconds{3};

/// Counts a request for as long as its frame lives.
class UnderWay {
  public:
    explicit UnderWay(std::shared_ptr<State> state) : state_(std::move(state)) {
        state_->in_flight_count += 1;
    }
    ~UnderWay() {
        state_->in_flight_count -= 1;
        if (state_->in_flight_count == 0) {
            state_->ended.cancel();
        }
    }
    UnderWay(const UnderWay&) = delete;
    UnderWay& operator=(const UnderWay&) = delete;

  private:
    std::shared_ptr<State> state_;
};

/// Tells of a trouble when it begins, when it becomes another one and when it ends.
void set_trouble(State& state, std::optional<Error> trouble) {
    if (trouble == state.trouble) {
        return;
    }
    const bool is_other = !trouble || !state.trouble || trouble->fault != state.trouble->fault;
    state.trouble = std::move(trouble);
    if (state.options.log && is_other) {
        const std::string name = "service of " + state.group.options().service.text();
        state.options.log(name + ": " +
                          (state.trouble ? state.trouble->text : "our requests count again"));
    }
}

/// What keeps us from counting, once it has lasted.
void judge_silence(State& state, Instant now) {
    if (now - *state.counted_at < uncounted_for_max) {
        return;
    }
    if (state.no_address) {
        set_trouble(state, state.no_address);
        return;
    }
    set_trouble(
        state,
        Error{Fault::late, fmt::format("none of our requests through it was answered for {:.0f} s, "
                                       "and it is not said that no pod is ready, so nothing is "
                                       "counted: is it reached from here? {}",
                                       to_seconds(uncounted_for_max), state.last_failure)});
}

Task<void> look_up(std::shared_ptr<State> state) {
    state->is_looking_up = true;
    const Instant deadline = state->clock.now() + look_up_within;
    std::string path = service_path(state->group.options());
    Result<ApiReply> reply = co_await state->api.get(std::move(path), deadline);
    state->is_looking_up = false;
    state->look_up_at = state->clock.now() + look_up_apart;
    const Result<json::value> object =
        check_read("Service " + state->group.options().service_object, std::move(reply));
    const Result<net::Endpoint> endpoint =
        object ? parse_service(*object, state->options.port) : std::unexpected(object.error());
    if (endpoint) {
        state->endpoint = *endpoint;
        state->no_address.reset();
        co_return;
    }
    state->no_address = endpoint.error();
    if (endpoint.error().fault == Fault::absent) {
        state->endpoint.reset();  // Its address may be another Service's by now.
    }
}

[[nodiscard]] bool has_to_look_up(const State& state) {
    const bool is_given = state.options.endpoint.has_value();
    const bool is_doubted = !state.endpoint || state.failures_count >= failures_doubted;
    return !is_given && is_doubted && !state.is_looking_up && state.clock.now() >= state.look_up_at;
}

bool is_ready(const Slot& slot) {
    return slot.pod && slot.pod->is_ready && !slot.pod->is_deleting;
}

/// By our own clock: of another's we know nothing.
void note_ready(State& state) {
    std::map<std::string, Instant> ready;
    for (const Slot& slot : state.group.slots().all()) {
        if (is_ready(slot)) {
            const auto known = state.ready_since.find(slot.pod->uid);
            ready.emplace(slot.pod->uid,
                          known == state.ready_since.end() ? state.clock.now() : known->second);
        }
    }
    state.ready_since = std::move(ready);
}

/// Null: what the Service says is not known.
const ServicePlaces* places_of(const State& state) {
    return state.options.slices == nullptr ? nullptr : state.options.slices->look();
}

/// It has been ready for so long that it would be sent to by now.
bool is_ready_in_vain(const State& state, const Slot& slot, const ServicePlaces* places) {
    if (places == nullptr || !places->are_none() || !is_ready(slot)) {
        return false;
    }
    const auto since = state.ready_since.find(slot.pod->uid);
    return since != state.ready_since.end() &&
           state.clock.now() - since->second >= ready_in_vain_after;
}

/// The cluster's word, by which what is not answered is an error: no pod is ready, or none is sent
/// to.
Readiness readiness_told(State& state) {
    const Readiness readiness = state.group.readiness();
    const ServicePlaces* places = places_of(state);
    const bool is_nobody_sent_to = places != nullptr && places->are_none();
    return readiness == Readiness::some_ready && is_nobody_sent_to ? Readiness::none_ready
                                                                   : readiness;
}

void note_end(State& state, const Result<net::HttpResponse>& response, Instant asked_at) {
    const Instant now = state.clock.now();
    const std::optional<OwnRequest> request =
        own_request_of(response, now - asked_at, state.options.timeout);
    state.failures_count = response ? 0 : state.failures_count + 1;
    if (!response) {
        state.last_failure = response.error().text;
    }
    if (request && state.requests.note(*request, readiness_told(state))) {
        state.counted_at = now;
        set_trouble(state, std::nullopt);
        return;
    }
    judge_silence(state, now);
}

Task<void> ask(std::shared_ptr<State> state) {
    const UnderWay under_way(state);
    const Readiness readiness = state->group.readiness();
    note_ready(*state);
    if (readiness == Readiness::none_wanted) {
        state->counted_at = state->clock.now();
        set_trouble(*state, std::nullopt);
        co_return;
    }
    if (has_to_look_up(*state)) {
        co_await look_up(state);
    }
    if (!state->endpoint) {
        judge_silence(*state, state->clock.now());
        co_return;
    }
    const Instant asked_at = state->clock.now();
    const Instant deadline = asked_at + state->options.timeout;
    net::HttpRequest request;
    request.path = state->options.path;
    net::Endpoint endpoint = *state->endpoint;
    const Result<net::HttpResponse> response = co_await net::request_once(
        state->strand, std::move(endpoint), std::move(request), deadline);
    note_end(*state, response, asked_at);
}

Task<void> ask_until_stopped(std::shared_ptr<State> state) {
    state->counted_at = state->clock.now();
    boost::system::error_code ignored;  // A wait that is cancelled just ends.
    while (!state->is_stopping) {
        if (state->in_flight_count < in_flight_max) {
            asio::co_spawn(state->strand, ask(state), asio::detached);
        }
        state->turn.expires_after(state->options.every);
        co_await state->turn.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    while (state->in_flight_count > 0) {
        state->ended.expires_at(asio::steady_timer::time_point::max());
        co_await state->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

Rotation rotation_of(const Slot& slot, const ServicePlaces* places) {
    const bool is_in =
        places == nullptr ? is_ready(slot) : slot.pod.has_value() && places->send_to(*slot.pod);
    return is_in ? Rotation::in : Rotation::down;
}

/// Of every slot, wanted or not: facts that leave one out are incomplete.
EdgeFacts facts_of(const State& state, const ServicePlaces* places) {
    EdgeFacts facts;
    for (const Slot& slot : state.group.slots().all()) {
        EdgeInstance& instance = facts.instances.emplace_back();
        instance.instance = slot.instance;
        instance.rotation = rotation_of(slot, places);
    }
    facts.counters = state.requests.counters();
    facts.read_at = state.clock.now();
    return facts;
}

/// What is ready in vain counts as what it would be behind a Service that is right.
void protect_ready(const State& state, const ServicePlaces* places, EdgeFacts& facts) {
    const std::vector<Slot>& slots = state.group.slots().all();
    for (std::size_t index = 0; index < slots.size(); ++index) {
        if (is_ready_in_vain(state, slots[index], places)) {
            facts.instances[index].rotation = Rotation::in;
        }
    }
}

/// As the server says now. Nothing: it does not let us, as under rights of before, or nobody has
/// written any.
Task<Result<std::optional<ServicePlaces>>> read_places(std::shared_ptr<State> state,
                                                       Instant deadline) {
    if (state->options.slices == nullptr) {
        co_return std::nullopt;
    }
    std::string path = slices_path(state->group.options());
    Result<ApiReply> reply = co_await state->api.get(std::move(path), deadline);
    const Result<ObjectList> list = parse_list("EndpointSlices", std::move(reply));
    if (!list && (list.error().fault == Fault::refused || list.error().fault == Fault::absent)) {
        co_return std::nullopt;
    }
    if (!list) {
        co_return std::unexpected(list.error());
    }
    if (list->items.empty()) {
        co_return std::nullopt;
    }
    ServicePlaces places;
    for (const json::value& slice : list->items) {
        if (const Result<void> added = add_slice(places, slice); !added) {
            co_return std::unexpected(added.error());
        }
    }
    co_return places;
}

}  // namespace

ServiceEdge::ServiceEdge(asio::any_io_executor strand,
                         ApiClient& api,
                         Group& group,
                         ports::Clock& clock,
                         ServiceEdgeOptions options)
    : state_(std::make_shared<State>(std::move(strand), api, group, clock, std::move(options))) {}

ServiceEdge::~ServiceEdge() {
    stop();
}

Task<void> ServiceEdge::run() {
    return ask_until_stopped(state_);
}

void ServiceEdge::stop() {
    state_->is_stopping = true;
    state_->turn.cancel();
}

bool ServiceEdge::performs(const Step& /*step*/) const {
    return false;
}

Task<Outcome> ServiceEdge::perform(Request /*request*/, Instant /*deadline*/) {
    co_return Outcome{OutcomeKind::refused, "a Service has nothing that could be turned"};
}

Task<Result<FactsPart>> ServiceEdge::read(Instant deadline) {
    const std::shared_ptr<State> state = state_;
    DirectReads reads(state->api, state->group.options());
    const Result<GroupView> view = co_await reads.group(deadline);
    if (!view) {
        co_return fail("service of " + state->group.options().service.text(), view.error());
    }
    const Result<std::optional<ServicePlaces>> places = co_await read_places(state, deadline);
    if (!places) {
        co_return fail("service of " + state->group.options().service.text(), places.error());
    }
    state->group.take(*view);
    note_ready(*state);
    EdgeFacts facts = facts_of(*state, *places ? &**places : nullptr);
    protect_ready(*state, *places ? &**places : nullptr, facts);
    co_return facts;
}

Task<Result<FactsPart>> ServiceEdge::glance(Instant /*deadline*/) {
    const Result<const GroupView*> seen = state_->group.look();
    if (!seen) {
        co_return fail("service of " + state_->group.options().service.text(), seen.error());
    }
    co_return facts_of(*state_, places_of(*state_));
}

EdgeReading ServiceEdge::reading() const {
    EdgeReading reading;
    reading.subject = {SubjectKind::service, state_->group.options().service.text()};
    reading.counters = state_->requests.counters();
    reading.at = state_->clock.now();
    if (!state_->group.look()) {
        return reading;
    }
    const ServicePlaces* places = places_of(*state_);
    for (const Slot& slot : state_->group.slots().all()) {
        if (slot.is_wanted) {
            reading.servers.push_back({slot.instance, {}, rotation_of(slot, places)});
        }
    }
    return reading;
}

std::uint32_t ServiceEdge::unreached_count() const {
    if (!state_->group.look()) {
        return 0;
    }
    const ServicePlaces* places = places_of(*state_);
    return static_cast<std::uint32_t>(std::ranges::count_if(
        state_->group.slots().all(),
        [&](const Slot& slot) { return is_ready_in_vain(*state_, slot, places); }));
}

Duration ServiceEdge::interval() const {
    return state_->options.interval;
}

const std::optional<Error>& ServiceEdge::trouble() const {
    return state_->trouble;
}

ServiceEdgeTelemetry::ServiceEdgeTelemetry(const ServiceEdge& edge, const ServiceId& service)
    : edge_(edge), service_(service), name_("service of " + service.text()) {}

Task<Result<std::vector<Reading>>> ServiceEdgeTelemetry::read(Instant /*deadline*/) {
    std::vector<Reading> readings;
    readings.emplace_back(edge_.reading());
    const std::uint32_t unreached_count = edge_.unreached_count();
    if (std::exchange(unreached_count_, unreached_count) != unreached_count) {
        readings.emplace_back(ObstacleReading{{SubjectKind::service, service_.text()},
                                              Obstacle::sends_to_nobody,
                                              unreached_count,
                                              std::get<EdgeReading>(readings.front()).at});
    }
    co_return readings;
}

}  // namespace homeostat::adapters::kubernetes
