#pragma once

// Choice: which menu entry was chosen, by whom, and how sure they were.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/ranking.hpp"
#include "homeostat/domain/remedy.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat {

/// Whose opinion counts. `both` is the product; the other two are for comparison.
enum class OracleMode : std::uint8_t { rules, model, both };

constexpr auto names_of(std::type_identity<OracleMode>) {
    return std::to_array<std::string_view>({"rules", "model", "both"});
}

/// What became of the question to the model.
enum class ModelAnswer : std::uint8_t {
    used,       ///< It answered, and its answer has a weight (λ > 0).
    recorded,   ///< It answered; without a matching calibration its weight is zero.
    late,       ///< The deadline passed; the rules went on alone.
    refused,    ///< It answered something that is not a ranking of this menu.
    absent,     ///< There is no model, or it is down.
    not_asked,  ///< A reflex, or a menu with one entry.
};

constexpr auto names_of(std::type_identity<ModelAnswer>) {
    return std::to_array<std::string_view>(
        {"used", "recorded", "late", "refused", "absent", "not_asked"});
}

struct ScoredRemedy {
    Remedy remedy;
    double prior{0};  ///< The rules' weight, 0…1.
    /// log prior + λ·(log p − log p neutral) + what notes change; the highest is the choice.
    double score{0};

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("prior", self.prior);
        field("score", self.score);
    }
    friend bool operator==(const ScoredRemedy&, const ScoredRemedy&) = default;
};

/// What the operator's notes changed of the model's word, where they have a weight of their own.
struct NotesWord {
    double lambda{0};  ///< Their weight in this choice; 0: the model did not answer without them.
    std::optional<Ranking> without;    ///< What the model says of the same evidence without notes.
    std::string trouble;               ///< Why there is no such ranking, or none that counts.
    std::optional<Remedy> instead_of;  ///< What would be chosen without the change, if another.

    static void fields(auto& self, auto&& field) {
        field("lambda", self.lambda);
        field("without", self.without);
        field("trouble", self.trouble);
        field("instead_of", self.instead_of);
    }
    friend bool operator==(const NotesWord&, const NotesWord&) = default;
};

/// Why what was chosen is not done without a person's leave, whatever its autonomy.
enum class HeldBackBy : std::uint8_t {
    bar,           ///< It is less sure than the calibration's bar for its kind.
    no_bar,        ///< The calibration has bars, and none for its kind: too little was seen of it.
    uncalibrated,  ///< Nothing was measured of the model that answered, and it is no low risk.
};

constexpr auto names_of(std::type_identity<HeldBackBy>) {
    return std::to_array<std::string_view>({"bar", "no_bar", "uncalibrated"});
}

struct HoldBack {
    HeldBackBy by{HeldBackBy::uncalibrated};
    double confidence_min{0};  ///< Of `bar`: what its confidence would have to be; else 0.

    static void fields(auto& self, auto&& field) {
        field("by", self.by);
        field("confidence_min", self.confidence_min);
    }
    friend bool operator==(const HoldBack&, const HoldBack&) = default;
};

struct Choice {
    Remedy remedy;
    double confidence{0};  ///< Softmax of the scores at the chosen entry, 0…1.
    OracleMode mode{OracleMode::both};
    ModelAnswer model_answer{ModelAnswer::not_asked};
    double lambda{0};                  ///< The model's weight in this choice.
    std::vector<ScoredRemedy> scores;  ///< In the menu's order.
    std::optional<Ranking> ranking;    ///< What the model said, also when it did not count.
    std::string model_trouble;         ///< Why there is no ranking; empty when there is one.
    /// SHA-256 of the calibration file that was asked for λ, hex, also where it is not for this
    /// model; empty: there is none, or the record is older.
    std::string calibration_digest{};
    std::optional<NotesWord> notes{};  ///< None: there are no notes, or their change has no weight.
    std::optional<HoldBack> held_back{};  ///< None: its autonomy says whether a person is asked.

    static void fields(auto& self, auto&& field) {
        field("remedy", self.remedy);
        field("confidence", self.confidence);
        field("mode", self.mode);
        field("model_answer", self.model_answer);
        field("lambda", self.lambda);
        field("scores", self.scores);
        field("ranking", self.ranking);
        field("model_trouble", self.model_trouble);
        field("calibration_digest", self.calibration_digest, may_be_absent);
        field("notes", self.notes);
        field("held_back", self.held_back);
    }
    friend bool operator==(const Choice&, const Choice&) = default;
};

extern template struct fields_detail::Codec<Choice>;

}  // namespace homeostat
