#pragma once

// Members of JSON documents by their names, made where they are missing. For tests only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/base/timestamp.hpp"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace homeostat::adapters::kubernetes {

/// What is put in a member's place on the way is an object.
inline json::value& at(json::value& value, std::initializer_list<std::string_view> names) {
    json::value* next = &value;
    for (const std::string_view name : names) {
        if (!next->is_object()) {
            next->emplace_object();
        }
        next = &next->get_object()[name];
    }
    return *next;
}

/// Null: absent.
[[nodiscard]] inline const json::value* look(const json::value& value,
                                             std::initializer_list<std::string_view> names) {
    const json::value* next = &value;
    for (const std::string_view name : names) {
        const json::object* object = next == nullptr ? nullptr : next->if_object();
        next = object == nullptr ? nullptr : object->if_contains(name);
    }
    return next;
}

/// Empty: absent, or no text.
[[nodiscard]] inline std::string text_at(const json::value& value,
                                         std::initializer_list<std::string_view> names) {
    const json::value* found = look(value, names);
    return found != nullptr && found->is_string() ? std::string(found->get_string())
                                                  : std::string();
}

/// 0: absent, or no number.
[[nodiscard]] inline std::int64_t number_at(const json::value& value,
                                            std::initializer_list<std::string_view> names) {
    const json::value* found = look(value, names);
    return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

[[nodiscard]] inline std::string time_text(WallTime at) {
    return to_timestamp(at).substr(0, std::string_view("2026-11-28T00:00:00").size()) + "Z";
}

[[nodiscard]] inline bool is_deleting(const json::value& object) {
    return !text_at(object, {"metadata", "deletionTimestamp"}).empty();
}

[[nodiscard]] inline bool is_ready(const json::value& pod) {
    const json::value* conditions = look(pod, {"status", "conditions"});
    return !is_deleting(pod) && conditions != nullptr && conditions->is_array() &&
           !conditions->get_array().empty() &&
           text_at(conditions->get_array()[0], {"status"}) == "True";
}

}  // namespace homeostat::adapters::kubernetes
