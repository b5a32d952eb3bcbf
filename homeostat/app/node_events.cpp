#include "homeostat/app/node_events.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/node_suspicion.hpp"

#include <optional>
#include <utility>

namespace homeostat::app {

namespace {

std::optional<NodeSuspicion> suspicion_in(const Entry& entry) {
    if (entry.kind != EntryKind::verdict) {
        return std::nullopt;
    }
    const Result<VerdictBody> body = from_json<VerdictBody>(entry.body);
    const bool has_facts = body && body->grounds && body->grounds->facts.is_complete;
    return has_facts ? suspected_node(body->grounds->facts.instances) : std::nullopt;
}

}  // namespace

std::vector<adapters::kubernetes::ObjectEvent> NodeEvents::learn(const EntryGroup& group) {
    std::erase_if(told_at_, [&](const auto& told) {
        return group.wall_at - told.second >= node_told_again_after;
    });
    std::vector<adapters::kubernetes::ObjectEvent> events;
    for (const Entry& entry : group.entries) {
        const std::optional<NodeSuspicion> suspicion = suspicion_in(entry);
        if (suspicion && told_at_.emplace(suspicion->node, group.wall_at).second) {
            events.push_back({.reason = "NodeSuspected",
                              .action = "Report",
                              .note = entry.incident.text() + ": " + describe(*suspicion),
                              .is_warning = true,
                              .at = group.wall_at});
        }
    }
    return events;
}

}  // namespace homeostat::app
