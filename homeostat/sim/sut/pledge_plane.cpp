#include "homeostat/sim/sut/pledge_plane.hpp"

#include <chrono>
#include <string>
#include <variant>

namespace homeostat::sim::sut {

namespace {

/// The order for this route, while it lasts.
template <class Order>
const Order* order_in(const std::map<mesh::RouteId, Order>& orders,
                      const mesh::RouteId& route,
                      Instant now) {
    const auto found = orders.find(route);
    return found != orders.end() && now < found->second.until ? &found->second : nullptr;
}

}  // namespace

std::int64_t left_ms(Instant until, Instant now) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(until - now).count();
}

std::optional<mesh::RouteApplied> PledgePlane::carry_out(const mesh::Order& order) {
    return std::visit([this](const auto& what) { return obey(what); }, order);
}

std::optional<mesh::RouteApplied> PledgePlane::obey(const mesh::EnterMode& order) {
    if (answer_ == PlaneAnswer::silent) {
        return std::nullopt;
    }
    const bool is_in_force = answer_ == PlaneAnswer::obey;
    if (is_in_force) {
        clear(order.route);
        modes_.emplace(order.route, order);
    }
    return mesh::RouteApplied{order.route, {order.number, is_in_force}};
}

std::optional<mesh::RouteApplied> PledgePlane::obey(const mesh::Ramp& order) {
    clear(order.route);
    ramps_.emplace(order.route, order);
    return std::nullopt;
}

std::optional<mesh::RouteApplied> PledgePlane::obey(const mesh::Restore& order) {
    clear(order.route);
    return std::nullopt;
}

std::optional<mesh::RouteApplied> PledgePlane::obey(const mesh::Throttle& order) {
    clear(order.route);
    throttles_.emplace(order.route, order);
    return std::nullopt;
}

void PledgePlane::clear(const mesh::RouteId& route) {
    modes_.erase(route);
    ramps_.erase(route);
    throttles_.erase(route);
}

json::value PledgePlane::describe(const mesh::RouteId& route, Instant now) const {
    json::object plane{
        {"mode", nullptr}, {"rps_max", nullptr}, {"left_ms", nullptr}, {"redirect", nullptr}};
    if (const auto* const mode = order_in(modes_, route, now)) {
        plane["mode"] = json::value(mode->terms.mode.text());
        plane["rps_max"] = mode->terms.rps_max;
        plane["left_ms"] = left_ms(mode->until, now);
        if (mode->redirect && now < mode->redirect->until) {
            plane["redirect"] = json::object{{"via", json::value(mode->redirect->via.text())},
                                             {"rps", mode->redirect->rps},
                                             {"left_ms", left_ms(mode->redirect->until, now)}};
        }
    }
    const auto* const throttle = order_in(throttles_, route, now);
    const auto* const ramp = order_in(ramps_, route, now);
    constexpr std::uint32_t all_of_it = 100;
    plane["drop_permille"] = throttle == nullptr ? 0 : throttle->drop_permille;
    plane["share_percent"] = ramp == nullptr ? all_of_it : ramp->share_percent;
    return plane;
}

}  // namespace homeostat::sim::sut
