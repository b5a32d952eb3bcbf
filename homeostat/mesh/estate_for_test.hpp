#pragma once

// Four services in trouble, in a world that does not help: what the properties N1 to N10 are tried
// in, and what the histories come from that are replayed against the models.
//
// Pure. For tests only.

#include "homeostat/mesh/referee_for_test.hpp"

#include <algorithm>
#include <cstdint>

namespace homeostat::mesh::for_test {

inline const RouteId vault_pay("vault.pay");

/// Payments and those who call it; cart and shop may move traffic to the vault, and the vault, a
/// caller too, may move its own to the shop.
inline World estate(std::uint64_t seed) {
    // Clocks apart by up to 0.8 %, which the inbox lets pass, or by up to 4 %, which promises do.
    World world(seed, seed % 4 == 0 ? 20'000 : 4'000);
    Settings of_cart = caller_settings(cart, cart_pay);
    std::ranges::reverse(of_cart.routes[0].modes);  // Rather moved than lean.
    world.add(of_cart);
    Settings of_shop = caller_settings(shop, shop_pay);
    of_shop.borrowers = {{vault, vault_pay}};
    world.add(of_shop);
    Settings of_payments = payments_settings();
    of_payments.neighbours.push_back(vault);
    of_payments.callers.push_back({vault, vault_pay, {{.id = moved, .via = shop}}});
    world.add(of_payments);
    Settings of_vault = vault_settings();
    of_vault.neighbours.push_back(payments);
    of_vault.routes = {route_of(vault_pay)};
    of_vault.routes[0].modes = {{.id = moved, .via = shop}};
    world.add(of_vault);
    return world;
}

/// Now and then somebody is suspended or sick.
inline Condition condition_at(Instant until, World& world) {
    if (world.at() >= until) {
        return {};
    }
    const bool is_suspended = world.chance(3);
    return {.is_suspended = is_suspended, .self_health = world.chance(5) ? 5U : 0U};
}

/// Payments struggles on and off until `until`, and all is well afterwards. The vault, with a
/// route of its own in trouble, would lend nothing: it sees little of it, most of the time.
inline void make_trouble(World& world, Instant until) {
    world.look = [until](const RouteId& route, World& of) {
        const bool is_calm =
            route == vault_pay && of.at().time_since_epoch() / seconds{30} % 2 == 0;
        const bool is_trouble = of.at() < until && of.chance(is_calm ? 5 : 70);
        return is_trouble ? evidence_of(static_cast<std::uint32_t>(of.rng().between(100, 900)), 50)
                          : good_window;
    };
    world.load = [until](const AgentId& id, World& of) {
        Load load{.capacity_rps = 100};
        if (id == payments && of.at() < until) {
            load.need = of.chance(90) ? Need::more : Need::keep;
            load.level = 2;
        }
        return load;
    };
    world.condition = [until](const AgentId&, World& of) { return condition_at(until, of); };
}

inline const Faults hard{
    .loss = 10, .doubling = 10, .delay = 10, .refusal = 5, .replay = 10, .deaths = 1, .pauses = 1};
constexpr Duration trouble_for = seconds{90};
/// A promise, the windows that have to be good, and the way back with its jitter, twice.
constexpr Duration settled_after = seconds{10 + 5 + 2 * 5};

}  // namespace homeostat::mesh::for_test
