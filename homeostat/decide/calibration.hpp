#pragma once

// Calibration: how much weight a model's opinion deserves, measured for one model, one prompt and
// one ranker beside which it stands.
//
// A model that nobody measured has no weight. The file names the digests of the weights and of the
// prompt that were measured, and whose weights stood beside them; with any other it counts for
// nothing, because a weight that was right for one model says nothing about the next.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/decide/act_bars.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace homeostat::decide {

/// Who has weighed the menu before the model is heard. The loop has the rules; only cases given
/// from outside have the tree.
enum class Beside : std::uint8_t { rules, tree };

constexpr auto names_of(std::type_identity<Beside>) {
    return std::to_array<std::string_view>({"rules", "tree"});
}

struct Calibration {
    std::string model;  ///< As in Ranking::model: name and digest of the weights.
    std::string
        prompt_digest;  ///< As in Ranking::prompt_digest: SHA-256, 64 lower-case hex digits.
    double lambda{0};   ///< Weight of the model's word. 0 = it is only recorded.
    /// SHA-256 of the file it was read from, hex: whoever reads the file sets it, no file says it.
    std::string digest{};
    /// Every file says it. None: a ledger's record of before, which counts as it did then.
    std::optional<Beside> beside{};
    /// Weight of what the operator's notes change of the model's word. 0 = nothing.
    double lambda_notes{0};
    /// None: nobody measured how often what is chosen so does harm, and nothing is held back by it.
    std::optional<ActBars> acts{};

    static void fields(auto& self, auto&& field) {
        field("model", self.model);
        field("prompt_digest", self.prompt_digest);
        field("lambda", self.lambda);
        field("digest", self.digest, may_be_absent);
        field("beside", self.beside);
        field("lambda_notes", self.lambda_notes, may_be_absent);
        field("acts", self.acts);
    }
    friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// Of a file: with a bar for each kind it has some 1500.
constexpr std::size_t calibration_bytes_max = 4096;

/// Whether it is a SHA-256 as 64 lower-case hex digits.
[[nodiscard]] bool is_sha256(std::string_view text);

/// A weight above this means that the rules no longer count: a typing error, not a measurement.
constexpr double lambda_max = 4.0;

/// Why it says nothing where `beside` has weighed the menu, with the mend; none if it does.
[[nodiscard]] std::optional<std::string> objection_to(const Calibration& calibration,
                                                      Beside beside);

/// Reads a document: `{"model": …, "prompt_digest": …, "lambda": …, "beside": "rules" or "tree"}`,
/// and where it was measured `"lambda_notes": …` and, beside the rules, `"acts": …`.
/// ERRORS: invalid, with the field and the mend.
[[nodiscard]] Result<Calibration> parse_calibration(std::string_view text);

}  // namespace homeostat::decide
