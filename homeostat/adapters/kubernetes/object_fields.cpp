#include "homeostat/adapters/kubernetes/object_fields.hpp"

#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

namespace homeostat::adapters::kubernetes {

ObjectFields::ObjectFields(const json::value& value, std::string place, std::optional<Error>& error)
    : object_(value.if_object()), place_(std::move(place)), error_(&error) {
    if (object_ == nullptr && !error) {
        error = Error{Fault::invalid, place_ + ": is no object"};
    }
}

void ObjectFields::refuse(std::string_view name, std::string_view what) const {
    if (!*error_) {
        *error_ = Error{Fault::invalid, fmt::format("{}.{}: {}", place_, name, what)};
    }
}

const json::value* ObjectFields::find(std::string_view name) const {
    const json::value* value = object_ == nullptr ? nullptr : object_->if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

std::vector<std::string_view> ObjectFields::names() const {
    std::vector<std::string_view> names;
    if (object_ != nullptr) {
        for (const auto& member : *object_) {
            names.emplace_back(member.key());
        }
    }
    return names;
}

ObjectFields ObjectFields::object(std::string_view name) const {
    const json::value* value = find(name);
    std::string place = fmt::format("{}.{}", place_, name);
    if (value == nullptr) {
        return {static_cast<const json::object*>(nullptr), std::move(place), *error_};
    }
    return {*value, std::move(place), *error_};
}

std::vector<ObjectFields> ObjectFields::objects(std::string_view name,
                                                std::size_t count_max) const {
    std::vector<ObjectFields> found;
    const json::value* value = find(name);
    if (value == nullptr) {
        return found;
    }
    if (!value->is_array() || value->get_array().size() > count_max) {
        refuse(name, fmt::format("is no list of at most {}", count_max));
        return found;
    }
    for (const json::value& element : value->get_array()) {
        found.emplace_back(element, fmt::format("{}.{}[{}]", place_, name, found.size()), *error_);
    }
    return found;
}

std::vector<std::string> ObjectFields::texts(std::string_view name,
                                             std::size_t count_max,
                                             std::size_t bytes_max) const {
    std::vector<std::string> found;
    const json::value* value = find(name);
    if (value == nullptr) {
        return found;
    }
    if (!value->is_array() || value->get_array().size() > count_max) {
        refuse(name, fmt::format("is no list of at most {}", count_max));
        return found;
    }
    for (const json::value& element : value->get_array()) {
        if (!element.is_string() || element.get_string().size() > bytes_max) {
            refuse(name, fmt::format("has no text of at most {} bytes", bytes_max));
            return {};
        }
        found.emplace_back(element.get_string());
    }
    return found;
}

std::string ObjectFields::text(std::string_view name, std::size_t bytes_max) const {
    const json::value* value = find(name);
    if (value == nullptr) {
        return {};
    }
    if (!value->is_string() || value->get_string().size() > bytes_max) {
        refuse(name, fmt::format("is no text of at most {} bytes", bytes_max));
        return {};
    }
    return std::string(value->get_string());
}

bool ObjectFields::flag(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr) {
        return false;
    }
    if (!value->is_bool()) {
        refuse(name, "is no truth value");
        return false;
    }
    return value->get_bool();
}

std::uint64_t ObjectFields::number(std::string_view name,
                                   std::uint64_t number_max,
                                   std::uint64_t if_absent) const {
    const json::value* value = find(name);
    if (value == nullptr) {
        return if_absent;
    }
    std::uint64_t number = number_max;
    bool is_whole = value->is_uint64();
    if (is_whole) {
        number = value->get_uint64();
    } else if (value->is_int64() && value->get_int64() >= 0) {
        is_whole = true;
        number = static_cast<std::uint64_t>(value->get_int64());
    }
    if (!is_whole || number > number_max) {
        refuse(name, fmt::format("is no whole number up to {}", number_max));
        return if_absent;
    }
    return number;
}

std::optional<int> ObjectFields::signed_number(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_int64() || !std::in_range<int>(value->get_int64())) {
        refuse(name, "is no whole number of 32 bits");
        return std::nullopt;
    }
    return static_cast<int>(value->get_int64());
}

std::optional<WallTime> ObjectFields::time(std::string_view name) const {
    const json::value* value = find(name);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::optional<WallTime> time =
        value->is_string() ? parse_timestamp(std::string_view(value->get_string())) : std::nullopt;
    if (!time) {
        refuse(name, "is no time in UTC");
    }
    return time;
}

}  // namespace homeostat::adapters::kubernetes
