#include "homeostat/app/config_command_check.hpp"

#include "homeostat/app/config_values.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

/// {words} of an argument: lower-case letters and _ between braces, nothing else.
std::vector<std::string> words_of(std::string_view argument) {
    std::vector<std::string> words;
    std::size_t open = argument.find('{');
    while (open != std::string_view::npos) {
        const std::size_t end = argument.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", open + 1);
        if (end != std::string_view::npos && argument[end] == '}' && end > open + 1) {
            words.emplace_back(argument.substr(open, end - open + 1));
        }
        open = argument.find('{', open + 1);
    }
    return words;
}

constexpr std::string_view path = "runtime.process.command";

std::set<std::string> words_of(const std::vector<std::string>& command) {
    std::set<std::string> used;
    for (const std::string& argument : command) {
        const std::vector<std::string> words = words_of(argument);
        used.insert(words.begin(), words.end());
    }
    return used;
}

void check_words(const std::set<std::string>& used,
                 const ProcessSection& process,
                 ConfigReading& reading) {
    static const std::vector<std::string> known{"{port}", "{name}", "{version_dir}",
                                                "{config_dir}"};
    for (const std::string& word : used) {
        if (std::ranges::find(known, word) == known.end()) {
            reading.tell_at(path, "unknown word " + not_one_of(word, known));
        }
    }
    if (used.contains("{version_dir}") && !process.versions) {
        reading.tell_at(path, "{version_dir} without versions — add versions: { root: … }");
    }
    if (used.contains("{config_dir}") && !process.config) {
        reading.tell_at(path, "{config_dir} without config — add config: { root: … }");
    }
}

void check_roots(const ProcessSection& process, ConfigReading& reading) {
    const auto plain = [](const VersionsSection& of) { return (of.root / "").lexically_normal(); };
    if (process.config && process.versions && plain(*process.config) == plain(*process.versions)) {
        reading.tell_at("runtime.process.config.root",
                        "versions.root is the same directory — give the configuration one of its "
                        "own");
    }
    if (process.versions && reading.has("runtime.process.directory")) {
        reading.tell_at("runtime.process.directory",
                        "with versions a program starts in its version's directory — leave this "
                        "out");
    }
}

}  // namespace

void check_command(const ProcessSection& process, bool has_several, ConfigReading& reading) {
    const std::set<std::string> used = words_of(process.command);
    check_words(used, process, reading);
    check_roots(process, reading);
    if (process.command.empty()) {
        return;  // That it is missing is told already.
    }
    if (process.config && !used.contains("{config_dir}")) {
        reading.tell_at(path,
                        "the program is not told where its configuration is — write {config_dir} "
                        "where it belongs, or leave config out");
    }
    if (has_several && !used.contains("{port}")) {
        reading.tell_at(path,
                        "every instance would be told the same — write {port} where the "
                        "port belongs");
    }
}

}  // namespace homeostat::app
