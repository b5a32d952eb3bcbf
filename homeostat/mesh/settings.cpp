#include "homeostat/mesh/settings.hpp"

#include "homeostat/mesh/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace homeostat::mesh {

namespace {

constexpr std::size_t modes_count_max = 16;

class Objections {
  public:
    explicit Objections(const Settings& settings) : settings_(settings) {}

    void check_names();
    void check_limits();
    void check_route(const RouteSettings& route);
    void check_roles();

    [[nodiscard]] std::optional<std::string> first() const { return first_; }

  private:
    void must(bool holds, std::string_view says, std::string_view of) {
        if (!first_ && !holds) {
            first_ = fmt::format("{}: {}", of, says);
        }
    }
    [[nodiscard]] bool is_neighbour(const AgentId& agent) const {
        return std::ranges::find(settings_.neighbours, agent) != settings_.neighbours.end();
    }
    void check_modes(const std::vector<ModeSettings>& modes, std::string_view of);

    const Settings& settings_;
    std::optional<std::string> first_;
};

void Objections::check_names() {
    must(is_plain_name(settings_.self.text()), "no plain name", "self");
    must(!is_neighbour(settings_.self), "an agent is no neighbour of itself", "neighbours");
    for (const AgentId& neighbour : settings_.neighbours) {
        must(is_plain_name(neighbour.text()), "no plain name", "neighbours");
    }
}

void Objections::check_limits() {
    const Limits& limits = settings_.limits;
    must(limits.ttl >= std::chrono::milliseconds{ttl_ms_min} &&
             limits.ttl <= std::chrono::milliseconds{ttl_ms_max},
         "2 s to 60 s are allowed", "ttl");
    must(limits.ask_deadline > Duration{0} && limits.ask_deadline < limits.dwell,
         "longer than nothing and shorter than dwell", "ask_deadline");
    must(limits.share_percent <= 100, "at most 100", "share_percent");
    must(limits.jitter_percent < 100, "less than 100", "jitter_percent");
    must(limits.changes_max > 0, "at least 1", "changes_max");
}

void Objections::check_modes(const std::vector<ModeSettings>& modes, std::string_view of) {
    must(modes.size() <= modes_count_max, "too many modes", of);
    std::set<ModeId> names;
    for (const ModeSettings& mode : modes) {
        const std::string& name = mode.id.text();
        must(is_plain_name(name) && name.size() <= mode_bytes_max, "a mode has no plain name", of);
        must(names.insert(mode.id).second, "a mode stands there twice", of);
        must(mode.depth > 0, "depths begin at 1", of);
    }
}

void Objections::check_route(const RouteSettings& route) {
    const std::string& name = route.route.text();
    must(is_plain_name(name), "no plain name", name);
    must(is_neighbour(route.callee), "its callee is no neighbour", name);
    must(route.floor_rps <= rate_max, "its floor is higher than any rate", name);
    check_modes(route.modes, name);
    for (const ModeSettings& mode : route.modes) {
        must(!mode.via || (is_neighbour(*mode.via) && *mode.via != route.callee),
             "a third service is a neighbour, and not the callee", name);
    }
}

/// For one caller a route is served here or lent to, not both, and nobody calls in a circle of two
/// under one name.
void Objections::check_roles() {
    std::set<std::pair<AgentId, RouteId>> taken;
    std::set<RouteId> own;
    for (const RouteSettings& route : settings_.routes) {
        must(own.insert(route.route).second, "stands there twice", route.route.text());
        taken.emplace(route.callee, route.route);
    }
    for (const CallerSettings& caller : settings_.callers) {
        must(is_neighbour(caller.caller) && is_plain_name(caller.route.text()),
             "a caller is a neighbour, and its route has a plain name", caller.route.text());
        must(taken.emplace(caller.caller, caller.route).second, "has two roles",
             caller.route.text());
        check_modes(caller.modes, caller.route.text());
    }
    for (const BorrowerSettings& borrower : settings_.borrowers) {
        must(is_neighbour(borrower.caller) && is_plain_name(borrower.route.text()),
             "a borrower is a neighbour, and its route has a plain name", borrower.route.text());
        must(taken.emplace(borrower.caller, borrower.route).second, "has two roles",
             borrower.route.text());
    }
}

}  // namespace

std::optional<std::string> objection_to(const Settings& settings) {
    Objections objections(settings);
    objections.check_names();
    objections.check_limits();
    for (const RouteSettings& route : settings.routes) {
        objections.check_route(route);
    }
    objections.check_roles();
    return objections.first();
}

}  // namespace homeostat::mesh
