// mesh_histories FIRST LAST: what agents did in the worlds of those seeds, as mesh_replay.py holds
// it against the models pledge and capacity. They are the worlds in which N1 to N10 are properties.
//
// A history is a line `history MODEL WHAT`, then an event a line: its tick (a hundredth of a
// promise, of true time), its name in the model and two numbers, of which a REQUESTS has a third,
// its rate. Pledges and questions are numbered anew through all lives of who gave them their
// numbers.
//
// Told is what is true, not what an agent that stands still believes: what somebody counts on ends
// by the clock of its machine.

#include "homeostat/mesh/estate_for_test.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::mesh::for_test {

namespace {

constexpr Duration tick = milliseconds{100};

struct Line {
    Instant at;
    std::string_view what;
    std::uint64_t one{0};
    std::uint64_t other{0};
    std::uint64_t size{0};
    bool is_kept{true};  ///< False: the mode was not entered, or not yet.
};

/// Of the world: when a clock of that party shows `local_at`.
Instant true_instant(const Party& party, Instant local_at) {
    constexpr std::int64_t million = 1'000'000;
    const Duration span = local_at.time_since_epoch() - party.offset;
    return Instant{span / (million + party.drift_ppm) * million};
}

void print(std::string_view model, const std::string& what, const std::vector<Line>& lines) {
    fmt::print("history {} {}\n", model, what);
    for (const Line& line : lines) {
        if (line.is_kept) {
            fmt::print("{} {} {} {} {}\n", line.at.time_since_epoch() / tick, line.what, line.one,
                       line.other, line.size);
        }
    }
}

/// One route: its caller and its callee.
class PledgeHistory {
  public:
    PledgeHistory(AgentId caller, AgentId callee, RouteId route)
        : caller_(std::move(caller)), callee_(std::move(callee)), route_(std::move(route)) {}

    void look(const AgentId& stepped, const std::vector<Message>& said, World& world) {
        at_ = world.at();
        if (counts_until_ && *counts_until_ <= at_) {
            lines_.push_back({*counts_until_, "STOPS"});
            counts_until_.reset();
        }
        if (stepped == callee_) {
            look_at_callee(world.party(callee_), said);
        } else if (stepped == caller_) {
            look_at_caller(world.party(caller_), said, world);
        }
    }

    [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
    [[nodiscard]] std::string name() const { return route_.text(); }

  private:
    using Key = std::pair<std::uint64_t, std::uint64_t>;  ///< Epoch and pledge.
    using Question = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;  ///< And turn.

    void add(std::string_view what, std::uint64_t one = 0, std::uint64_t other = 0) {
        lines_.push_back({at_, what, one, other});
    }
    /// 0: nobody has offered it.
    [[nodiscard]] std::uint64_t number_of(const Key& key) const {
        const auto found = numbers_.find(key);
        return found == numbers_.end() ? 0 : found->second;
    }
    static Question question_of(const Promise& promise) {
        return {promise.callee_epoch, promise.pledge, promise.turn};
    }

    void look_at_callee(const Party& party, const std::vector<Message>& said) {
        if (!party.agent) {
            stop_counting("STOPS");
            return;
        }
        const Relier& relier = party.agent->reliers.at({caller_, route_});
        const std::uint64_t epoch = party.agent->outbox.epoch();
        for (const Message& message : said) {
            const auto* offer = std::get_if<Offer>(&message.body);
            const auto* renew = std::get_if<Renew>(&message.body);
            const auto* revoke = std::get_if<Revoke>(&message.body);
            if (offer != nullptr && offer->route == route_) {
                numbers_[{epoch, offer->pledge}] = numbers_.size() + 1;
                counts_until_.reset();
                add("OFFERS", number_of({epoch, offer->pledge}));
            } else if (renew != nullptr && renew->route == route_) {
                add("RENEWS", number_of({epoch, renew->pledge}), renew->turn);
            } else if (revoke != nullptr && revoke->route == route_) {
                look_at_revoke(relier, number_of({epoch, revoke->pledge}), revoke->pledge);
            }
        }
        if (relier.phase != RelierPhase::relying) {
            stop_counting("STOPS");
            return;
        }
        const Instant until = true_instant(party, relier.relies_until);
        if (until > at_ && counts_until_ != until) {
            counts_until_ = until;
            add("RELIES", number_of({epoch, relier.pledge}), relier.turn);
        }
    }

    /// Of one of an earlier life nobody makes anything.
    void look_at_revoke(const Relier& relier, std::uint64_t number, std::uint64_t pledge) {
        if (number == 0) {
            return;
        }
        add("REVOKES", number);
        if (pledge == relier.pledge) {
            counts_until_.reset();
        }
    }

    void stop_counting(std::string_view what) {
        if (counts_until_) {
            add(what);
        }
        counts_until_.reset();
    }

    void look_at_caller(Party& party, const std::vector<Message>& said, World& world) {
        if (!party.agent) {
            entering_.reset();
            return;
        }
        const Provider& provider = party.agent->providers.at(route_);
        if (is_reduced_ && party.life != life_) {
            look_after_death(party, provider, world);
            return;
        }
        life_ = party.life;
        look_at_promise(provider);
        for (const Message& message : said) {
            const auto* cfp = std::get_if<CallForProposals>(&message.body);
            const auto* release = std::get_if<Release>(&message.body);
            if (cfp != nullptr && cfp->route == route_) {
                add("ASKS");
            } else if (release != nullptr && release->route == route_) {
                add("RELEASES", number_of({provider.held->callee_epoch, release->pledge}));
            }
        }
    }

    /// It was in the mode when it died: it finds that again, or nobody is in it any more.
    void look_after_death(Party& party, const Provider& provider, World& world) {
        if (provider.held) {
            add("DIES");
            life_ = party.life;
            held_ = question_of(*provider.held);
        } else if (!party.planes[route_].is_in_mode(world.local(party))) {
            leave();
            life_ = party.life;
        }
    }

    void leave() {
        add("LEAVES");
        is_reduced_ = false;
        held_.reset();
    }

    /// A mode counts from when its OFFER or RENEW came, if it was read back later.
    void look_at_promise(const Provider& provider) {
        const std::optional<Question> held =
            provider.held ? std::optional(question_of(*provider.held)) : std::nullopt;
        if (held && held != held_ && provider.held->pledge != 0) {
            is_reduced_ = true;
            if (entering_ && entering_->first == *held) {
                lines_[entering_->second].is_kept = true;
            } else {
                add("ENTERS");  // Of what was never asked for; no model can do it.
            }
        } else if (!held && is_reduced_) {
            leave();
        }
        held_ = held;
        const std::optional<Question> entering =
            provider.pending ? std::optional(question_of(provider.pending->promise)) : std::nullopt;
        if (!entering) {
            entering_.reset();
        } else if (!entering_ || entering_->first != *entering) {
            const auto& [epoch, pledge, turn] = *entering;
            entering_ = {*entering, lines_.size()};
            add("ENTERS", number_of({epoch, pledge}), turn);
            lines_.back().is_kept = false;
        }
    }

    AgentId caller_;
    AgentId callee_;
    RouteId route_;
    Instant at_{};
    std::vector<Line> lines_;
    std::map<Key, std::uint64_t> numbers_;
    std::optional<Instant> counts_until_;  ///< True time; none: the callee counts on nothing.
    bool is_reduced_{false};               ///< By a promise that was made.
    std::uint64_t life_{0};
    std::optional<Question> held_;
    std::optional<std::pair<Question, std::size_t>> entering_;  ///< And its line.
};

/// One third service, and those whom it lends to.
class CapacityHistory {
  public:
    CapacityHistory(AgentId third, std::vector<std::pair<AgentId, RouteId>> borrowers)
        : third_(std::move(third)), borrowers_(std::move(borrowers)), sends_(borrowers_.size()) {}

    void look(const AgentId& stepped, const std::vector<Message>& said, World& world) {
        at_ = world.at();
        const Party& third = world.party(third_);
        if (third.life != third_life_) {
            third_life_ = third.life;
            add("FORGETS", 0, 0);
        }
        for (std::size_t who = 0; who < borrowers_.size(); ++who) {
            look_at_end(who);
            if (stepped == third_) {
                look_at_grants(who, said);
            } else if (stepped == borrowers_[who].first) {
                look_at_borrower(who, said, world);
            }
        }
    }

    [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
    [[nodiscard]] std::string name() const { return third_.text(); }

  private:
    using Key = std::tuple<std::size_t, std::uint64_t, std::uint64_t>;  ///< Who, epoch, question.

    void add(std::string_view what, std::uint64_t who, std::uint64_t number) {
        lines_.push_back({at_, what, who, number});
    }
    [[nodiscard]] std::uint64_t number_of(const Key& key) const {
        const auto found = numbers_.find(key);
        return found == numbers_.end() ? 0 : found->second;
    }

    void look_at_end(std::size_t who) {
        if (sends_[who] && *sends_[who] <= at_) {
            lines_.push_back({*sends_[who], "ENDS", who});
            sends_[who].reset();
        }
    }

    void look_at_grants(std::size_t who, const std::vector<Message>& said) {
        const auto& [borrower, route] = borrowers_[who];
        for (const Message& message : said) {
            const auto* grant = std::get_if<Grant>(&message.body);
            if (grant != nullptr && message.to == borrower && grant->route == route) {
                add("GRANTS", who, number_of({who, message.to_epoch, grant->ask}));
            }
        }
    }

    /// What a dead one has moved is there until its end.
    void look_at_borrower(std::size_t who, const std::vector<Message>& said, World& world) {
        const Party& party = world.party(borrowers_[who].first);
        if (!party.agent) {
            return;
        }
        const Provider& provider = party.agent->providers.at(borrowers_[who].second);
        const std::uint64_t epoch = party.agent->outbox.epoch();
        if (provider.grant && provider.grant->via == third_) {
            const Instant until = true_instant(party, provider.grant->until);
            if (until > at_ && sends_[who] != until) {
                add("TAKES", who, number_of({who, epoch, provider.capacity.ask}));
                sends_[who] = until;
            }
        }
        for (const Message& message : said) {
            const auto* request = std::get_if<RequestCapacity>(&message.body);
            if (request != nullptr && message.to == third_) {
                const std::uint64_t number = ++asked_[who];
                numbers_[{who, epoch, request->ask}] = number;
                add("REQUESTS", who, number);
                lines_.back().size = request->rps;
            }
        }
    }

    AgentId third_;
    std::vector<std::pair<AgentId, RouteId>> borrowers_;
    Instant at_{};
    std::vector<Line> lines_;
    std::map<Key, std::uint64_t> numbers_;
    std::map<std::size_t, std::uint64_t> asked_;
    std::vector<std::optional<Instant>> sends_;  ///< Until then, in true time.
    std::uint64_t third_life_{0};
};

/// Who has trouble of its own lends nothing; in every other world the vault has none.
void calm_the_vault(World& world) {
    world.look = [look = world.look](const RouteId& route, World& of) {
        return route == vault_pay ? good_window : look(route, of);
    };
}

void tell(std::uint64_t seed) {
    World world = estate(seed);
    world.faults = seed % 3 == 0 ? Faults{.loss = 3, .deaths = 2} : hard;
    make_trouble(world, world.at() + trouble_for);
    if (seed % 2 == 1) {
        calm_the_vault(world);
    }
    std::vector<PledgeHistory> pledges{
        {cart, payments, cart_pay}, {shop, payments, shop_pay}, {vault, payments, vault_pay}};
    std::vector<CapacityHistory> capacities{{vault, {{cart, cart_pay}, {shop, shop_pay}}},
                                            {shop, {{vault, vault_pay}}}};
    world.watch = [&](const AgentId& stepped, const std::vector<Message>& said, World& of) {
        for (PledgeHistory& one : pledges) {
            one.look(stepped, said, of);
        }
        for (CapacityHistory& one : capacities) {
            one.look(stepped, said, of);
        }
    };
    world.start();
    world.run_for(trouble_for);
    world.end_faults();
    world.run_for(settled_after);
    for (const PledgeHistory& one : pledges) {
        print("pledge", fmt::format("seed {} {}", seed, one.name()), one.lines());
    }
    for (const CapacityHistory& one : capacities) {
        print("capacity", fmt::format("seed {} {}", seed, one.name()), one.lines());
    }
}

}  // namespace

}  // namespace homeostat::mesh::for_test

// NOLINTNEXTLINE(bugprone-exception-escape): what a test does not expect may end it.
int main(int argc, char** argv) {
    const std::uint64_t first = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 0;
    const std::uint64_t last = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : first;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        homeostat::mesh::for_test::tell(seed);
    }
    return 0;
}
