#pragma once

// Verdict: guard's answer, with the rule that decided.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

enum class VerdictKind : std::uint8_t {
    permit,      ///< Every rule agrees.
    refusal,     ///< Not now (see `again_at`) or not at all.
    question,    ///< A person has to say yes first.
    escalation,  ///< This is beyond us; a person takes over.
};

constexpr auto names_of(std::type_identity<VerdictKind>) {
    return std::to_array<std::string_view>({"permit", "refusal", "question", "escalation"});
}

struct Verdict {
    VerdictKind kind{VerdictKind::refusal};
    std::string rule;                 ///< The rule that decided, as it stands in guard's table.
    std::string because;              ///< The numbers that it saw.
    std::optional<Instant> again_at;  ///< A refusal that may be asked again, and when.
    /// How it came to it, for the record: the rules that agreed, in the order in which they were
    /// asked, and those that were not asked any more. Both are empty in older records.
    std::vector<std::string> agreed{};
    std::vector<std::string> not_asked{};
    /// What was in the way passes by itself: this may be permitted later without anybody's doing.
    bool may_pass{false};

    static void fields(auto& self, auto&& field) {
        field("verdict", self.kind);
        field("rule", self.rule);
        field("because", self.because);
        field("again_at", self.again_at);
        field("agreed", self.agreed, may_be_absent);
        field("not_asked", self.not_asked, may_be_absent);
        field("may_pass", self.may_pass, may_be_absent);
    }
    /// The same answer for the same reason. A rule that is new to guard's table and agrees leaves
    /// an older verdict what it was.
    friend bool operator==(const Verdict& left, const Verdict& right) {
        return left.kind == right.kind && left.rule == right.rule &&
               left.because == right.because && left.again_at == right.again_at;
    }
};

/// How far Homeostat may go with a remedy on its own.
enum class Autonomy : std::uint8_t {
    watch,      ///< Record what would be done, nothing else. The shipped default.
    inform,     ///< And tell a person.
    recommend,  ///< And say what we would do.
    ask,        ///< Do it once a person agreed.
    act,        ///< Do it, then tell.
};

/// The rule of guard's by which what stands below `ask` is not done, as verdicts name it: whoever
/// reads the ledger tells by it what would have been done.
constexpr std::string_view autonomy_rule = "the autonomy of the remedy is ask or act";

constexpr auto names_of(std::type_identity<Autonomy>) {
    return std::to_array<std::string_view>({"watch", "inform", "recommend", "ask", "act"});
}

extern template struct fields_detail::Codec<Verdict>;

}  // namespace homeostat
