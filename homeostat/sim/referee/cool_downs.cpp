#include "homeostat/sim/referee/cool_downs.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/domain/remedy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace homeostat::sim {

std::string use_of(const Remedy& remedy) {
    const std::string target = std::visit(
        [](const auto& one) {
            if constexpr (requires { one.instance; }) {
                return one.instance.text();
            } else if constexpr (requires { one.neighbour; }) {
                return one.neighbour.text();
            } else if constexpr (requires { one.cache; }) {
                return one.cache.text();
            } else if constexpr (requires { one.service; }) {
                return one.service.text();
            } else {
                return std::string();
            }
        },
        remedy);
    return fmt::format("{} {}", to_text(kind_of(remedy)), target);
}

void CoolDowns::learn(const Entry& entry, Instant at) {
    if (entry.kind == EntryKind::intent) {
        const Result<IntentBody> body = from_json<IntentBody>(entry.body);
        if (body && !body->is_undo) {
            Use& use = uses_[entry.incident][use_of(body->remedy)];
            if (use.first.empty() || use.is_over) {
                use = {.first = body->effect, .begun_at = at};
            }
            use.used_at = at;
        }
    } else if (entry.kind == EntryKind::closed || entry.kind == EntryKind::escalated) {
        for (auto& [what, use] : uses_[entry.incident]) {
            use.is_over = true;
            over_at_[what] = at;
        }
    }
}

void CoolDowns::take(const EntryGroup& group, Instant at) {
    sent_at_[group.index] = at;
    for (const Entry& entry : group.entries) {
        learn(entry, at);
    }
}

void CoolDowns::begin_with(std::span<const EntryGroup> groups, Instant now) {
    const std::map<std::uint64_t, Instant> sent_at = std::exchange(sent_at_, {});
    uses_.clear();
    over_at_.clear();
    for (const EntryGroup& group : groups) {
        const auto found = sent_at.find(group.index);
        take(group, found == sent_at.end() ? now : found->second);
    }
}

void CoolDowns::move_back(Duration by) {
    for (auto& [index, at] : sent_at_) {
        at -= by;
    }
}

std::optional<Instant> CoolDowns::since(const IncidentId& incident,
                                        const IntentBody& intent) const {
    const std::string what = use_of(intent.remedy);
    const auto use_in = [&](const std::map<std::string, Use>& uses) {
        const auto found = uses.find(what);
        return found == uses.end() ? nullptr : &found->second;
    };
    const auto ours = uses_.find(incident);
    const Use* own = ours == uses_.end() ? nullptr : use_in(ours->second);
    if (own == nullptr || (own->first != intent.effect && !intent.is_reflex)) {
        return std::nullopt;
    }
    std::optional<Instant> latest;
    const auto see = [&](Instant at) {
        latest = at <= own->begun_at ? std::max(latest.value_or(at), at) : latest;
    };
    if (const auto over = over_at_.find(what); over != over_at_.end()) {
        see(over->second);
    }
    for (const auto& [other, uses] : uses_) {
        if (const Use* used = use_in(uses); used != nullptr && other != incident) {
            see(used->used_at);
        }
    }
    return latest;
}

}  // namespace homeostat::sim
