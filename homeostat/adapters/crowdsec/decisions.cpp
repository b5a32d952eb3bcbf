#include "homeostat/adapters/crowdsec/decisions.hpp"

#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string>
#include <utility>

namespace homeostat::adapters::crowdsec {

namespace {

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::broken, fmt::format("CrowdSec's answer: {}", what));
}

/// The text under `name`; empty: there is none.
std::string_view text_of(const json::object& decision, std::string_view name) {
    const json::value* value = decision.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return {};
    }
    return {value->get_string().data(), value->get_string().size()};
}

bool is_word(std::string_view text, std::string_view word) {
    return std::ranges::equal(text, word, [](char left, char right) {
        return (left >= 'A' && left <= 'Z' ? static_cast<char>(left - 'A' + 'a') : left) == right;
    });
}

bool is_ban_of_network(const json::object& decision) {
    const std::string_view scope = text_of(decision, "scope");
    const json::value* simulated = decision.if_contains("simulated");
    const bool is_meant = simulated == nullptr || !simulated->is_bool() || !simulated->get_bool();
    return is_meant && is_word(text_of(decision, "type"), "ban") &&
           (is_word(scope, "ip") || is_word(scope, "range"));
}

/// The decisions under `name`, which is null where there are none.
Result<const json::array*> decisions_of(const json::object& document, std::string_view name) {
    const json::value* value = document.if_contains(name);
    if (value == nullptr || (!value->is_null() && !value->is_array())) {
        return broken(fmt::format("'{}' is neither a list nor null", name));
    }
    return value->is_array() ? &value->get_array() : nullptr;
}

/// Nothing: it is to be skipped.
std::optional<Network> network_of(const json::value& value) {
    if (!value.is_object() || !is_ban_of_network(value.get_object())) {
        return std::nullopt;
    }
    const Result<Network> network = parse_network(text_of(value.get_object(), "value"));
    return network ? std::optional(*network) : std::nullopt;
}

std::optional<Listing> listing_of(const json::value& value) {
    const std::optional<Network> network = network_of(value);
    if (!network) {
        return std::nullopt;
    }
    const json::object& decision = value.get_object();
    Listing listing{.network = *network, .reason = plain_reason(text_of(decision, "scenario"))};
    if (decision.if_contains("duration") != nullptr) {
        listing.lasts = parse_duration(text_of(decision, "duration"));
        if (!listing.lasts) {
            return std::nullopt;
        }
    }
    return listing;
}

struct Unit {
    std::string_view name;
    double seconds;
};

/// Longer names first: "ms" begins like "m".
constexpr std::array units{Unit{"ms", 1e-3}, Unit{"us", 1e-6}, Unit{"\xc2\xb5s", 1e-6},
                           Unit{"ns", 1e-9}, Unit{"h", 3600},  Unit{"m", 60},
                           Unit{"s", 1}};

std::span<const json::value> of(const json::array* decisions) {
    return decisions == nullptr ? std::span<const json::value>()
                                : std::span(decisions->data(), decisions->size());
}

}  // namespace

Result<FeedUpdate> parse_decisions(std::string_view text) {
    const Result<json::value> document =
        parse_json(text, {.bytes_max = reply_bytes_max, .depth_max = 8});
    if (!document) {
        return broken(document.error().text);
    }
    if (!document->is_object()) {
        return broken("no object");
    }
    const Result<const json::array*> listed = decisions_of(document->get_object(), "new");
    const Result<const json::array*> removed = decisions_of(document->get_object(), "deleted");
    if (!listed || !removed) {
        return std::unexpected(listed ? removed.error() : listed.error());
    }
    FeedUpdate update;
    for (const json::value& value : of(*listed)) {
        std::optional<Listing> listing = listing_of(value);
        update.skipped += listing ? 0U : 1U;
        if (listing) {
            update.listed.push_back(*std::move(listing));
        }
    }
    for (const json::value& value : of(*removed)) {
        if (const std::optional<Network> network = network_of(value)) {
            update.removed.push_back(*network);
        }
    }
    return update;
}

std::optional<Duration> parse_duration(std::string_view text) {
    constexpr double seconds_max = 1e9;
    const bool is_negative = text.starts_with('-');
    text.remove_prefix(is_negative ? 1 : 0);
    if (text.empty()) {
        return std::nullopt;
    }
    double seconds = 0;
    while (!text.empty()) {
        double number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number,
                                                  std::chars_format::fixed);
        if (error != std::errc{} || !std::isfinite(number) || std::signbit(number)) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const auto unit = std::ranges::find_if(
            units, [text](const Unit& one) { return text.starts_with(one.name); });
        if (unit == units.end()) {
            return std::nullopt;
        }
        text.remove_prefix(unit->name.size());
        seconds = std::min(seconds + number * unit->seconds, seconds_max);
    }
    const std::chrono::duration<double> span(is_negative ? -seconds : seconds);
    return std::chrono::duration_cast<Duration>(span);
}

}  // namespace homeostat::adapters::crowdsec
