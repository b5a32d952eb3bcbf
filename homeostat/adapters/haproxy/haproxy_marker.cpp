#include "homeostat/adapters/haproxy/haproxy_marker.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::haproxy {

namespace {

// A line of 8 KiB sets some 150 entries, and each is answered by an empty line or a complaint.
constexpr std::size_t reply_bytes_max = std::size_t{256} << 10U;

/// HAProxy counts in whole milliseconds, and its now may have begun before ours.
constexpr Duration clock_step = std::chrono::milliseconds{1};

Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return {OutcomeKind::unknown, std::move(because)};
}

/// What is wrong with the table of an entry that was set just now; empty: nothing.
std::string trouble_with(const TableEntry& entry,
                         const MarkLine& line,
                         Duration lasts,
                         Duration expires_max) {
    const auto ms = [](Duration span) {
        return std::chrono::ceil<std::chrono::milliseconds>(span).count();
    };
    if (entry.expires_after == Duration{} || entry.expires_after > expires_max) {
        return fmt::format(
            "HAProxy would keep it for too long: give stick table '{}' an `expire` "
            "of at most {} ms",
            line.table, ms(expires_max));
    }
    if (entry.expires_after - clock_step < lasts) {
        return fmt::format(
            "HAProxy would end it after {} ms: raise the `expire` of stick table "
            "'{}' above {} ms",
            ms(entry.expires_after), line.table, ms(lasts));
    }
    return {};
}

}  // namespace

Result<void> check(const MarkerOptions& options) {
    const MarkTables& tables = options.tables;
    for (const std::string& name : {tables.addresses, tables.networks, tables.counts}) {
        if (!is_plain_name(name)) {
            return fail(Fault::invalid,
                        fmt::format("'{}' cannot be a name on HAProxy's command line: 1 to 64 "
                                    "letters, digits, '.', '_' and '-' are allowed",
                                    plain_text(name)));
        }
    }
    return {};
}

Task<net::LineExchange> HaproxyMarker::say(std::string command, Instant deadline) {
    net::Endpoint socket = options_.socket;
    net::LineExchange exchange = co_await net::exchange_line(
        executor_, std::move(socket), std::move(command), deadline, reply_bytes_max);
    co_return exchange;
}

Task<Result<void>> HaproxyMarker::settle(Instant deadline) {
    if (!is_unsettled_) {
        co_return Result<void>{};
    }
    std::string command = counts_command(options_.tables);
    const net::LineExchange exchange = co_await say(std::move(command), deadline);
    if (!exchange.reply) {
        co_return std::unexpected(exchange.reply.error());
    }
    is_unsettled_ = false;
    co_return Result<void>{};
}

Task<Outcome> HaproxyMarker::mark_some(Piece piece, Instant deadline) {
    const Instant began_at = os::read_boot_clock();
    std::string command = piece.put_on.command;
    const net::LineExchange exchange = co_await say(std::move(command), deadline);
    if (!exchange.reply) {
        co_return exchange.is_sent ? unknown(exchange.reply.error().text)
                                   : refused("nothing was sent: " + exchange.reply.error().text);
    }
    const Result<TableEntry> last = read_mark_reply(*exchange.reply, piece.put_on);
    if (!last) {
        co_return last.error().fault == Fault::refused ? refused(last.error().text)
                                                       : unknown(last.error().text);
    }
    if (last->value != static_cast<std::uint32_t>(piece.mark)) {
        co_return unknown("HAProxy took the commands, but does not report their effect");
    }
    const std::string trouble =
        piece.mark == Mark::none
            ? ""
            : trouble_with(*last, piece.put_on, piece.until - began_at, options_.expires_max);
    if (trouble.empty()) {
        co_return Outcome{OutcomeKind::done, "HAProxy reports it"};
    }
    // Nobody may be denied for longer than was ordered, so these are taken back at once.
    std::string undo = piece.take_back.command;
    const net::LineExchange undone = co_await say(std::move(undo), deadline);
    const bool is_back =
        undone.reply && read_mark_reply(*undone.reply, piece.take_back).has_value();
    co_return is_back ? refused(trouble) : unknown(trouble + "; it could not be taken back");
}

Task<Outcome> HaproxyMarker::mark(MarkRequest request, Instant deadline) {
    const Marking& marking = request.marking();
    if (marking.mark != Mark::none && marking.until <= os::read_boot_clock()) {
        co_return refused("its time is over already");
    }
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return refused("nothing was sent: " + settled.error().text);
    }
    // Those of one table together: a line has none of another.
    std::vector<Network> sources = marking.sources;
    std::ranges::partition(sources,
                           [](const Network& source) { return source.bits == Network::bits_max; });
    std::span<const Network> rest(sources);
    bool has_begun = false;
    while (!rest.empty()) {
        MarkLine line = mark_line(options_.tables, marking.mark, rest);
        const std::size_t count = line.sources_count;
        // Not longer than the line above it: the mark in it is one digit whatever it is.
        MarkLine back = mark_line(options_.tables, Mark::none, rest.first(count));
        Piece piece{std::move(line), std::move(back), marking.mark, marking.until};
        Outcome outcome = co_await mark_some(std::move(piece), deadline);
        if (outcome.kind != OutcomeKind::done) {
            outcome.kind = has_begun ? OutcomeKind::unknown : outcome.kind;
            is_unsettled_ = outcome.kind == OutcomeKind::unknown;
            co_return outcome;
        }
        has_begun = true;
        rest = rest.subspan(count);
    }
    co_return Outcome{OutcomeKind::done, "HAProxy reports it"};
}

Task<Result<MarkCounts>> HaproxyMarker::count(Instant deadline) {
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return std::unexpected(settled.error());
    }
    std::string command = counts_command(options_.tables);
    const net::LineExchange exchange = co_await say(std::move(command), deadline);
    if (!exchange.reply) {
        co_return std::unexpected(exchange.reply.error());
    }
    if (exchange.reply->empty()) {
        co_return fail(Fault::broken, "HAProxy closed its runtime socket without a reply");
    }
    co_return read_counts(*exchange.reply, options_.tables);
}

}  // namespace homeostat::adapters::haproxy
