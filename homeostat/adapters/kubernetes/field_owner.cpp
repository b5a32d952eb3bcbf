#include "homeostat/adapters/kubernetes/field_owner.hpp"

#include "homeostat/base/timestamp.hpp"

#include <algorithm>
#include <cstddef>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr std::size_t managers_max = 256;
constexpr std::size_t manager_bytes_max = 128;

const json::value* member_of(const json::value* value, std::string_view name) {
    const json::object* object = value == nullptr ? nullptr : value->if_object();
    return object == nullptr ? nullptr : object->if_contains(name);
}

/// Null: there are none, or more than there can be.
const json::array* entries_of(const json::value& object) {
    const json::value* entries = member_of(member_of(&object, "metadata"), "managedFields");
    const json::array* all = entries == nullptr ? nullptr : entries->if_array();
    return all == nullptr || all->size() > managers_max ? nullptr : all;
}

}  // namespace

std::string owner_of(const json::value& object, std::string_view field) {
    const json::array* all = entries_of(object);
    if (all == nullptr) {
        return {};
    }
    std::string manager;
    std::size_t owners_count = 0;
    for (const json::value& entry : *all) {
        const json::value* fields = member_of(&entry, "fieldsV1");
        const json::value* name = member_of(&entry, "manager");
        if (member_of(member_of(fields, "f:spec"), field) == nullptr) {
            continue;
        }
        owners_count += 1;
        const auto* text = name == nullptr ? nullptr : name->if_string();
        manager = text == nullptr ? std::string() : std::string(*text).substr(0, manager_bytes_max);
    }
    std::ranges::replace_if(manager, [](char c) { return c < ' ' || c > '~'; }, '_');
    return owners_count == 1 ? manager : std::string();
}

std::optional<WallTime> written_at_of(const json::value& object,
                                      std::span<const std::string_view> fields) {
    const json::array* all = entries_of(object);
    std::optional<WallTime> last;
    if (all == nullptr) {
        return last;
    }
    for (const json::value& entry : *all) {
        const json::value* owned = member_of(&entry, "fieldsV1");
        const bool is_of_them = std::ranges::any_of(
            fields, [&](std::string_view field) { return member_of(owned, field) != nullptr; });
        const json::value* time = is_of_them ? member_of(&entry, "time") : nullptr;
        const auto* text = time == nullptr ? nullptr : time->if_string();
        const std::optional<WallTime> at = text == nullptr ? std::nullopt : parse_timestamp(*text);
        if (at && (!last || *at > *last)) {
            last = at;
        }
    }
    return last;
}

}  // namespace homeostat::adapters::kubernetes
