// Any bytes for JSON: refused with a place, or a value that is within the limits and reads back as
// itself in both written forms.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using homeostat::ensure;

namespace {

constexpr homeostat::JsonLimits limits{.bytes_max = 4096, .depth_max = 8};

std::size_t depth_of(const homeostat::json::value& value) {
    std::size_t deepest = 0;
    if (const auto* object = value.if_object()) {
        for (const auto& member : *object) {
            deepest = std::max(deepest, depth_of(member.value()));
        }
        return deepest + 1;
    }
    if (const auto* array = value.if_array()) {
        for (const auto& element : *array) {
            deepest = std::max(deepest, depth_of(element));
        }
        return deepest + 1;
    }
    return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto value = homeostat::parse_json(text, limits);
    if (!value) {
        ensure(value.error().text.size() < 200, "a refusal is short");
        return 0;
    }
    ensure(size <= limits.bytes_max && depth_of(*value) <= limits.depth_max, "limits are kept");
    const std::string written = homeostat::to_text(*value);
    const auto again = homeostat::parse_json(written);
    ensure(again && *again == *value, "what was written reads back as itself");
    ensure(homeostat::to_text(*again) == written, "and is written as the same bytes");
    const auto pretty = homeostat::parse_json(homeostat::to_pretty_text(*value));
    ensure(pretty && *pretty == *value, "for people, too");
    return 0;
}
