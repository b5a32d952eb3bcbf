#include "homeostat/adapters/kubernetes/switch_object.hpp"

#include <fmt/format.h>

namespace homeostat::adapters::kubernetes {

namespace {

/// Whoever writes anything but this wants to be heard.
bool says_released(const json::value& object) {
    const json::object* members = object.if_object();
    const json::value* data = members == nullptr ? nullptr : members->if_contains("data");
    const json::object* words = data == nullptr ? nullptr : data->if_object();
    const json::value* word = words == nullptr ? nullptr : words->if_contains("suspended");
    return word != nullptr && *word == json::value("false");
}

}  // namespace

bool SwitchObject::is_engaged() const {
    return !reason().empty();
}

std::string SwitchObject::reason() const {
    const std::string name =
        fmt::format("ConfigMap {}/{}", options_.name_space, options_.switch_object);
    if (const Result<void> heard = check_kind_heard(name, seen_, clock_.now()); !heard) {
        return heard.error().text + ", and a switch that cannot be read is engaged";
    }
    const auto found = seen_.objects->objects.find(options_.switch_object);
    if (found == seen_.objects->objects.end() || says_released(found->second.parsed())) {
        return {};
    }
    return name + " is there";
}

Result<void> SwitchObject::engage() {
    return fail(Fault::refused, fmt::format("kubectl --namespace {} create configmap {}",
                                            options_.name_space, options_.switch_object));
}

Result<void> SwitchObject::release() {
    const std::string why = reason();
    if (why.empty()) {
        return {};
    }
    return fail(Fault::refused, fmt::format("{} (kubectl --namespace {} delete configmap {})", why,
                                            options_.name_space, options_.switch_object));
}

}  // namespace homeostat::adapters::kubernetes
