#include "script.hpp"

#include <sstream>
#include <utility>

namespace homeostat::golden {

namespace {

constexpr std::string_view rule = "----";

Error at_line(int line, const std::string& what) {
    return {Fault::invalid, "line " + std::to_string(line) + ": " + what};
}

}  // namespace

Result<std::vector<Block>> parse_script(std::string_view text) {
    std::vector<Block> blocks;
    Block block;
    bool is_output = false;
    std::istringstream lines{std::string(text)};
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number) {
        if (is_output && line.empty()) {
            blocks.push_back(std::exchange(block, {}));
            is_output = false;
        } else if (is_output) {
            block.expected.push_back(line);
        } else if (line == rule) {
            if (block.commands.empty()) {
                return std::unexpected(at_line(number, "a rule without a command above it"));
            }
            block.line = number;
            is_output = true;
        } else if (line.empty() || line.starts_with('#')) {
            block.comments.push_back(line);
        } else {
            block.commands.push_back(line);
        }
    }
    if (is_output) {
        blocks.push_back(std::move(block));
    } else if (!block.commands.empty()) {
        return std::unexpected(at_line(0, "the last commands have no rule below them"));
    }
    return blocks;
}

std::string to_text(const std::vector<Block>& blocks) {
    std::string text;
    for (const Block& block : blocks) {
        text += text.empty() ? "" : "\n";
        for (const auto* lines : {&block.comments, &block.commands}) {
            for (const std::string& line : *lines) {
                text += line + "\n";
            }
        }
        text += std::string(rule) + "\n";
        for (const std::string& line : block.expected) {
            text += line + "\n";
        }
    }
    return text;
}

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::istringstream stream{std::string(line)};
    for (std::string word; stream >> word;) {
        words.push_back(word);
    }
    return words;
}

Result<std::vector<Block>> play(std::vector<Block> blocks, const Stage& stage) {
    for (Block& block : blocks) {
        block.expected.clear();
        for (const std::string& command : block.commands) {
            const Result<std::vector<std::string>> output = stage(words_of(command));
            if (!output) {
                const std::string what = "'" + command + "': " + output.error().text;
                return std::unexpected(at_line(block.line, what));
            }
            block.expected.insert(block.expected.end(), output->begin(), output->end());
        }
    }
    return blocks;
}

}  // namespace homeostat::golden
