#pragma once

// How the command line tells of itself: its commands in groups, each page at most 80 columns wide,
// and one sentence about arguments that cannot be used.
//
// Texts are written as paragraphs and broken here, so that no page depends on where its author
// broke a line. What is indented stands as it was written: examples are copied by people.

#include <CLI/App.hpp>
#include <CLI/Formatter.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace homeostat::app {

constexpr std::size_t help_columns = 80;  ///< Of a terminal that nobody has widened.

/// Paragraphs broken at `columns`; indented lines as they are, but for an exit status, whose words
/// go on below its words. A word that is longer stands alone and sticks out.
[[nodiscard]] std::string broken_at(std::string_view text, std::size_t columns);

class HelpFormatter final : public CLI::Formatter {
  public:
    HelpFormatter();

    [[nodiscard]] std::string make_description(const CLI::App* app) const override;
    [[nodiscard]] std::string make_footer(const CLI::App* app) const override;
    [[nodiscard]] std::string make_subcommand(const CLI::App* command) const override;
    [[nodiscard]] std::string make_option(const CLI::Option* option,
                                          bool is_positional) const override;
    [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override;
};

/// Once all commands are there: under which heading each stands, and what stands below them all.
/// Not before, as CLI hands a footer on to every command that is added after it.
void finish_help(CLI::App& app);

/// What a person reads on stderr: what cannot be used, what was meant, and where the help is.
[[nodiscard]] std::string describe_misuse(const CLI::App& app,
                                          const CLI::Error& error,
                                          int count,
                                          const char* const* words);

}  // namespace homeostat::app
