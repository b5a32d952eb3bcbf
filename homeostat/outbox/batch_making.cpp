#include "homeostat/outbox/batch_making.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"

#include <initializer_list>
#include <utility>

namespace homeostat::outbox {

namespace {

std::string text_at(const json::value& body, std::initializer_list<std::string_view> path) {
    const json::value* at = &body;
    for (const std::string_view name : path) {
        at = at != nullptr && at->is_object() ? at->get_object().if_contains(name) : nullptr;
    }
    return at != nullptr && at->is_string() ? std::string(at->get_string()) : std::string();
}

}  // namespace

std::string remedy_kind_of(const Entry& entry) {
    std::string kind = text_at(entry.body, {"remedy", "kind"});
    return kind.empty() ? text_at(entry.body, {"choice", "remedy", "kind"}) : kind;
}

void add_group(Batch& batch, const EntryGroup& group, std::string_view hash) {
    std::uint32_t position = 0;
    for (const Entry& entry : group.entries) {
        if (entry.kind != EntryKind::checkpoint) {
            batch.entries.push_back({.place = {group.index, position},
                                     .hash = std::string(hash),
                                     .wall_at = group.wall_at,
                                     .kind = std::string(to_text(entry.kind)),
                                     .incident = entry.incident.text(),
                                     .remedy = remedy_kind_of(entry),
                                     .body = to_text(entry.body)});
        }
        position += 1;
    }
    batch.next_group = group.index + 1;
    batch.hash = hash;
}

}  // namespace homeostat::outbox
