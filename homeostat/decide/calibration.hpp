#pragma once

// Calibration: how much weight a model's opinion deserves, measured for one model and one prompt.
//
// A model that nobody measured has no weight. The file names the digests of the weights and of the
// prompt that were measured; with any other it counts for nothing, because a weight that was right
// for one model says nothing about the next.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"

#include <string>
#include <string_view>

namespace homeostat::decide {

struct Calibration {
    std::string model;  ///< As in Ranking::model: name and digest of the weights.
    std::string
        prompt_digest;  ///< As in Ranking::prompt_digest: SHA-256, 64 lower-case hex digits.
    double lambda{0};   ///< Weight of the model against the rules. 0 = it is only recorded.
    /// SHA-256 of the file it was read from, hex: whoever reads the file sets it, no file says it.
    std::string digest{};

    static void fields(auto& self, auto&& field) {
        field("model", self.model);
        field("prompt_digest", self.prompt_digest);
        field("lambda", self.lambda);
        field("digest", self.digest, may_be_absent);
    }
    friend bool operator==(const Calibration&, const Calibration&) = default;
};

/// A weight above this means that the rules no longer count: a typing error, not a measurement.
constexpr double lambda_max = 4.0;

/// Reads a calibration document: `{"model": …, "prompt_digest": …, "lambda": …}`.
/// ERRORS: invalid, with the field and the mend.
[[nodiscard]] Result<Calibration> parse_calibration(std::string_view text);

}  // namespace homeostat::decide
