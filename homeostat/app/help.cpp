#include "homeostat/app/help.hpp"

#include "homeostat/app/config_values.hpp"
#include "homeostat/app/story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace homeostat::app {

namespace {

constexpr std::size_t words_column = 26;  ///< Where what an option says begins.
constexpr std::size_t words_hang = 6;     ///< Of lines after the first of a long option.

constexpr const char* below_commands = R"(Exit status:
  0  as asked
  1  something that should hold does not (a demo, a ledger, a check of doctor)
  2  arguments or configuration that cannot be used
  3  no agent answers
  130  interrupted

Examples:
  homeostat demo --only bad_deploy            break a service here and see it heal
  homeostat validate -c payments.yaml         what is wrong with a configuration
  homeostat doctor -c payments.yaml           what this machine lacks for it
  homeostat agent -c payments.yaml            guard it; nothing is done at first
  homeostat incidents                         what happened, a line each
  homeostat explain i-3                       the whole story of one incident
  homeostat approve i-3 --question 5f0c…      let it do what it asks leave for
  homeostat suspend --because "maintenance"   no effect begins from now on

Where -c is not given, homeostat.yaml of this directory is read.
`homeostat COMMAND --help` has examples and exit codes of each.)";

struct Group {
    const char* name;
    std::vector<const char*> commands;
};

const std::vector<Group>& groups() {
    static const std::vector<Group> all{
        {"To see what it does", {"demo"}},
        {"To guard a service",
         {"init", "validate", "doctor", "agent", "remedy", "notify", "rbac", "envoy-watchdog"}},
        {"What goes on", {"status", "incidents", "explain", "pledges", "mesh", "sources"}},
        {"What a person says to it",
         {"approve", "deny", "undo", "close", "suspend", "resume", "sign", "approver-key"}},
        {"What it was worth, and whether it is true",
         {"report", "autonomy", "advise", "decisions", "export", "replay", "verify-ledger"}},
        {"How it decides", {"graph", "simulate", "decide", "bench"}},
    };
    return all;
}

/// Words one after the other; each line after the first begins with `hang` spaces.
std::string filled(std::string_view words,
                   std::size_t begins_at,
                   std::size_t hang,
                   std::size_t columns) {
    std::string text;
    std::size_t at = begins_at;
    bool is_first = true;
    while (!words.empty()) {
        const std::size_t begin = words.find_first_not_of(' ');
        if (begin == std::string_view::npos) {
            break;
        }
        words.remove_prefix(begin);
        const std::string_view word = words.substr(0, words.find(' '));
        words.remove_prefix(word.size());
        const bool fits = at + (is_first ? 0 : 1) + word.size() <= columns;
        if (!is_first && !fits) {
            text += '\n' + std::string(hang, ' ');
            at = hang;
        } else if (!is_first) {
            text += ' ';
            ++at;
        }
        text += word;
        at += word.size();
        is_first = false;
    }
    return text;
}

/// Where the words of "  2  no such ledger" begin; 0 if the line is none of a list of statuses.
std::size_t words_of_status(std::string_view line) {
    const std::size_t number = line.find_first_not_of(' ');
    const std::size_t after = line.find_first_not_of("0123456789", number);
    const bool is_status = number != 0 && after != number && after != std::string_view::npos;
    return is_status && line[after] == ' ' ? line.find_first_not_of(' ', after) : 0;
}

std::string indented(std::string_view line, std::size_t columns) {
    const std::size_t words = words_of_status(line);
    if (words == 0 || line.size() <= columns) {
        return std::string(line);
    }
    return std::string(line.substr(0, words)) + filled(line.substr(words), words, words, columns);
}

std::string entry(const std::string& name, const std::string& says) {
    std::string text = "  " + name;
    if (text.size() + 2 > words_column) {
        return text + '\n' + std::string(words_hang, ' ') +
               filled(says, words_hang, words_hang, help_columns) + '\n';
    }
    text.resize(words_column, ' ');
    return text + filled(says, words_column, words_column, help_columns) + '\n';
}

/// "UINT:UINT in [8 - 1000]" is written for C++; "N:{8 - 1000}" has the form of a list of words.
void shorten_range(std::string& text) {
    const std::size_t range = text.find(" in [");
    const std::size_t type = text.find_last_of(' ', range - 1);
    const std::size_t end = text.find(']', range);
    if (range == std::string::npos || type == std::string::npos || end == std::string::npos) {
        return;
    }
    constexpr std::size_t opening = std::string_view(" in [").size();
    const std::string bounds = text.substr(range + opening, end - range - opening);
    const bool is_bounded =
        !bounds.ends_with(std::to_string(std::numeric_limits<std::int64_t>::max()));
    text.replace(type, end + 1 - type, is_bounded ? " N:{" + bounds + "}" : " N");
}

std::vector<std::string> names_of_commands(const CLI::App& app) {
    std::vector<std::string> names;
    for (const CLI::App* command : app.get_subcommands({})) {
        names.push_back(command->get_name());
    }
    return names;
}

/// The command whose arguments were being read: the innermost that was named.
const CLI::App& named_command(const CLI::App& app) {
    const CLI::App* command = &app;
    while (!command->get_subcommands().empty()) {
        command = command->get_subcommands().back();
    }
    return *command;
}

std::string words_of(const CLI::App& command) {
    const CLI::App* parent = command.get_parent();
    return parent == nullptr ? command.get_name() : words_of(*parent) + " " + command.get_name();
}

/// CLI says only that there is none, whatever was written in its place.
std::string misnamed(const CLI::App& command, std::span<const char* const> words) {
    const auto is_word = [](const char* word) { return *word != '-'; };
    auto at = words.begin();
    if (command.get_parent() != nullptr) {
        at = std::ranges::find(words, command.get_name());
        at = at == words.end() ? at : at + 1;
    }
    if (at != words.end() && !is_word(*at)) {
        return fmt::format("there is no option '{}' before a command", *at);
    }
    if (at == words.end()) {
        return "a command is needed";
    }
    const std::string meant = nearest(*at, names_of_commands(command));
    return fmt::format("there is no command '{}'{}", *at,
                       meant.empty() ? "" : fmt::format(" — did you mean '{}'?", meant));
}

}  // namespace

std::string broken_at(std::string_view text, std::size_t columns) {
    std::string broken;
    std::string paragraph;
    const auto end_paragraph = [&broken, &paragraph, columns] {
        if (!paragraph.empty()) {
            broken += filled(paragraph, 0, 0, columns) + '\n';
            paragraph.clear();
        }
    };
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (!line.empty() && line.front() != ' ') {
            paragraph += (paragraph.empty() ? "" : " ") + std::string(line);
            continue;
        }
        end_paragraph();
        broken += indented(line, columns) + '\n';
    }
    end_paragraph();
    if (!broken.empty()) {
        broken.pop_back();
    }
    return broken;
}

HelpFormatter::HelpFormatter() {
    column_width(words_column);
    label("SUBCOMMAND", "COMMAND");
}

std::string HelpFormatter::make_description(const CLI::App* app) const {
    return broken_at(CLI::Formatter::make_description(app), help_columns) + '\n';
}

std::string HelpFormatter::make_footer(const CLI::App* app) const {
    const std::string footer = app->get_footer();
    return footer.empty() ? footer : broken_at(footer, help_columns) + '\n';
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
    constexpr std::size_t name_columns = 18;
    const std::string name = fmt::format("  {:<{}}", command->get_name(), name_columns - 2);
    return name + filled(command->get_description(), name_columns, name_columns, help_columns) +
           '\n';
}

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
    return entry(make_option_name(option, is_positional) + make_option_opts(option),
                 make_option_desc(option));
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
    std::string text = CLI::Formatter::make_option_opts(option);
    shorten_range(text);
    return text;
}

void finish_help(CLI::App& app) {
    for (const Group& group : groups()) {
        for (const char* name : group.commands) {
            app.get_subcommand(name)->group(group.name);
        }
    }
    app.get_subcommand("remedy")->footer(
        "docs/tasks.md tells how a task is declared; examples/first_task is one.\n\n"
        "Examples:\n  homeostat remedy list\n  homeostat remedy test clean_spool");
    app.footer(below_commands);
}

std::string describe_misuse(const CLI::App& app,
                            const CLI::Error& error,
                            int count,
                            const char* const* words) {
    const CLI::App& command = named_command(app);
    const bool has_commands =
        !command.get_subcommands([](const CLI::App*) { return true; }).empty();
    const bool is_misnamed = has_commands && command.get_require_subcommand_min() > 0;
    const std::span<const char* const> said(words, static_cast<std::size_t>(count));
    const std::string what = is_misnamed ? misnamed(command, said.subspan(1)) : error.what();
    return fmt::format("homeostat: {}\n`{} --help` says what there is\n", plain(what),
                       words_of(command));
}

}  // namespace homeostat::app
