#pragma once

// A demon neighbour: it has a key, keeps its bounds or not, and says anything at any time, most
// readily what fits to what it was just told.
//
// Pure. For tests only.

#include "homeostat/mesh/world_for_test.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::mesh::for_test {

/// One of them, by the world's chance.
template <class Items>
auto any(const Items& items, World& world) {
    return items[static_cast<std::size_t>(world.rng().next() % items.size())];
}

class Demon {
  public:
    explicit Demon(std::vector<AgentId> victims) : victims_(std::move(victims)) {}

    /// Hears everything, and speaks when it likes.
    void operator()(const AgentId& self, const Message* heard, World& world) {
        if (heard != nullptr) {
            last_[heard->from] = *heard;
        }
        const bool is_first = !has_greeted_;
        if (is_first || world.chance(heard != nullptr ? 90 : 10)) {
            has_greeted_ = true;
            speak(self, heard != nullptr ? heard->from : any(victims_, world), world);
        }
    }

  private:
    void speak(const AgentId& self, const AgentId& to, World& world) {
        Message message;
        message.from = self;
        message.to = to;
        message.epoch = epoch_;
        message.to_epoch = last_.contains(to) ? last_.at(to).epoch : 0;
        message.sequence = ++sequence_;
        message.sent_ms = static_cast<std::uint64_t>(
            std::chrono::duration_cast<milliseconds>(world.at().time_since_epoch()).count());
        message.valid_ms = any(std::array{50U, 1000U, 60'000U}, world);
        message.body = message.to_epoch == 0 ? Body{Beacon{3, 500, 9, 0, 0}} : any_body(to, world);
        if (!std::holds_alternative<Beacon>(message.body)) {
            message.thread = thread;
        }
        epoch_ += world.chance(1) ? 1 : 0;
        if (objection_to(message)) {
            return;
        }
        std::string bytes = seal(message, seed_of(self));
        if (world.chance(3)) {
            bytes.resize(static_cast<std::size_t>(world.rng().next() % bytes.size()));
        }
        world.send(to, bytes);
    }

    /// The numbers of what it was last told, or near them, or any.
    std::uint64_t number(std::uint64_t told, World& world) {
        return world.chance(80) ? told
                                : any(std::array<std::uint64_t, 4>{1, 2, told + 1, 77}, world);
    }

    Body any_body(const AgentId& to, World& world) {
        const Message& told = last_.at(to);
        std::uint64_t ask = 1;
        std::uint64_t pledge = 1;
        std::uint64_t turn = 1;
        RouteId route = to == cart ? cart_pay : shop_pay;
        if (const auto* cfp = std::get_if<CallForProposals>(&told.body)) {
            ask = cfp->ask;
            pledge = ++pledges_;
        } else if (const auto* accept = std::get_if<Accept>(&told.body)) {
            pledge = accept->pledge;
            turn = accept->turn + 1;
        } else if (const auto* request = std::get_if<RequestCapacity>(&told.body)) {
            ask = request->ask;
        } else if (const auto* offer = std::get_if<Offer>(&told.body)) {
            pledge = offer->pledge;
        } else if (const auto* renew = std::get_if<Renew>(&told.body)) {
            pledge = renew->pledge;
            turn = renew->turn;
        }
        const ModeId mode = any(std::array{lean, bare, moved, ModeId("unheard_of")}, world);
        const std::uint32_t rps = any(std::array{0U, 1U, 10U, 45U, 90U, 1'000'000U}, world);
        const std::uint32_t ttl = any(std::array{2'000U, 10'000U, 60'000U}, world);
        ask = number(ask, world);
        pledge = number(pledge, world);
        turn = number(turn, world);
        const auto reason = static_cast<Reason>(world.rng().between(0, 6));
        const std::vector<Body> bodies{Beacon{3, 100, 1, 0, 8},
                                       CallForProposals{route, ask, {lean, moved}, bad_window},
                                       Offer{route, ask, pledge, mode, rps, ttl},
                                       Offer{route, ask, pledge, lean, 45, 10'000},
                                       Refuse{route, ask, reason},
                                       Accept{route, pledge, turn, mode, rps},
                                       Renew{route, pledge, turn, mode, rps, ttl},
                                       Renew{route, pledge, turn, bare, 20, ttl},
                                       Release{route, pledge},
                                       Revoke{route, pledge},
                                       RequestCapacity{route, ask, rps + 1, ttl},
                                       Grant{route, ask, rps + 1, ttl},
                                       Deny{route, ask, reason},
                                       OutcomeReport{route, pledge, rps, 5}};
        return any(bodies, world);
    }

    std::vector<AgentId> victims_;
    std::map<AgentId, Message> last_;
    std::uint64_t epoch_{1};
    std::uint64_t sequence_{0};
    std::uint64_t pledges_{0};
    bool has_greeted_{false};
};

}  // namespace homeostat::mesh::for_test
