#include "homeostat/app/when.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>

namespace homeostat::app {

namespace {

using std::chrono::milliseconds;

/// Reads what it is asked for from the front of a text, and notes whether all of it was there.
class Reading {
  public:
    explicit Reading(std::string_view text) : rest_(text) {}

    /// Exactly so many digits.
    int digits(std::size_t count) {
        int value = 0;
        for (std::size_t index = 0; index < count; ++index) {
            const bool is_digit = !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
            is_well_ = is_well_ && is_digit;
            if (!is_well_) {
                return 0;
            }
            value = value * 10 + (rest_[0] - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }
    bool take(char wanted) {
        const bool is_there = rest_.starts_with(wanted);
        rest_.remove_prefix(is_there ? 1 : 0);
        return is_there;
    }
    void want(char wanted) { is_well_ = take(wanted) && is_well_; }
    [[nodiscard]] bool is_whole() const { return is_well_ && rest_.empty(); }
    [[nodiscard]] bool is_empty() const { return rest_.empty(); }

  private:
    std::string_view rest_;
    bool is_well_{true};
};

std::optional<WallTime> parse_span_ago(std::string_view text, WallTime now) {
    constexpr std::array<std::pair<char, std::int64_t>, 4> units{
        {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}}};
    constexpr std::int64_t count_max = 1'000'000;  // Of days: longer than any ledger.
    std::int64_t count = 0;
    const char* end = text.data() + text.size();
    const auto [behind, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || end - behind != 1 || count < 0 || count > count_max) {
        return std::nullopt;
    }
    for (const auto& [unit, seconds] : units) {
        if (*behind == unit) {
            return now - milliseconds{count * seconds * 1000};
        }
    }
    return std::nullopt;
}

std::optional<WallTime> parse_date(std::string_view text) {
    Reading reading(text);
    const int year = reading.digits(4);
    reading.want('-');
    const int month = reading.digits(2);
    reading.want('-');
    const int day = reading.digits(2);
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    milliseconds of_day{0};
    if (reading.take('T')) {
        const int hour = reading.digits(2);
        reading.want(':');
        const int minute = reading.digits(2);
        const int second = reading.take(':') ? reading.digits(2) : 0;
        const int ms = reading.take('.') ? reading.digits(3) : 0;
        (void)reading.take('Z');
        if (hour > 23 || minute > 59 || second > 60) {
            return std::nullopt;
        }
        of_day = milliseconds{((hour * 60 + minute) * 60 + second) * 1000 + ms};
    }
    if (!reading.is_whole() || !date.ok()) {
        return std::nullopt;
    }
    return WallTime{
        std::chrono::duration_cast<milliseconds>(std::chrono::sys_days{date}.time_since_epoch()) +
        of_day};
}

}  // namespace

Result<WallTime> parse_when(std::string_view text, WallTime now) {
    if (const std::optional<WallTime> at = parse_span_ago(text, now)) {
        return *at;
    }
    if (const std::optional<WallTime> at = parse_date(text)) {
        return *at;
    }
    return fail(Fault::invalid,
                fmt::format("'{}' is no time; want a span before now like 90s, 15m, 2h or 7d, or "
                            "a time of UTC like 2026-11-27 or 2026-11-27T06:00:30Z",
                            text.substr(0, 64)));
}

}  // namespace homeostat::app
