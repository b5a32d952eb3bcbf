#pragma once

// Ranking: what an oracle answered about a menu.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

/// One remedy kind as the model weighed it among the permitted ones.
struct RankedKind {
    RemedyKind kind{RemedyKind::observe};
    double log_probability{0};          ///< Natural log, over the permitted kinds only.
    double neutral_log_probability{0};  ///< The same on evidence that says nothing: the bias.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.kind);
        field("log_probability", self.log_probability);
        field("neutral_log_probability", self.neutral_log_probability);
    }
    friend bool operator==(const RankedKind&, const RankedKind&) = default;
};

struct Ranking {
    std::vector<RankedKind> kinds;  ///< Exactly the permitted kinds, each once.
    std::string model;              ///< Name and digest of the weights.
    std::string
        prompt_digest;  ///< SHA-256 of its parts that never change, hex: what a calibration is for.
    Duration took{};
    std::uint32_t tokens_cached_count{0};  ///< 0: read anew, or the server does not say.
    std::uint32_t tokens_fresh_count{0};
    std::string evidence_digest{};  ///< SHA-256 of the evidence lines asked about, hex.

    static void fields(auto& self, auto&& field) {
        field("kinds", self.kinds);
        field("model", self.model);
        field("prompt_digest", self.prompt_digest);
        field("took", self.took);
        field("tokens_cached_count", self.tokens_cached_count);
        field("tokens_fresh_count", self.tokens_fresh_count);
        field("evidence_digest", self.evidence_digest, may_be_absent);
    }
    friend bool operator==(const Ranking&, const Ranking&) = default;
};

/// REQUIRES: `kind` is among the kinds of the ranking.
[[nodiscard]] const RankedKind& ranked(const Ranking& ranking, RemedyKind kind);

}  // namespace homeostat
