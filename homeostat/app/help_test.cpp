#include "homeostat/app/help.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

struct ProgramForTest {
    ProgramForTest() {
        app.require_subcommand(1);
        app.formatter(std::make_shared<HelpFormatter>());
        CLI::App* report = app.add_subcommand("report", "Tell what was");
        report->add_option("--times", times, "So often")->check(CLI::Range(2, 9))->default_str("3");
        report->add_option("--seed", seed, "Of chance")
            ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
        CLI::App* remedy = app.add_subcommand("remedy", "Tasks");
        remedy->require_subcommand(1);
        remedy->add_subcommand("list", "Each");
    }
    /// What is said on stderr of these arguments; nothing if they can be used.
    std::optional<std::string> misuse(std::vector<const char*> words) {
        words.insert(words.begin(), "homeostat");
        try {
            app.parse(static_cast<int>(words.size()), words.data());
        } catch (const CLI::ParseError& error) {
            return describe_misuse(app, error, static_cast<int>(words.size()), words.data());
        }
        return std::nullopt;
    }

    CLI::App app{"Heals.", "homeostat"};
    int times{3};
    std::int64_t seed{0};
};

}  // namespace

TEST_CASE("a paragraph is broken at the width, and what is indented stands as it was written") {
    CHECK(broken_at("one two\nthree four\n\nExamples:\n  a b c d e f g h i j k\nend", 10) ==
          "one two\nthree four\n\nExamples:\n  a b c d e f g h i j k\nend");
    CHECK(broken_at("one two three four five", 10) == "one two\nthree four\nfive");
    CHECK(broken_at("uninterruptible word", 5) == "uninterruptible\nword");
    CHECK(broken_at("", 5).empty());
    CHECK(broken_at("\n\n", 5) == "\n");
}

TEST_CASE("what an exit status means goes on below its words") {
    CHECK(broken_at("Exit status:\n  2  one two three\n  130  x", 12) ==
          "Exit status:\n  2  one two\n     three\n  130  x");
}

TEST_CASE("ranges of numbers are written like lists of words, and no range is one of all numbers") {
    ProgramForTest program;
    const std::string help = program.app.get_subcommand("report")->help();
    CHECK_MESSAGE(help.contains("--times N:{2 - 9}=3"), help);
    CHECK_MESSAGE(help.contains("--seed N  "), help);
}

TEST_CASE("a command that is none is named, with the one that was meant and where the help is") {
    ProgramForTest program;
    CHECK(program.misuse({"reprot"}) ==
          "homeostat: there is no command 'reprot' — did you mean 'report'?\n"
          "`homeostat --help` says what there is\n");
    CHECK(program.misuse({"remedy", "lits"}) ==
          "homeostat: there is no command 'lits' — did you mean 'list'?\n"
          "`homeostat remedy --help` says what there is\n");
    CHECK(program.misuse({"x"}) ==
          "homeostat: there is no command 'x'\n"
          "`homeostat --help` says what there is\n");
    CHECK(program.misuse({}) ==
          "homeostat: a command is needed\n`homeostat --help` says what there is\n");
    CHECK(program.misuse({"--jsno"}) ==
          "homeostat: there is no option '--jsno' before a command\n"
          "`homeostat --help` says what there is\n");
}

TEST_CASE("an argument that a command cannot use is told with that command's help") {
    ProgramForTest program;
    CHECK(program.misuse({"report", "--times", "12"}) ==
          "homeostat: --times: Value 12 not in range 2 to 9\n"
          "`homeostat report --help` says what there is\n");
    CHECK(program.misuse({"report", "\033[31m"}) ==
          "homeostat: The following argument was not expected: \\x1b[31m\n"
          "`homeostat report --help` says what there is\n");
    CHECK(program.misuse({"report"}) == std::nullopt);
}

}  // namespace homeostat::app
