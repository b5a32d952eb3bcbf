#include "homeostat/app/usage_file.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/error.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace homeostat::app {

namespace {

constexpr std::size_t line_bytes_max = 1024;

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return lines;
}

/// What a process could have spent: any other number would spoil the sum of all, or overflow it.
bool is_plausible(const UsageRecord& record) {
    constexpr Duration span_max = std::chrono::hours{240};  // A machine may sleep for days.
    constexpr Duration cpu_max = span_max;
    constexpr std::uint64_t bytes_max = std::uint64_t{1} << 50U;
    const auto is_within = [](Duration span, Duration most) {
        return span >= Duration{} && span <= most;
    };
    return record.from <= record.until && is_within(record.measured_for, span_max) &&
           is_within(record.cpu, cpu_max) &&
           is_within(record.model_cpu.value_or(Duration{}), cpu_max) &&
           record.resident_bytes_median <= bytes_max && record.resident_bytes_most <= bytes_max &&
           record.model_resident_bytes_most.value_or(0) <= bytes_max;
}

}  // namespace

std::filesystem::path usage_file_of(const std::filesystem::path& ledger) {
    std::string path = ledger.string();
    while (path.size() > 1 && path.ends_with('/')) {
        path.pop_back();
    }
    return path + ".usage";
}

UsageRead parse_usage(std::string_view text) {
    UsageRead read;
    std::vector<std::string_view> lines = lines_of(text);
    if (lines.size() > usage_lines_max) {
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(usage_lines_max));
    }
    for (const std::string_view line : lines) {
        const Result<json::value> value =
            line.size() <= line_bytes_max
                ? parse_json(line)
                : Result<json::value>(fail(Fault::invalid, "a line is too long"));
        const Result<UsageRecord> record =
            value ? from_json<UsageRecord>(*value) : std::unexpected(value.error());
        if (record && is_plausible(*record)) {
            read.records.push_back(*record);
        } else {
            read.unreadable_count += 1;
        }
    }
    return read;
}

Result<UsageRead> read_usage(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), usage_bytes_max);
    if (!text) {
        return text.error().fault == Fault::absent ? Result<UsageRead>(UsageRead{})
                                                   : std::unexpected(text.error());
    }
    return parse_usage(*text);
}

Result<void> append_usage(const std::filesystem::path& file, const UsageRecord& record) {
    // Not by os::append_to_file: nothing of healing waits for a disk because of this.
    const os::Fd opened(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!opened.is_open()) {
        return std::unexpected(os::write_error("open", file.string(), errno));
    }
    return os::write_all(opened, to_text(to_json(record)) + "\n", file.string());
}

Result<void> shorten_usage(const std::filesystem::path& file) {
    const Result<std::string> text = os::read_file(file.string(), usage_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return {};
    }
    std::string kept;
    if (text) {
        const auto lines_count = static_cast<std::size_t>(std::ranges::count(*text, '\n'));
        if (lines_count < usage_lines_max && text->size() < usage_bytes_max / 2) {
            return {};
        }
        const UsageRead read = parse_usage(*text);
        const std::size_t dropped =
            read.records.size() - std::min(read.records.size(), usage_lines_max / 2);
        for (std::size_t index = dropped; index < read.records.size(); ++index) {
            kept += to_text(to_json(read.records[index])) + "\n";
        }
    }
    // One that is larger than it can be was not written by us.
    return os::write_file_atomically(file.string(), kept, 0600);
}

}  // namespace homeostat::app
