#include "homeostat/app/config_maintenance_keys.hpp"

#include <fmt/format.h>

#include <charconv>

namespace homeostat::app {

namespace {

constexpr int hours_max = 23;
constexpr int minutes_max = 59;

/// Two digits; -1 for anything else.
int two_digits(std::string_view text) {
    int value = -1;
    const bool is_number = text.find_first_not_of("0123456789") == std::string_view::npos;
    if (text.size() == 2 && is_number) {
        std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
}

}  // namespace

Result<std::chrono::minutes> TimeOfDayValue::parse(std::string_view text) const {
    const bool has_colon = text.size() == 5 && text[2] == ':';
    const int hours = has_colon ? two_digits(text.substr(0, 2)) : -1;
    const int minutes = has_colon ? two_digits(text.substr(3)) : -1;
    if (hours < 0 || hours > hours_max || minutes < 0 || minutes > minutes_max) {
        return fail(Fault::invalid,
                    "not a time of day — write hours and minutes, \"00:00\" to \"23:59\"");
    }
    return std::chrono::hours{hours} + std::chrono::minutes{minutes};
}

json::value TimeOfDayValue::write(std::chrono::minutes value) const {
    const auto hours = std::chrono::floor<std::chrono::hours>(value);
    return json::value(fmt::format("{:02}:{:02}", hours.count(), (value - hours).count()));
}

json::object TimeOfDayValue::schema() const {
    json::object schema;
    schema["type"] = json::value("string");
    schema["pattern"] = json::value("^([01][0-9]|2[0-3]):[0-5][0-9]$");
    return schema;
}

}  // namespace homeostat::app
