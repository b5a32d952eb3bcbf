#include "homeostat/adapters/taxii/indicator.hpp"

#include "homeostat/adapters/taxii/pattern.hpp"
#include "homeostat/base/timestamp.hpp"
#include "homeostat/domain/feed_update.hpp"

#include <algorithm>
#include <string_view>

namespace homeostat::adapters::taxii {

namespace {

/// The text under `name`; empty: there is none.
std::string_view text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return {};
    }
    return {value->get_string().data(), value->get_string().size()};
}

bool is_id(std::string_view text) {
    constexpr std::string_view prefix = "indicator--";
    constexpr std::size_t uuid_bytes = 36;
    return text.size() == prefix.size() + uuid_bytes && text.starts_with(prefix) &&
           text.substr(prefix.size()).find_first_not_of("0123456789abcdefABCDEF-") ==
               std::string_view::npos;
}

/// Nothing: it is told, and neither true nor false.
std::optional<bool> is_revoked(const json::object& object) {
    const json::value* value = object.if_contains("revoked");
    if (value == nullptr) {
        return false;
    }
    return value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

bool is_sure(const json::object& object, std::uint32_t confidence_min) {
    constexpr std::int64_t confidence_max = 100;
    const json::value* value = object.if_contains("confidence");
    if (value == nullptr) {
        return confidence_min == 0;
    }
    // Boost.JSON keeps as int64 whatever fits into one.
    return value->is_int64() && value->get_int64() >= confidence_min &&
           value->get_int64() <= confidence_max;
}

/// An indicator may also say what is harmless, so that nobody suspects it.
bool is_of_harm(const json::object& object) {
    const json::value* types = object.if_contains("indicator_types");
    if (types == nullptr) {
        return true;
    }
    return types->is_array() && std::ranges::all_of(types->get_array(), [](const auto& type) {
               return type.is_string() && type.get_string() != "benign";
           });
}

/// False: they cannot be read, or it is never valid.
bool read_times(const json::object& object, Indicator& indicator) {
    const std::optional<WallTime> from = parse_timestamp(text_of(object, "valid_from"));
    if (!from) {
        return false;
    }
    indicator.from = *from;
    const WallTime changed_at = std::max(*from, indicator.modified);
    indicator.until = changed_at + std::chrono::floor<WallTime::duration>(lasts_default);
    if (object.contains("valid_until")) {
        const std::optional<WallTime> until = parse_timestamp(text_of(object, "valid_until"));
        if (!until) {
            return false;
        }
        indicator.until = *until;
    }
    return indicator.from < indicator.until;
}

}  // namespace

std::optional<Indicator> parse_indicator(const json::value& value, std::uint32_t confidence_min) {
    if (!value.is_object()) {
        return std::nullopt;
    }
    const json::object& object = value.get_object();
    const std::string_view id = text_of(object, "id");
    const std::optional<WallTime> modified = parse_timestamp(text_of(object, "modified"));
    if (text_of(object, "type") != "indicator" || text_of(object, "spec_version") != "2.1" ||
        !is_id(id) || !modified) {
        return std::nullopt;
    }
    Indicator indicator;
    indicator.id = std::string(id);
    indicator.modified = *modified;
    indicator.reason = plain_reason(text_of(object, "name"));
    if (text_of(object, "pattern_type") == "stix") {
        indicator.networks = parse_pattern(text_of(object, "pattern"));
    }
    const std::optional<bool> revoked = is_revoked(object);
    if (revoked == true) {
        indicator.claim = Claim::revoked;
    } else if (revoked == false && !indicator.networks.empty() && is_of_harm(object) &&
               is_sure(object, confidence_min) && read_times(object, indicator)) {
        indicator.claim = Claim::lists;
    }
    return indicator;
}

}  // namespace homeostat::adapters::taxii
