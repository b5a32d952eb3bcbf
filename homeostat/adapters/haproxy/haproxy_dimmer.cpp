#include "homeostat/adapters/haproxy/haproxy_dimmer.hpp"

#include "homeostat/os/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

namespace homeostat::adapters::haproxy {

namespace {

/// HAProxy counts in whole milliseconds, and its now may have begun before ours.
constexpr Duration clock_step = std::chrono::milliseconds{1};

Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return {OutcomeKind::unknown, std::move(because)};
}

/// What speaks against an order before anything is sent.
std::optional<Outcome> objection_to(const Dim& dim, Instant now) {
    if (dim.permille > permille_max) {
        return refused("more than all calls cannot be held back");
    }
    if (dim.permille > 0 && dim.until <= now) {
        return refused("its time is over already");
    }
    return std::nullopt;
}

/// Several neighbours may share a table: the key says whose dimmer it is.
TableSwitch place_of(const NeighbourBackend& neighbour) {
    return {neighbour.dimmer, neighbour.backend};
}

/// Of an entry that was seen by an exchange begun at `began_at`: at the earliest.
Instant ends_at(const TableEntry& entry, Instant began_at) {
    return began_at + entry.expires_after - clock_step;
}

/// What is wrong with the table of an entry that was set just now; empty: nothing.
std::string trouble_with(const TableEntry& entry,
                         const TableSwitch& own,
                         Instant until,
                         Instant began_at) {
    if (entry.expires_after == Duration{}) {
        return fmt::format("nothing would end it: give stick table '{}' an `expire`", own.table);
    }
    if (ends_at(entry, began_at) < until) {
        const auto lasts = std::chrono::ceil<std::chrono::milliseconds>(until - began_at);
        return fmt::format(
            "HAProxy would end it {} ms after it began, and {} ms were asked for: raise the "
            "`expire` of stick table '{}'",
            std::chrono::floor<std::chrono::milliseconds>(entry.expires_after).count(),
            lasts.count(), own.table);
    }
    return {};
}

bool has_said_no(const Error& error) {
    return error.fault == Fault::refused || error.fault == Fault::absent;
}

Outcome no_change(const EntryReply& reply) {
    const Error& error = reply.change.error();
    if (!reply.is_sent) {
        return refused("nothing was sent: " + error.text);
    }
    return has_said_no(error) ? refused(error.text) : unknown(error.text);
}

std::uint32_t value_of(const std::optional<TableEntry>& entry) {
    return entry ? entry->value : 0;
}

}  // namespace

HaproxyDimmer::HaproxyDimmer(boost::asio::any_io_executor executor, const Options& options)
    : socket_(executor, options.socket), turns_(executor) {
    std::ranges::copy_if(options.neighbours, std::back_inserter(neighbours_),
                         [](const NeighbourBackend& one) { return !one.dimmer.empty(); });
}

Task<Outcome> HaproxyDimmer::dim(DimRequest request, Instant deadline) {
    const Dim& dim = request.dim();
    const auto own = std::ranges::find(neighbours_, dim.neighbour, &NeighbourBackend::service);
    if (own == neighbours_.end()) {
        co_return refused("the edge knows no dimmer of that name");
    }
    TableSwitch place = place_of(*own);
    const Result<net::Turns::Turn> turn_of_ours = co_await turns_.take(deadline);
    if (!turn_of_ours) {
        co_return refused("nothing was sent: " + turn_of_ours.error().text);
    }
    Outcome outcome = co_await turn(std::move(place), dim, deadline);
    co_return outcome;
}

std::vector<TableSwitch> HaproxyDimmer::places() const {
    std::vector<TableSwitch> places;
    std::ranges::transform(neighbours_, std::back_inserter(places), place_of);
    return places;
}

Task<Result<void>> HaproxyDimmer::settle(Instant deadline) {
    if (!is_unsettled_) {
        co_return Result<void>{};
    }
    std::vector<TableSwitch> entries = places();
    const Result<std::vector<EntryLook>> looks =
        co_await socket_.look_at_entries(std::move(entries), deadline);
    if (!looks) {
        co_return std::unexpected(looks.error());
    }
    is_unsettled_ = false;
    co_return Result<void>{};
}

Task<EntryReply> HaproxyDimmer::set(TableSwitch own, std::uint32_t value, Instant deadline) {
    EntryReply reply = co_await socket_.set_value(std::move(own), value, deadline);
    is_unsettled_ = reply.is_sent && !reply.change && !has_said_no(reply.change.error());
    co_return reply;
}

Task<Outcome> HaproxyDimmer::turn(TableSwitch own, Dim dim, Instant deadline) {
    const Instant began_at = os::read_boot_clock();
    if (std::optional<Outcome> objection = objection_to(dim, began_at)) {
        co_return *std::move(objection);
    }
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return refused("nothing was sent: " + settled.error().text);
    }
    const EntryReply reply = co_await set(own, dim.permille, deadline);
    if (!reply.change) {
        co_return no_change(reply);
    }
    const auto& [before, after] = *reply.change;
    if (value_of(after) != dim.permille) {
        co_return unknown("HAProxy took the command, but does not report its effect");
    }
    const std::string trouble =
        dim.permille == 0 ? "" : trouble_with(after.value(), own, dim.until, began_at);
    if (trouble.empty()) {
        co_return Outcome{OutcomeKind::done, "HAProxy reports it"};
    }
    const Outcome back = co_await take_back(own, value_of(before), deadline);
    co_return Outcome{back.kind, back.kind == OutcomeKind::refused
                                     ? trouble
                                     : fmt::format("{}; {}", trouble, back.because)};
}

/// refused: all is as it was, but that what was before lasts longer now.
Task<Outcome> HaproxyDimmer::take_back(TableSwitch own, std::uint32_t value, Instant deadline) {
    const EntryReply reply = co_await set(std::move(own), value, deadline);
    if (!reply.change) {
        co_return unknown("it could not be taken back: " + reply.change.error().text);
    }
    co_return value_of(reply.change->after) == value
        ? refused("it was taken back")
        : unknown("it was taken back, but HAProxy does not report that");
}

Task<Result<std::vector<DimmerFacts>>> HaproxyDimmer::read_dimmers(Instant deadline) {
    const Result<void> settled = co_await settle(deadline);
    if (!settled) {
        co_return std::unexpected(settled.error());
    }
    const Instant began_at = os::read_boot_clock();
    std::vector<TableSwitch> entries = places();
    const Result<std::vector<EntryLook>> looks =
        co_await socket_.look_at_entries(std::move(entries), deadline);
    if (!looks) {
        co_return std::unexpected(looks.error());
    }
    std::vector<DimmerFacts> facts;
    for (std::size_t index = 0; index < looks->size(); ++index) {
        const auto& [has_table, entry] = (*looks)[index];
        if (!has_table) {
            continue;
        }
        DimmerFacts& known = facts.emplace_back();
        known.neighbour = neighbours_[index].service;
        // By hand it can be set to more than all, which holds back all.
        known.permille = std::min(value_of(entry), permille_max);
        if (known.permille > 0) {
            known.until = ends_at(*entry, began_at);
        }
    }
    co_return facts;
}

}  // namespace homeostat::adapters::haproxy
