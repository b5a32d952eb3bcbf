#pragma once

// A small world of agents: clocks that run apart, a network that loses, doubles and delays, data
// planes that obey late or not at all, deaths, pauses. Its referee looks at what is true in the
// data planes, not at what an agent believes (N1 to N10 of docs/pledges.md).
//
// Pure. For tests only.

#include "homeostat/base/rng.hpp"
#include "homeostat/mesh/names_for_test.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::mesh::for_test {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// What may go wrong, in percent of the occasions.
struct Faults {
    std::int64_t loss{0};
    std::int64_t doubling{0};
    std::int64_t delay{0};    ///< Of up to three seconds instead of up to five milliseconds.
    std::int64_t refusal{0};  ///< Of an order to the data plane.
    std::int64_t replay{0};   ///< Of any bytes that were ever sent, with a byte changed or not.
    std::int64_t deaths{0};   ///< Per agent and second.
    std::int64_t pauses{0};   ///< Likewise; then it stands still for up to 30 s.
};

/// A route's proxy. It obeys orders and ends what they say by itself, by the clock of its machine.
struct DataPlane {
    std::optional<EnterMode> mode;
    std::optional<Ramp> ramp;
    std::optional<Throttle> throttle;
    std::uint32_t rps_held_at{0};  ///< The rate of the last mode: a ramp comes back from there.

    /// Of so many calls, those that pass. UNITS: requests/s.
    [[nodiscard]] double passing(double calls_rps, Instant at) const {
        if (is_in_mode(at)) {
            return std::min(calls_rps, static_cast<double>(mode->terms.rps_max));
        }
        if (ramp && at < ramp->until) {
            const double held = std::max(0.0, calls_rps - rps_held_at);
            return calls_rps - held * (100 - ramp->share_percent) / 100;
        }
        if (throttle && at < throttle->until) {
            return calls_rps * (1'000 - throttle->drop_permille) / 1'000;
        }
        return calls_rps;
    }

    [[nodiscard]] bool is_in_mode(Instant at) const { return mode && at < mode->until; }
    [[nodiscard]] std::uint32_t redirected_to(const AgentId& via, Instant at) const {
        const bool is_redirecting = is_in_mode(at) && mode->redirect &&
                                    mode->redirect->via == via && at < mode->redirect->until;
        return is_redirecting ? mode->redirect->rps : 0;
    }
};

struct Party {
    Settings settings;
    std::int64_t drift_ppm{0};
    Duration offset{};
    std::uint64_t stored_epoch{0};
    std::optional<Agent> agent;  ///< None: it is dead.
    std::uint64_t life{0};
    Instant paused_until{};  ///< Of the world's time.
    Instant obeyed_at{};     ///< Likewise: when the last of its orders is carried out.
    bool is_demon{false};    ///< It has a key, and no agent.
    std::map<RouteId, DataPlane> planes;
    std::deque<Instant> changes_at;  ///< Of the promised terms, in this life.
};

class World {
  public:
    explicit World(std::uint64_t seed, std::int64_t drift_ppm_max)
        : rng_(seed), drift_ppm_max_(drift_ppm_max) {}

    Faults faults;
    std::uint64_t judge_every{1};  ///< So many events; a herd is looked at less often.
    Duration early{};              ///< By so much each data plane ends a mode too soon.
    /// What the callers see, and what the callee needs: set by the scenario.
    std::function<Evidence(const RouteId&, World&)> look = [](const RouteId&, World&) {
        return good_window;
    };
    std::function<Load(const AgentId&, World&)> load = [](const AgentId&, World&) {
        return Load{.capacity_rps = 100};
    };
    std::function<Condition(const AgentId&, World&)> condition = [](const AgentId&, World&) {
        return Condition{};
    };
    /// Called for each message that somebody sends to a demon, and once in 20 ms without one.
    std::function<void(const AgentId&, const Message*, World&)> demon =
        [](const AgentId&, const Message*, World&) {};
    /// Called after each step of an agent, with what it said, and after its death.
    std::function<void(const AgentId&, const std::vector<Message>&, World&)> watch =
        [](const AgentId&, const std::vector<Message>&, World&) {};

    void add(Settings settings) {
        Party party{.settings = std::move(settings)};
        party.drift_ppm = rng_.between(-drift_ppm_max_, drift_ppm_max_);
        party.offset = seconds{rng_.between(1, 100'000)};
        const AgentId id = party.settings.self;
        ids_.push_back(id);
        parties_.emplace(id, std::move(party));
        keyring_ = keyring_of(ids_);
    }

    void make_demon(const AgentId& id) { parties_.at(id).is_demon = true; }

    void start() {
        for (const AgentId& id : ids_) {
            boot(id);
            every(milliseconds{20}, [this, id] { wake(id); });
            every(seconds{1}, [this, id] { live_a_second(id); });
        }
    }

    void run_for(Duration span) {
        const Instant end = at_ + span;
        while (!queue_.empty() && queue_.begin()->first.first <= end && !wrong_) {
            auto item = queue_.extract(queue_.begin());
            at_ = item.key().first;
            item.mapped()();
            if (order_ % judge_every == 0) {
                judge();
            }
        }
        at_ = std::max(at_, end);
    }

    /// From now on nothing goes wrong.
    void end_faults() {
        faults = {};
        for (auto& [id, party] : parties_) {
            party.paused_until = std::min(party.paused_until, at_);
        }
    }

    [[nodiscard]] const std::optional<std::string>& wrong() const { return wrong_; }
    [[nodiscard]] Party& party(const AgentId& id) { return parties_.at(id); }
    [[nodiscard]] Rng& rng() { return rng_; }
    [[nodiscard]] Instant at() const { return at_; }
    [[nodiscard]] std::uint64_t count(std::string_view what) const {
        const auto found = counts_.find(std::string(what));
        return found == counts_.end() ? 0 : found->second;
    }
    void note(const std::string& what) { ++counts_[what]; }
    [[nodiscard]] bool chance(std::int64_t percent) { return rng_.between(0, 99) < percent; }

    [[nodiscard]] Instant local(const Party& party) const {
        const Duration span = at_.time_since_epoch();
        return Instant{span + span / 1'000'000 * party.drift_ppm + party.offset};
    }

    /// Bytes under way from whoever. Each copy has a fate of its own.
    void send(const AgentId& to, const std::string& bytes) {
        sent_.push_back(bytes);
        if (sent_.size() > 200) {
            sent_.pop_front();
        }
        const int copies = chance(faults.doubling) ? 2 : 1;
        for (int copy = 0; copy < copies; ++copy) {
            if (!chance(faults.loss)) {
                const bool is_slow = chance(faults.delay);
                deliver(to, bytes, milliseconds{rng_.between(0, is_slow ? 3000 : 5)});
            }
        }
        if (chance(faults.replay)) {
            replay(to);
        }
    }

    /// Whether everybody lives as if nothing had been.
    [[nodiscard]] bool is_settled() {
        return std::ranges::all_of(parties_, [this](auto& item) {
            return item.second.is_demon || (item.second.agent && is_settled(item.second));
        });
    }

  private:
    using Key = std::pair<Instant, std::uint64_t>;

    void after(Duration span, std::function<void()> what) {
        queue_.emplace(Key{at_ + span, order_++}, std::move(what));
    }
    void every(Duration span, std::function<void()> what) {
        after(span, [this, span, what] {
            what();
            every(span, what);
        });
    }

    [[nodiscard]] bool is_settled(Party& one) {
        return std::ranges::none_of(
                   one.planes, [&](auto& item) { return item.second.is_in_mode(local(one)); }) &&
               std::ranges::all_of(one.agent->providers,
                                   [](auto& item) { return item.second.phase == Phase::normal; }) &&
               std::ranges::all_of(one.agent->reliers, [](auto& item) {
                   return item.second.phase == RelierPhase::idle;
               });
    }

    void deliver(const AgentId& to, const std::string& bytes, Duration delay) {
        after(delay, [this, to, bytes] { arrive(to, bytes); });
    }

    void arrive(const AgentId& to, const std::string& bytes) {
        if (parties_.at(to).is_demon) {
            const auto message = open(bytes, keyring_);
            demon(to, message ? &*message : nullptr, *this);
        } else {
            give(to, Arrived{bytes});
        }
    }

    void replay(const AgentId& to) {
        std::string bytes = sent_[static_cast<std::size_t>(rng_.next() % sent_.size())];
        if (chance(50)) {
            bytes[static_cast<std::size_t>(rng_.next() % bytes.size())] ^= 1;
        }
        deliver(to, bytes, milliseconds{rng_.between(0, 3000)});
    }

    void boot(const AgentId& id) {
        Party& party = parties_.at(id);
        if (party.is_demon) {
            return;
        }
        party.life += 1;
        party.changes_at.clear();
        party.agent.emplace(party.settings, keyring_, party.stored_epoch, rng_.next(),
                            local(party));
        party.stored_epoch = party.agent->outbox.epoch();
        give(id, EpochStored{});
        give(id, load(id, *this));
        for (auto& [route, plane] : party.planes) {
            if (plane.is_in_mode(local(party))) {
                give(id, RouteFound{route, {plane.mode->terms}});
            }
        }
    }

    void wake(const AgentId& id) {
        Party& party = parties_.at(id);
        if (party.is_demon) {
            demon(id, nullptr, *this);
        } else if (party.agent && local(party) >= wake_at(*party.agent)) {
            give(id, Woken{});
        }
    }

    void live_a_second(const AgentId& id) {
        Party& party = parties_.at(id);
        if (party.is_demon) {
            return;
        }
        if (party.agent && chance(faults.deaths)) {
            note("deaths");
            party.agent.reset();
            watch(id, {}, *this);
            after(milliseconds{rng_.between(0, 3000)}, [this, id] { boot(id); });
        } else if (party.agent && chance(faults.pauses)) {
            note("pauses");
            party.paused_until = at_ + milliseconds{rng_.between(0, 30'000)};
        }
        give(id, condition(id, *this));
        give(id, load(id, *this));
        for (const RouteSettings& route : party.settings.routes) {
            give(id, RouteLooked{route.route, {look(route.route, *this), thread}});
        }
    }

    /// A dead agent hears nothing; one that stands still hears all of it later.
    void give(const AgentId& id, Event event) {
        Party& party = parties_.at(id);
        if (!party.agent) {
            return;
        }
        if (at_ < party.paused_until) {
            const bool is_time = std::holds_alternative<Woken>(event);
            if (!is_time) {
                after(milliseconds{20}, [this, id, event] { give(id, event); });
            }
            return;
        }
        const std::map<RouteId, std::optional<Terms>> before = promised(party);
        Turn turn = next(std::move(*party.agent), event, local(party));
        party.agent = std::move(turn.agent);
        note_changes(party, before);
        watch(id, turn.messages, *this);
        for (const Message& message : turn.messages) {
            note(std::string(
                std::visit([](const auto& body) { return body.kind_name; }, message.body)));
            send(message.to, seal(message, seed_of(id)));
        }
        for (const Order& order : turn.orders) {
            carry_out(id, order, before);
        }
        if (turn.discarded) {
            note(std::string(to_text(*turn.discarded)));
        }
    }

    static std::map<RouteId, std::optional<Terms>> promised(const Party& party) {
        std::map<RouteId, std::optional<Terms>> terms;
        for (const auto& [route, provider] : party.agent->providers) {
            terms[route] = provider.held ? std::optional(provider.held->terms) : std::nullopt;
        }
        return terms;
    }

    void note_changes(Party& party, const std::map<RouteId, std::optional<Terms>>& before) {
        for (const auto& [route, terms] : promised(party)) {
            const bool is_found = terms && party.agent->providers.at(route).held->pledge == 0;
            if (terms && terms != before.at(route) && !is_found) {
                note("changes");
                party.changes_at.push_back(local(party));
            }
        }
    }

    void carry_out(const AgentId& id,
                   const Order& order,
                   const std::map<RouteId, std::optional<Terms>>& before);
    void obey(const AgentId& id, const Order& order, std::uint64_t life);
    void judge();
    void blame(std::string says) { wrong_ = wrong_ ? wrong_ : std::move(says); }
    void judge_reliance(const Party& callee);
    void judge_capacity(const AgentId& lender);
    void judge_party(const Party& party);

    Rng rng_;
    std::int64_t drift_ppm_max_;
    Instant at_ = instant_of_ns(1'000'000'000);
    std::uint64_t order_{0};
    std::map<Key, std::function<void()>> queue_;
    std::map<AgentId, Party> parties_;
    std::vector<AgentId> ids_;
    Keyring keyring_;
    std::deque<std::string> sent_;
    std::map<std::string, std::uint64_t> counts_;
    std::optional<std::string> wrong_;
};

}  // namespace homeostat::mesh::for_test
