#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace homeostat {

namespace {

/// So many digits at the front, which are then gone.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
    int number = 0;
    for (std::size_t index = 0; index < count; ++index) {
        if (index >= text.size() || text[index] < '0' || text[index] > '9') {
            return std::nullopt;
        }
        number = number * 10 + (text[index] - '0');
    }
    text.remove_prefix(count);
    return number;
}

bool take(std::string_view& text, char wanted) {
    const bool is_there = text.starts_with(wanted);
    text.remove_prefix(is_there ? 1 : 0);
    return is_there;
}

/// The digits behind a second's point; those behind the third say too little to be kept.
int take_milliseconds(std::string_view& text) {
    int ms = 0;
    int weight = 100;
    while (const std::optional<int> digit = take_digits(text, 1)) {
        ms += *digit * weight;
        weight /= 10;
    }
    return ms;
}

}  // namespace

std::string to_timestamp(WallTime at) {
    const auto days = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{days};
    const std::int64_t ms = (at - days).count();
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", int{date.year()},
                       unsigned{date.month()}, unsigned{date.day()}, ms / 3'600'000,
                       ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::optional<WallTime> parse_timestamp(std::string_view text) {
    using std::chrono::milliseconds;
    const auto year = take_digits(text, 4);
    const bool has_month = take(text, '-');
    const auto month = take_digits(text, 2);
    const bool has_day = take(text, '-');
    const auto day = take_digits(text, 2);
    const bool has_time = take(text, 'T');
    const auto hour = take_digits(text, 2);
    const bool has_minute = take(text, ':');
    const auto minute = take_digits(text, 2);
    const bool has_second = take(text, ':');
    const auto second = take_digits(text, 2);
    const int ms = take(text, '.') ? take_milliseconds(text) : 0;
    const bool is_utc = take(text, 'Z');
    if (!has_month || !has_day || !has_time || !has_minute || !has_second || !is_utc ||
        !text.empty() || !year || !month || !day || !hour || !minute || !second) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day))};
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) {
        return std::nullopt;
    }
    const milliseconds of_day{(((*hour * 60) + *minute) * 60 + *second) * 1000 + ms};
    return WallTime{
        std::chrono::duration_cast<milliseconds>(std::chrono::sys_days{date}.time_since_epoch()) +
        of_day};
}

}  // namespace homeostat
