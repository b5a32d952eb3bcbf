#pragma once

// What the tests of the mesh have in common: three services, their keys, and messages that keep
// their bounds.
//
// Pure. For tests only.

#include "homeostat/base/fnv1a.hpp"
#include "homeostat/mesh/mesh.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::mesh::for_test {

inline const AgentId cart("cart");          ///< Calls payments.
inline const AgentId shop("shop");          ///< Calls payments, too.
inline const AgentId payments("payments");  ///< Struggles.
inline const AgentId vault("vault");        ///< Has capacity to lend.
inline const RouteId cart_pay("cart.pay");
inline const RouteId shop_pay("shop.pay");
inline const ModeId lean("lean");    ///< Depth 1.
inline const ModeId bare("bare");    ///< Depth 2.
inline const ModeId moved("moved");  ///< Depth 1, by the vault.

inline const Instant now = instant_of_ns(3'600'000'000'000);
inline const Thread thread{IncidentId("i-7"),
                           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};

inline SigningSeed seed_of(const AgentId& agent) {
    SigningSeed seed{};
    std::uint64_t mixed = fnv1a(agent.text());
    for (std::uint8_t& byte : seed) {
        mixed = mixed * 6364136223846793005ULL + 1;
        byte = static_cast<std::uint8_t>(mixed >> 56U);
    }
    return seed;
}

inline Keyring keyring_of(const std::vector<AgentId>& agents) {
    Keyring keyring;
    for (const AgentId& agent : agents) {
        keyring.emplace(agent, public_key_of(seed_of(agent)));
    }
    return keyring;
}

inline std::vector<ModeSettings> payment_modes() {
    return {{.id = lean}, {.id = bare, .depth = 2}, {.id = moved, .via = vault}};
}

/// A caller's route to payments.
inline RouteSettings route_of(const RouteId& route) {
    return {.route = route, .callee = payments, .floor_rps = 10, .modes = payment_modes()};
}

inline Settings caller_settings(const AgentId& self, const RouteId& route) {
    return {.self = self,
            .neighbours = {payments, vault},
            .routes = {route_of(route)},
            .callers = {},
            .borrowers = {},
            .limits = {}};
}

inline Settings payments_settings() {
    return {.self = payments,
            .neighbours = {cart, shop},
            .routes = {},
            .callers = {{cart, cart_pay, payment_modes()}, {shop, shop_pay, payment_modes()}},
            .borrowers = {},
            .limits = {}};
}

inline Settings vault_settings() {
    return {.self = vault,
            .neighbours = {cart, shop},
            .routes = {},
            .callers = {},
            .borrowers = {{cart, cart_pay}, {shop, shop_pay}},
            .limits = {}};
}

/// A window of a second with 100 requests.
inline Evidence evidence_of(std::uint32_t errors_permille, std::uint32_t queue_ms = 0) {
    return {.errors_permille = errors_permille,
            .p95_ms = 40,
            .queue_ms = queue_ms,
            .window_ms = 1000,
            .requests_count = 100};
}

inline const Evidence bad_window = evidence_of(300, 50);
inline const Evidence good_window = evidence_of(0, 1);

inline Message message_of(const AgentId& from, const AgentId& to, Body body) {
    const bool is_beacon = std::holds_alternative<Beacon>(body);
    return {.from = from,
            .to = to,
            .epoch = 3,
            .to_epoch = 5,
            .sequence = 1,
            .sent_ms = 1000,
            .valid_ms = 50,
            .thread = is_beacon ? Thread{} : thread,
            .body = std::move(body)};
}

/// One of each kind.
inline std::vector<Body> every_body() {
    return {Beacon{2, 35, 12, 40, 1},
            CallForProposals{cart_pay, 1, {lean, moved}, bad_window},
            Offer{cart_pay, 1, 4, lean, 45, 10'000},
            Refuse{cart_pay, 1, Reason::no_capacity},
            Accept{cart_pay, 4, 0, lean, 45},
            Renew{cart_pay, 4, 1, lean, 45, 10'000},
            Release{cart_pay, 4},
            Revoke{cart_pay, 4},
            RequestCapacity{cart_pay, 2, 55, 10'000},
            Grant{cart_pay, 2, 55, 10'000},
            Deny{cart_pay, 2, Reason::no_capacity},
            OutcomeReport{cart_pay, 4, 44, 5},
            Intend{7},
            Word{7, NeighbourSays::mine, 2'000}};
}

}  // namespace homeostat::mesh::for_test
