#include "homeostat/decide/calibration.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace homeostat::decide {

namespace {

constexpr JsonLimits document_limits{.bytes_max = calibration_bytes_max, .depth_max = 4};
constexpr std::size_t model_bytes_max = 256;
constexpr std::size_t digest_digits_count = 64;

constexpr std::string_view measures_it = "models/train/calibrate.py --beside";

/// What is measured but the weights.
std::optional<std::string> objection_to_acts(const Calibration& calibration) {
    if (!calibration.acts) {
        return std::nullopt;
    }
    if (calibration.beside != Beside::rules) {
        return "acts: an agent has the rules, and bars are for an agent: leave them out";
    }
    const auto objection = objection_to(*calibration.acts);
    return objection ? std::optional("acts: " + *objection) : std::nullopt;
}

}  // namespace

bool is_sha256(std::string_view text) {
    return text.size() == digest_digits_count && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

std::optional<std::string> objection_to(const Calibration& calibration, Beside beside) {
    if (calibration.beside.value_or(beside) == beside) {
        return std::nullopt;
    }
    return fmt::format(
        "the calibration was measured beside the {}, and here the {} weigh{} the menu: measure one "
        "with `{} {}`",
        to_text(*calibration.beside), to_text(beside), beside == Beside::tree ? "s" : "",
        measures_it, to_text(beside));
}

Result<Calibration> parse_calibration(std::string_view text) {
    const Result<json::value> document = parse_json(text, document_limits);
    if (!document) {
        return fail("calibration", document.error());
    }
    Result<Calibration> parsed = from_json<Calibration>(*document);
    if (!parsed) {
        return fail("calibration", parsed.error());
    }
    if (!parsed->beside) {
        return fail(Fault::invalid,
                    fmt::format("calibration: beside: the file does not say beside whom it was "
                                "measured: measure it anew with `{} rules`, for an agent, or `{} "
                                "tree`",
                                measures_it, measures_it));
    }
    if (!parsed->digest.empty()) {
        return fail(Fault::invalid,
                    "calibration: digest: leave it out; it is taken of the file as it is");
    }
    if (parsed->model.empty() || parsed->model.size() > model_bytes_max) {
        return fail(Fault::invalid,
                    fmt::format("calibration: model: name the measured model in 1 to {} bytes",
                                model_bytes_max));
    }
    if (!is_sha256(parsed->prompt_digest)) {
        return fail(Fault::invalid,
                    "calibration: prompt_digest: want the prompt's SHA-256 as 64 lower-case hex "
                    "digits");
    }
    for (const auto& [name, weight] :
         {std::pair{"lambda", parsed->lambda}, std::pair{"lambda_notes", parsed->lambda_notes}}) {
        if (std::isnan(weight) || weight < 0 || weight > lambda_max) {
            return fail(Fault::invalid,
                        fmt::format("calibration: {}: want a number from 0 to {}, not {}", name,
                                    lambda_max, weight));
        }
    }
    if (const auto objection = objection_to_acts(*parsed)) {
        return fail(Fault::invalid, "calibration: " + *objection);
    }
    return parsed;
}

}  // namespace homeostat::decide
