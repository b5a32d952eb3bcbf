#pragma once

// A patch carried out as patch(1) does it without any fuzz: every line of context has to be there.

#include <doctest/doctest.h>

#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

namespace homeostat::app {

/// Each with its line feed, if it has one.
inline std::vector<std::string> lines_for_test(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line + (stream.eof() ? "" : "\n"));
    }
    return lines;
}

/// `text` after the one hunk of `diff`.
inline std::string applied_for_test(const std::string& text, const std::string& diff) {
    const std::vector<std::string> old_lines = lines_for_test(text);
    std::vector<std::string> hunk = lines_for_test(diff);
    REQUIRE(hunk.size() > 3);
    REQUIRE(hunk[0].starts_with("--- "));
    REQUIRE(hunk[1] == "+++ " + hunk[0].substr(4));
    REQUIRE(hunk[2].starts_with("@@ -"));
    std::size_t at = std::stoul(hunk[2].substr(4)) - 1;
    std::string result;
    for (std::size_t index = 0; index < at; ++index) {
        result += old_lines.at(index);
    }
    for (std::size_t index = 3; index < hunk.size(); ++index) {
        const bool is_open = index + 1 < hunk.size() && hunk[index + 1].starts_with('\\');
        std::string line = hunk[index].substr(1);
        if (is_open) {
            line.pop_back();
        }
        if (hunk[index].starts_with('+')) {
            result += line;
        } else if (!hunk[index].starts_with('\\')) {
            REQUIRE(old_lines.at(at) == line);
            result += hunk[index].starts_with(' ') ? line : std::string();
            at += 1;
        }
    }
    for (; at < old_lines.size(); ++at) {
        result += old_lines[at];
    }
    return result;
}

}  // namespace homeostat::app
