#include "homeostat/adapters/llm/prompt.hpp"

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/base/ensure.hpp"

#include <algorithm>
#include <array>

namespace homeostat::adapters::llm {

namespace {

// No line of this may depend on a service or a time: it is read once and then stays in the server's
// memory. Its digest is part of what a calibration is for.
constexpr std::string_view prefix =
    "You watch over one service. Evidence says what was measured and what changed; lines may be "
    "few. "
    "Name the remedy.\n"
    "observe: it has passed, is small, or lies in a neighbour.\n"
    "circuit: a neighbour fails or hangs, and a fallback can answer for it.\n"
    "eject: one instance is slow, and the others can do its work.\n"
    "invalidate: a cache holds wrong copies of its source.\n"
    "redirect: a cache is wrong, and reads can go to its source meanwhile.\n"
    "restart: one instance is ill, the others are well.\n"
    "rolling: all instances slowly get worse and a fresh start cures it.\n"
    "scale: there are more requests than the instances can carry.\n"
    "rollback: it began with a new version of this service.\n"
    "person: it lasts, and nothing of this mends it.\n"
    "\n"
    "Evidence:\n";

constexpr std::string_view question = "Remedy:";

constexpr std::string_view marks = "<>[]{}|\\`";  // Of chat templates and special tokens.

char plain_byte(char c) {
    const bool is_printable = c >= ' ' && c <= '~';
    return is_printable && !marks.contains(c) ? c : ' ';
}

}  // namespace

std::string_view prompt_prefix() {
    return prefix;
}

std::string_view prompt_question() {
    return question;
}

std::string prompt_fixed_text() {
    std::string text(prefix);
    text += question;
    for (const RemedyKind kind : kinds_all) {
        text += label_of(kind);
    }
    text += label_of_calling_a_person;
    for (const std::string_view line : neutral_lines) {
        text += '\n';
        text += line;
    }
    return text;
}

std::string digest_of(const Evidence& evidence) {
    std::string text;
    for (const std::string& line : evidence.lines) {
        text += line;
        text += '\n';
    }
    return sha256_of(text);
}

std::string plain_text(std::string_view text, std::size_t bytes_max) {
    std::string plain(text.substr(0, bytes_max));
    std::ranges::transform(plain, plain.begin(), plain_byte);
    return plain;
}

std::string prompt_for(const Evidence& evidence) {
    static_assert(prefix.size() + question.size() < prompt_bytes_max);
    std::string prompt(prefix);
    const std::size_t lines_count = std::min(evidence.lines.size(), evidence_lines_max);
    for (std::size_t index = 0; index < lines_count; ++index) {
        const std::string line = plain_text(evidence.lines[index], evidence_line_bytes_max) + '\n';
        if (prompt.size() + line.size() + question.size() > prompt_bytes_max) {
            break;
        }
        prompt += line;
    }
    ensure(prompt.size() + question.size() <= prompt_bytes_max, "a prompt keeps its maximum");
    return prompt;
}

}  // namespace homeostat::adapters::llm
