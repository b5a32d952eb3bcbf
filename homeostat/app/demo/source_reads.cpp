#include "homeostat/app/demo/source_reads.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace homeostat::app::demo {

namespace {

/// Of so many digits at a place; nothing if something else is there.
std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
    int value = 0;
    const std::string_view word = text.substr(std::min(at, text.size()), digits);
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool is_number = error == std::errc{} && end == word.data() + word.size() &&
                           word.size() == digits && value >= 0;
    return is_number ? std::optional(value) : std::nullopt;
}

/// Of `2026-11-29T13:05:07.042Z`.
std::optional<WallTime> time_of(std::string_view line) {
    struct Place {
        std::size_t at;
        std::size_t digits;
    };
    constexpr std::array<Place, 7> places{
        {{0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 3}}};
    std::array<int, places.size()> numbers{};
    for (std::size_t index = 0; index < places.size(); ++index) {
        const std::optional<int> number =
            number_at(line, places.at(index).at, places.at(index).digits);
        if (!number) {
            return std::nullopt;
        }
        numbers.at(index) = *number;
    }
    const std::chrono::year_month_day day{std::chrono::year{numbers[0]},
                                          std::chrono::month{static_cast<unsigned>(numbers[1])},
                                          std::chrono::day{static_cast<unsigned>(numbers[2])}};
    if (!day.ok()) {
        return std::nullopt;
    }
    return WallTime{std::chrono::sys_days{day}} + std::chrono::hours{numbers[3]} +
           std::chrono::minutes{numbers[4]} + std::chrono::seconds{numbers[5]} +
           std::chrono::milliseconds{numbers[6]};
}

}  // namespace

std::vector<WallTime> reads_in(std::string_view log) {
    std::vector<WallTime> reads;
    std::size_t end = 0;
    for (std::size_t at = 0; (end = log.find('\n', at)) != std::string_view::npos; at = end + 1) {
        const std::string_view line = log.substr(at, end - at);
        const std::optional<WallTime> time = time_of(line);
        if (time && line.contains(" rate quoted ")) {
            reads.push_back(*time);
        }
    }
    return reads;
}

std::uint64_t peak_per_second(const std::vector<Instant>& reads, Instant from, Instant until) {
    constexpr Duration second = std::chrono::seconds{1};
    std::uint64_t peak = 0;
    auto end = std::ranges::lower_bound(reads, from);
    const auto last = std::ranges::lower_bound(reads, until);
    for (auto begin = end; begin < last; ++begin) {
        while (end < last && *end < *begin + second) {
            ++end;
        }
        peak = std::max(peak, static_cast<std::uint64_t>(end - begin));
    }
    return peak;
}

}  // namespace homeostat::app::demo
