#include "homeostat/adapters/process/command.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace homeostat::adapters::process {

namespace {

bool is_word(std::string_view text) {
    return !text.empty() &&
           std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

std::optional<std::string> value_of(std::string_view word, const CommandValues& values) {
    if (word == "port") {
        return std::to_string(values.port);
    }
    if (word == "name") {
        return values.name;
    }
    if (word == "version_dir" && !values.version_dir.empty()) {
        return values.version_dir;
    }
    if (word == "config_dir" && !values.config_dir.empty()) {
        return values.config_dir;
    }
    return std::nullopt;
}

Result<std::string> expand(std::string_view argument, const CommandValues& values) {
    std::string expanded;
    while (!argument.empty()) {
        const std::size_t open = argument.find('{');
        expanded += argument.substr(0, open);
        if (open == std::string_view::npos) {
            break;
        }
        argument.remove_prefix(open + 1);
        const std::size_t close = argument.find('}');
        const std::string_view word =
            close == std::string_view::npos ? "" : argument.substr(0, close);
        if (!is_word(word)) {
            expanded += '{';
            continue;
        }
        const std::optional<std::string> value = value_of(word, values);
        if (!value) {
            return fail(Fault::invalid,
                        "{" + std::string(word) +
                            "} is not a placeholder here; there are {port} and {name}, "
                            "{version_dir} for a service with versions, and {config_dir} for one "
                            "whose configuration has versions");
        }
        expanded += *value;
        argument.remove_prefix(close + 1);
    }
    return expanded;
}

}  // namespace

Result<std::vector<std::string>> expand_command(const std::vector<std::string>& command,
                                                const CommandValues& values) {
    if (command.empty() || command.front().empty()) {
        return fail(Fault::invalid, "the command is empty; its first word is the program");
    }
    std::vector<std::string> expanded;
    for (const std::string& argument : command) {
        Result<std::string> one = expand(argument, values);
        if (!one) {
            return fail("command argument '" + argument + "'", one.error());
        }
        expanded.push_back(std::move(*one));
    }
    return expanded;
}

}  // namespace homeostat::adapters::process
