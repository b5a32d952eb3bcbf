// golden_incident FILE…: plays each script and compares. With HOMEOSTAT_GOLDEN=rewrite in the
// environment it writes what came into the file instead; commit only what you can explain.

#include "incident_stage.hpp"
#include "script.hpp"

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace homeostat;

std::string read_file(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// What came of the script. ERRORS: invalid: a script that cannot be read, or whose decisions come
/// out differently when they are made again from its ledger.
Result<std::string> played(const std::string& text) {
    Result<std::vector<golden::Block>> blocks = golden::parse_script(text);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    golden::IncidentStage incident;
    const golden::Stage stage = [&](const std::vector<std::string>& words) {
        return incident.run(words);
    };
    blocks = golden::play(std::move(*blocks), stage);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    std::string troubles;
    for (const std::string& trouble : incident.replay_troubles()) {
        troubles += "\n  " + trouble;
    }
    return troubles.empty() ? Result<std::string>(golden::to_text(*blocks))
                            : fail(Fault::invalid, "a replay of its ledger differs:" + troubles);
}

/// The first line that differs, with its number.
std::string difference(const std::string& expected, const std::string& seen) {
    std::istringstream left(expected);
    std::istringstream right(seen);
    for (int number = 1;; ++number) {
        std::string wanted;
        std::string got;
        const bool has_wanted = static_cast<bool>(std::getline(left, wanted));
        const bool has_got = static_cast<bool>(std::getline(right, got));
        if (wanted != got || has_wanted != has_got) {
            return "line " + std::to_string(number) +
                   "\n  expected: " + (has_wanted ? wanted : "(the end)") +
                   "\n  came:     " + (has_got ? got : "(the end)");
        }
    }
}

bool check(const std::string& path, bool rewrites) {
    const std::string expected = read_file(path);
    const Result<std::string> seen = played(expected);
    if (!seen) {
        std::cerr << path << ": " << seen.error().text << '\n';
        return false;
    }
    if (*seen == expected) {
        return true;
    }
    if (rewrites) {
        std::ofstream(path) << *seen;
        std::cerr << path << ": rewritten\n";
        return true;
    }
    std::cerr << path << ": " << difference(expected, *seen)
              << "\n`make golden` writes what came; commit it if you can explain it. All of it:\n"
              << *seen;
    return false;
}

}  // namespace

int main(int arguments_count, char** arguments) {
    const char* mode = std::getenv("HOMEOSTAT_GOLDEN");
    const bool rewrites = mode != nullptr && std::string(mode) == "rewrite";
    bool is_well = arguments_count > 1;
    for (int index = 1; index < arguments_count; ++index) {
        is_well = check(arguments[index], rewrites) && is_well;
    }
    return is_well ? 0 : 1;
}
