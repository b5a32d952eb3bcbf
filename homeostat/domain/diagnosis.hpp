#pragma once

// Diagnosis: ranked causes, each with the evidence that speaks for it.
//
// Evidence is what a model reads: lines of our own words and numbers, which evidence_of()
// (evidence.hpp) alone writes. No byte of a name, log line, label or message is in them, so text
// cannot steer what reads them. The one exception is the operator's notes from the configuration,
// whose words are trusted. What a person reads stands beside it: the same moment by its names.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

enum class CauseKind : std::uint8_t {
    bad_deploy,          ///< The running version brought the fault.
    bad_config,          ///< The configuration in force brought it.
    memory_leak,         ///< Memory climbed until instances stalled.
    dependency_failing,  ///< A neighbour fails or is slow, and we only pass it on.
    instance_fault,      ///< One instance is ill, the others are well.
    instance_crash,      ///< A process ended.
    overload,            ///< More is asked of the service than its instances can answer.
    stale_copies,        ///< A cache holds, and goes on getting, what its source does not say.
    unknown,
    declared_fault,  ///< What a declared task is there to mend.
    bad_flag,        ///< A change of flags brought it.
    obstacle,        ///< Whatever runs the service keeps it from serving, and says why.
};

constexpr auto names_of(std::type_identity<CauseKind>) {
    return std::to_array<std::string_view>({"bad_deploy", "bad_config", "memory_leak",
                                            "dependency_failing", "instance_fault",
                                            "instance_crash", "overload", "stale_copies", "unknown",
                                            "declared_fault", "bad_flag", "obstacle"});
}

struct Cause {
    CauseKind kind{CauseKind::unknown};
    double weight{0};     ///< 0…1; the rules' belief, not a probability.
    std::string because;  ///< One sentence of ours for the person who reads `explain`.

    static void fields(auto& self, auto&& field) {
        field("cause", self.kind);
        field("weight", self.weight);
        field("because", self.because);
    }
    friend bool operator==(const Cause&, const Cause&) = default;
};

/// Why a neighbour is the cause. `advise` knows it again by these words.
[[nodiscard]] inline std::string ill_neighbour_words(std::string_view who) {
    return std::string(who) + " is ill as well, enough to explain it";
}

/// 16 that are written and the notes; a model reads about 8 tokens per line.
constexpr std::size_t evidence_lines_max = 24;
constexpr std::size_t measured_lines_max = 16;
constexpr std::size_t evidence_line_bytes_max = 120;
constexpr std::size_t notes_max = 8;
constexpr std::string_view note_mark = "note: ";
constexpr std::size_t note_bytes_max = evidence_line_bytes_max - note_mark.size();

struct Evidence {
    std::vector<std::string> lines;  ///< Notes, then the heaviest first. Anew for each question.

    static void fields(auto& self, auto&& field) { field("lines", self.lines); }
    friend bool operator==(const Evidence&, const Evidence&) = default;
};

struct Diagnosis {
    std::vector<Cause> causes;  ///< Heaviest first; never empty.
    Evidence evidence;
    std::vector<std::string> names;     ///< Whom A, B, … of the evidence stand for; for people.
    std::vector<std::string> measured;  ///< By name and in units, for people; no model reads it.

    static void fields(auto& self, auto&& field) {
        field("causes", self.causes);
        field("evidence", self.evidence);
        field("names", self.names, may_be_absent);
        field("measured", self.measured, may_be_absent);
    }
    friend bool operator==(const Diagnosis&, const Diagnosis&) = default;
};

extern template struct fields_detail::Codec<Diagnosis>;

}  // namespace homeostat
