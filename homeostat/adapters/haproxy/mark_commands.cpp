#include "homeostat/adapters/haproxy/mark_commands.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <optional>
#include <utility>

namespace homeostat::adapters::haproxy {

namespace {

/// The one entry of the table of counts; the operator's configuration has the same word.
constexpr std::string_view counts_key = "all";

constexpr std::array<std::string_view, 7> counts_names{"http_req_cnt", "gpc0", "gpc1", "gpc2",
                                                       "gpc3",         "gpc4", "gpc5"};

const std::string& table_of(const MarkTables& tables, const Network& source) {
    return source.bits == Network::bits_max ? tables.addresses : tables.networks;
}

}  // namespace

MarkLine mark_line(const MarkTables& tables, Mark mark, std::span<const Network> sources) {
    ensure(!sources.empty(), "an order has a source");
    MarkLine line;
    for (const Network& source : sources) {
        const std::string& table = table_of(tables, source);
        std::string key = to_v6_text(source);
        const std::string command = fmt::format("set table {} key {} data.gpt0 {};", table, key,
                                                static_cast<unsigned>(mark));
        if (line.sources_count > 0 && table != line.table) {
            break;  // What is read back tells of one table.
        }
        // Behind the last one comes a look at it, which is shorter than a second one.
        if (line.sources_count > 0 &&
            line.command.size() + 2 * command.size() > mark_line_bytes_max) {
            break;
        }
        line.command += command;
        ++line.sources_count;
        line.table = table;
        line.key = std::move(key);
    }
    line.command += fmt::format("show table {} key {}", line.table, line.key);
    return line;
}

Result<TableEntry> read_mark_reply(std::string_view reply, const MarkLine& line) {
    std::size_t refused_count = 0;
    std::string complaint;
    for (std::size_t index = 0; index < line.sources_count; ++index) {
        Result<std::string> said = take_complaint(reply);
        if (!said) {
            return std::unexpected(said.error());
        }
        refused_count += said->empty() ? 0U : 1U;
        complaint = said->empty() ? complaint : *std::move(said);
    }
    if (refused_count > 0) {
        return fail(refused_count == line.sources_count ? Fault::refused : Fault::broken,
                    fmt::format("HAProxy refuses {} of {} marks: {}", refused_count,
                                line.sources_count, complaint));
    }
    const Result<std::optional<TableEntry>> entry = take_entry(reply, line.table, line.key);
    if (!entry) {
        return std::unexpected(entry.error());
    }
    if (!*entry || !reply.empty()) {
        return fail(Fault::broken, "HAProxy took the commands, but does not report their effect");
    }
    return **entry;
}

std::string counts_command(const MarkTables& tables) {
    return fmt::format("show table {} key {}", tables.counts, counts_key);
}

Result<MarkCounts> read_counts(std::string_view reply, const MarkTables& tables) {
    const auto numbers = take_numbers(reply, tables.counts, counts_key, counts_names);
    if (!numbers) {
        return std::unexpected(numbers.error());
    }
    if (!reply.empty()) {
        return fail(Fault::broken, "HAProxy's reply goes on after what was asked for");
    }
    if (!*numbers) {
        return MarkCounts{};
    }
    const std::vector<std::uint64_t>& read = **numbers;
    return MarkCounts{.requests = read[0],
                      .watched = read[1],
                      .on_trial = read[2],
                      .denied = read[3],
                      .critical = read[4],
                      .critical_on_trial = read[5],
                      .critical_denied = read[6]};
}

}  // namespace homeostat::adapters::haproxy
