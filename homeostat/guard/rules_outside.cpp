// The rules about others outside: who has to have the decision before it is acted on, and the
// budget of the fleet.
//
// They are asked of the first step of a remedy: what has begun is carried through, and what is only
// taken back, or starts a process that has ended, waits for nobody outside. That they were not
// asked, or did not answer, is a no.

#include "homeostat/base/fields.hpp"
#include "homeostat/guard/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::guard {

namespace {

bool is_free(const Case& asked) {
    const bool starts_dead = asked.is_reflex && std::holds_alternative<Restart>(asked.remedy);
    return asked.is_undo || starts_dead;
}

/// Nothing of it is announced yet, and its first step is asked for.
bool is_about_to_begin(const Matter& matter) {
    return matter.step != nullptr && !is_free(matter.asked) && !is_in_hand(matter);
}

void add_names(std::vector<std::string>& names, RemedyKind kind, const Limits& limits) {
    const auto found = limits.confirmed_by->find(kind);
    if (found == limits.confirmed_by->end()) {
        return;
    }
    for (const std::string& name : found->second) {
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(name);
        }
    }
}

/// Why it does not count as one that has the decision; empty: it does.
std::string trouble_with(const std::string& name, const Confirmations& confirmations) {
    const auto word = std::ranges::find(confirmations.all, name, &Confirmation::from);
    if (word == confirmations.all.end()) {
        return name + " was not asked";
    }
    if (!word->up_to) {
        return fmt::format("{} has not confirmed it: {}", name, word->trouble);
    }
    if (*word->up_to >= *confirmations.decided_in) {
        return {};
    }
    return fmt::format("{} has the ledger up to group {}, and the decision stands in {}{}{}", name,
                       *word->up_to, *confirmations.decided_in, word->trouble.empty() ? "" : ": ",
                       word->trouble);
}

}  // namespace

std::vector<std::string> confirmed_by(const Case& asked, const Limits& limits) {
    std::vector<std::string> names;
    if (!limits.confirmed_by || is_free(asked)) {
        return names;
    }
    const RemedyKind kind = kind_of(asked.remedy);
    add_names(names, kind, limits);
    if (kind == RemedyKind::reroute) {
        add_names(names, RemedyKind::invalidate_cache, limits);  // Its plan drops keys, too.
    }
    return names;
}

bool awaits_confirmation(const Verdict& verdict, const Facts& facts) {
    return verdict.rule == confirmed_rule && !facts.confirmations;
}

bool awaits_place(const Verdict& verdict, const Facts& facts) {
    return verdict.rule == fleet_rule && !facts.fleet;
}

namespace rule {

std::optional<Objection> confirmed(const Matter& matter) {
    const std::vector<std::string> names = confirmed_by(matter.asked, matter.limits);
    if (names.empty() || !is_about_to_begin(matter)) {
        return std::nullopt;
    }
    if (!matter.facts.confirmations || !matter.facts.confirmations->decided_in) {
        return passing("nobody outside was asked whether they have the decision", matter);
    }
    for (const std::string& name : names) {
        if (std::string trouble = trouble_with(name, *matter.facts.confirmations);
            !trouble.empty()) {
            return passing(std::move(trouble), matter);
        }
    }
    return std::nullopt;
}

std::optional<Objection> fleet(const Matter& matter) {
    if (!matter.limits.fleet || !is_about_to_begin(matter)) {
        return std::nullopt;
    }
    const std::string& name = matter.limits.fleet->name;
    const std::optional<FleetWord>& word = matter.facts.fleet;
    if (!word || word->place != *matter.effect) {
        return passing(fmt::format("no place was asked for in the budget of {}", name), matter);
    }
    switch (word->says) {
        case FleetSays::granted:
            return std::nullopt;
        case FleetSays::full:
            return passing(fmt::format("the budget of {} is full: {}", name, word->because),
                           matter);
        case FleetSays::unreachable:
            return passing(fmt::format("the budget of {} cannot be asked: {}", name, word->because),
                           matter);
    }
    return passing("the budget said nothing that we know", matter);
}

}  // namespace rule
}  // namespace homeostat::guard
