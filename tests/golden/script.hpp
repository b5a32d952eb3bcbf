#pragma once

// Script: a text of commands, each with the output that is expected of it.
//
//     # A comment; it stays where it is.
//     symptom errors payments 0.31 rollback v2 v1
//     tick 250ms
//     ----
//     open -> guard: opened: rollback payments from v2 to v1
//
// A block is one or more commands, a rule, the output up to the next empty line.

#include "homeostat/base/result.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::golden {

struct Block {
    std::vector<std::string> comments;  ///< Above the commands, as they stand.
    std::vector<std::string> commands;
    std::vector<std::string> expected;
    int line{0};  ///< Of the rule.
};

/// ERRORS: invalid, with the line.
[[nodiscard]] Result<std::vector<Block>> parse_script(std::string_view text);

[[nodiscard]] std::string to_text(const std::vector<Block>& blocks);

/// The words of a line.
[[nodiscard]] std::vector<std::string> words_of(std::string_view line);

/// Runs one command and gives the lines of its output.
using Stage = std::function<Result<std::vector<std::string>>(const std::vector<std::string>&)>;

/// The script with what comes instead of what was expected.
[[nodiscard]] Result<std::vector<Block>> play(std::vector<Block> blocks, const Stage& stage);

}  // namespace homeostat::golden
