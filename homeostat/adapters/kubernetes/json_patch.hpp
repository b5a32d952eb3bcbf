#pragma once

// Operations of a JSON patch (RFC 6902), which the API server carries out all or none.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::adapters::kubernetes {

/// "test", "add" or "replace".
[[nodiscard]] inline json::object patch_operation(std::string_view name,
                                                  std::string_view path,
                                                  json::value value) {
    json::object one;
    one["op"] = name;
    one["path"] = path;
    one["value"] = std::move(value);
    return one;
}

[[nodiscard]] inline json::object patch_removal(std::string_view path) {
    json::object one;
    one["op"] = "remove";
    one["path"] = path;
    return one;
}

/// Of an annotation. '/' is "~1" in a path of a patch. SOURCE: RFC 6901.
[[nodiscard]] inline std::string annotation_path(std::string_view annotation) {
    std::string name(annotation);
    if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
        name.replace(slash, 1, "~1");
    }
    return "/metadata/annotations/" + name;
}

}  // namespace homeostat::adapters::kubernetes
