#include "homeostat/os/proc.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/os/file.hpp"

#include <unistd.h>

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace homeostat::os {

namespace {

constexpr std::size_t stat_bytes_max = 4096;  // 52 numbers and a name of at most 64 bytes.
constexpr std::uint64_t ns_per_second = 1'000'000'000;

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

/// The fields after the program's name: 3 (state) to 24 (resident pages).
constexpr std::size_t first_field = 3;
constexpr std::size_t last_field = 24;
using StatFields = std::array<std::string_view, last_field + 1>;

std::optional<StatFields> split_fields(std::string_view rest) {
    StatFields fields{};
    for (std::size_t field = first_field; field <= last_field; ++field) {
        if (!rest.starts_with(' ')) {
            return std::nullopt;
        }
        rest.remove_prefix(1);
        fields[field] = rest.substr(0, rest.find_first_of(" \n"));
        rest.remove_prefix(fields[field].size());
    }
    return fields;
}

}  // namespace

Result<ProcessStat> parse_process_stat(std::string_view text) {
    // "4711 (any name) S 1 …": the name ends at the last parenthesis, for it may hold others.
    const std::size_t open = text.find(" (");
    const std::size_t close = text.rfind(')');
    const bool has_name =
        open != std::string_view::npos && close != std::string_view::npos && close > open;
    const std::optional<StatFields> fields =
        has_name ? split_fields(text.substr(close + 1)) : std::nullopt;
    if (!fields || (*fields)[3].size() != 1) {
        return fail(Fault::broken, "this is not a line of /proc/PID/stat");
    }
    const auto pid = parse_number<std::int32_t>(text.substr(0, open));
    const auto parent = parse_number<std::int32_t>((*fields)[4]);
    const auto group = parse_number<std::int32_t>((*fields)[5]);
    const auto session = parse_number<std::int32_t>((*fields)[6]);
    const auto user = parse_number<std::uint64_t>((*fields)[14]);
    const auto system = parse_number<std::uint64_t>((*fields)[15]);
    const auto start = parse_number<std::uint64_t>((*fields)[22]);
    const auto resident = parse_number<std::int64_t>((*fields)[24]);
    if (!pid || !parent || !group || !session || !user || !system || !start || !resident) {
        return fail(Fault::broken, "a field of /proc/PID/stat is not the number it should be");
    }
    return ProcessStat{.pid = *pid,
                       .state = (*fields)[3].front(),
                       .parent_pid = *parent,
                       .group_pid = *group,
                       .session_pid = *session,
                       .cpu_ticks = *user + *system,
                       .start_ticks = *start,
                       .resident_pages = static_cast<std::uint64_t>(*resident < 0 ? 0 : *resident)};
}

Result<ProcessStat> read_process_stat(std::int32_t pid) {
    const std::string path = "/proc/" + std::to_string(pid) + "/stat";
    const Result<std::string> text = read_file(path, stat_bytes_max);
    if (!text) {
        // A process that ends while its file is read gives ESRCH, which is the same news.
        return fail(Fault::absent, "no process has the pid " + std::to_string(pid));
    }
    return parse_process_stat(*text);
}

Result<std::string> read_boot_id() {
    Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 64);
    if (text && text->ends_with('\n')) {
        text->pop_back();
    }
    return text;
}

std::uint64_t page_bytes() {
    const long bytes = ::sysconf(_SC_PAGESIZE);
    ensure(bytes > 0, "the kernel has pages");
    return static_cast<std::uint64_t>(bytes);
}

std::uint64_t ticks_per_second() {
    const long ticks = ::sysconf(_SC_CLK_TCK);
    ensure(ticks > 0, "the kernel counts ticks");
    return static_cast<std::uint64_t>(ticks);
}

Duration duration_of_ticks(std::uint64_t ticks, std::uint64_t per_second) {
    ensure(per_second > 0 && per_second <= ns_per_second, "a tick is between 1 ns and 1 s long");
    // Whole seconds first: ticks × 10⁹ would overflow after a few months.
    constexpr auto seconds_max =
        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / ns_per_second - 1;
    const std::uint64_t seconds = std::min(ticks / per_second, seconds_max);
    const std::uint64_t rest = ticks % per_second * ns_per_second / per_second;
    return Duration{static_cast<std::int64_t>(seconds * ns_per_second + rest)};
}

Instant instant_of_ticks(std::uint64_t ticks, std::uint64_t per_second) {
    return Instant{duration_of_ticks(ticks, per_second)};
}

}  // namespace homeostat::os
