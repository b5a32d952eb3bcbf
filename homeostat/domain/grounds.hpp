#pragma once

// Grounds: what a verdict rests on, besides the ledger before it and the limits of its time.
//
// Written with every verdict and every intent, so that guard can be asked the same question again
// from the ledger alone (heal/replay.hpp). Facts in a record are cut to what guard looks at: of the
// versions those that the remedy names (record::verdict, record::intent).
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace homeostat {

/// So much looks dead at once that the prober may be what is wrong.
struct Silence {
    std::optional<Instant> since{};  ///< No look since then showed otherwise; absent: it is over.
    bool is_confirmed{false};        ///< The edge has said once since then that it is so.

    friend bool operator==(const Silence&, const Silence&) = default;
};

struct Grounds {
    Instant asked_at{};
    std::uint64_t entries_known_count{0};  ///< Of the ledger, oldest first, by guard's history.
    std::uint32_t attempts_count{0};       ///< Remedies of the incident before this one.
    bool is_undo{false};
    bool is_contained{false};              ///< Something temporary of the incident is in force.
    std::uint64_t edge_errors_at_open{0};  ///< The executor's own count when the incident opened.
    std::uint64_t edge_requests_at_open{0};
    Silence silence;
    std::optional<Instant> refused_since{};      ///< Since when guard had refused just this.
    std::optional<Instant> heed_until{};         ///< Until when neighbours' words count.
    std::optional<std::string> leave_trouble{};  ///< As in guard::Case; absent: none.
    Facts facts;

    static void fields(auto& self, auto&& field) {
        field("asked_at", self.asked_at);
        field("entries_known_count", self.entries_known_count);
        field("attempts_count", self.attempts_count);
        field("is_undo", self.is_undo);
        field("is_contained", self.is_contained);
        field("edge_errors_at_open", self.edge_errors_at_open);
        field("edge_requests_at_open", self.edge_requests_at_open, may_be_absent);
        field("silent_since", self.silence.since);
        field("is_silence_confirmed", self.silence.is_confirmed, may_be_absent);
        field("refused_since", self.refused_since);
        field("heed_until", self.heed_until);
        field("leave_trouble", self.leave_trouble);
        field("facts", self.facts);
    }
    friend bool operator==(const Grounds&, const Grounds&) = default;
};

/// What a held remedy was given back on, besides itself; facts are cut likewise.
struct HoldGrounds {
    Instant asked_at{};
    Instant since{};
    Instant until{};
    std::uint32_t well_looks_count{0};  ///< With this look.
    bool is_ordered{false};             ///< A person has it given back.
    Facts facts;

    static void fields(auto& self, auto&& field) {
        field("asked_at", self.asked_at);
        field("since", self.since);
        field("until", self.until);
        field("well_looks_count", self.well_looks_count);
        field("is_ordered", self.is_ordered, may_be_absent);
        field("facts", self.facts);
    }
    friend bool operator==(const HoldGrounds&, const HoldGrounds&) = default;
};

extern template struct fields_detail::Codec<Grounds>;

}  // namespace homeostat
