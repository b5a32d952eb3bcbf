// How long a temporary remedy stays in force.

#include "homeostat/act/act.hpp"

#include <fmt/format.h>

#include <chrono>
#include <optional>
#include <variant>

namespace homeostat::act {

namespace {

constexpr Duration look_every = std::chrono::seconds{1};

struct IsOver {
    const Held& held;
    const Facts& facts;

    /// The process that was ejected is gone and another serves in its place.
    std::optional<std::string> operator()(const Eject& remedy) const {
        const InstanceFacts* target = find_instance(facts, remedy.instance);
        if (target == nullptr) {
            return remedy.instance.text() + " is not among the instances any more";
        }
        const RuntimeInstance& runtime = target->runtime;
        const bool is_cured =
            runtime.is_alive && runtime.is_answering && runtime.started_at > held.since;
        return is_cured ? std::optional(remedy.instance.text() + " runs anew and answers")
                        : std::nullopt;
    }

    /// Whether the load is back to what it was shows only without what was added.
    std::optional<std::string> operator()(const Scale&) const { return std::nullopt; }

    std::optional<std::string> operator()(const auto&) const {
        return "this remedy is not one to be held";
    }
};

}  // namespace

HoldAdvice advise(const Held& held, const Facts& facts, Instant now) {
    if (now >= held.until) {
        return GiveBack{"its time is up"};
    }
    if (!facts.is_complete) {
        return Wait{now + look_every, "a part of the world does not answer"};
    }
    if (std::optional<std::string> over = std::visit(IsOver{held, facts}, held.remedy)) {
        return GiveBack{std::move(*over)};
    }
    return Wait{std::min(now + look_every, held.until), "still needed"};
}

}  // namespace homeostat::act
