// fault_matrix: every fault of every port we depend on, begun at every phase of an incident.

#include "cell.hpp"
#include "run_cell.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::matrix {

namespace {

struct Arguments {
    std::string port;
    std::string fault;
    std::string phase;
    std::string outcomes;  ///< Path of what the cells have to come to; empty: nothing is compared.
    bool shows_trace{false};
    bool lists{false};
};

template <NamedEnum E>
bool is_chosen(const std::string& wanted, E value) {
    return wanted.empty() || wanted == homeostat::to_text(value);
}

template <NamedEnum E>
bool is_known(const std::string& wanted) {
    return wanted.empty() || parse_enum<E>(wanted).has_value();
}

std::vector<Cell> chosen(const Arguments& arguments) {
    std::vector<Cell> cells = all_cells();
    std::erase_if(cells, [&](const Cell& cell) {
        return !is_chosen(arguments.port, cell.port) || !is_chosen(arguments.fault, cell.fault) ||
               !is_chosen(arguments.phase, cell.phase);
    });
    return cells;
}

std::string outcome_of(const Cell& cell, const CellResult& result) {
    return fmt::format("{}: {}, {} effects", to_text(cell), result.ending, result.effects_count);
}

void print_broken(const Cell& cell, const CellResult& result) {
    std::fprintf(stderr, "%s breaks a promise:\n", to_text(cell).c_str());
    for (const std::string& one : result.broken) {
        std::fprintf(stderr, "  %s\n", one.c_str());
    }
    std::fprintf(stderr, "  again: fault_matrix --port %s --fault %s --phase %s --trace\n",
                 std::string(homeostat::to_text(cell.port)).c_str(),
                 std::string(homeostat::to_text(cell.fault)).c_str(),
                 std::string(homeostat::to_text(cell.phase)).c_str());
}

std::string read_all(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Line by line, so that a reader sees which cell has come to something else.
bool compare(const std::string& path, const std::string& now) {
    const char* how = std::getenv("HOMEOSTAT_GOLDEN");
    if (how != nullptr && std::string_view(how) == "rewrite") {
        std::ofstream(path) << now;
        return true;
    }
    std::istringstream expected(read_all(path));
    std::istringstream come(now);
    std::string want;
    std::string got;
    bool is_same = true;
    while (true) {
        const bool has_want = static_cast<bool>(std::getline(expected, want));
        const bool has_got = static_cast<bool>(std::getline(come, got));
        if (!has_want && !has_got) {
            break;
        }
        if (!has_want || !has_got || want != got) {
            std::fprintf(stderr, "expected '%s', came '%s'\n", has_want ? want.c_str() : "",
                         has_got ? got.c_str() : "");
            is_same = false;
        }
    }
    if (!is_same) {
        std::fprintf(stderr, "HOMEOSTAT_GOLDEN=rewrite writes %s anew\n", path.c_str());
    }
    return is_same;
}

int list() {
    for (const Cell& cell : all_cells()) {
        const std::string_view why_not = why_not_applicable(cell);
        fmt::print("{}{}\n", to_text(cell),
                   why_not.empty() ? "" : fmt::format(": not applicable: {}", why_not));
    }
    return 0;
}

int run(const Arguments& arguments) {
    if (arguments.lists) {
        return list();
    }
    std::string outcomes;
    std::map<std::string, std::size_t> endings;
    std::size_t not_applicable_count = 0;
    std::size_t broken_count = 0;
    const std::vector<Cell> cells = chosen(arguments);
    for (const Cell& cell : cells) {
        if (const std::string_view why_not = why_not_applicable(cell); !why_not.empty()) {
            not_applicable_count += 1;
            outcomes += fmt::format("{}: not applicable: {}\n", to_text(cell), why_not);
            continue;
        }
        const CellResult result = run_cell(cell);
        outcomes += outcome_of(cell, result) + "\n";
        endings[result.ending] += 1;
        if (arguments.shows_trace) {
            for (const std::string& line : result.trace) {
                fmt::print("{}\n", line);
            }
        }
        if (!result.broken.empty()) {
            broken_count += 1;
            print_broken(cell, result);
        }
    }
    fmt::print("{} cells, {} not applicable, {} break a promise", cells.size(),
               not_applicable_count, broken_count);
    for (const auto& [ending, count] : endings) {
        fmt::print("; {} {}", count, ending);
    }
    fmt::print("\n");
    const bool is_as_expected = arguments.outcomes.empty() || compare(arguments.outcomes, outcomes);
    return broken_count == 0 && is_as_expected && !cells.empty() ? 0 : 1;
}

}  // namespace

}  // namespace homeostat::matrix

int main(int argc, char** argv) {
    using namespace homeostat::matrix;
    try {
        CLI::App app("Every fault of every port, begun at every phase of an incident",
                     "fault_matrix");
        Arguments arguments;
        app.add_option("--port", arguments.port, "Only this port: lease");
        app.add_option("--fault", arguments.fault, "Only this fault: slow");
        app.add_option("--phase", arguments.phase, "Only from this phase on: act");
        app.add_option("--outcomes", arguments.outcomes,
                       "A file with what each cell comes to; of all cells");
        app.add_flag("--trace", arguments.shows_trace, "What happened, a line each");
        app.add_flag("--list", arguments.lists, "Name the cells, and why some do not exist");
        CLI11_PARSE(app, argc, argv);
        if (!is_known<Port>(arguments.port) || !is_known<PortFault>(arguments.fault) ||
            !is_known<Phase>(arguments.phase)) {
            std::fprintf(stderr, "fault_matrix: no such port, fault or phase; --list names them\n");
            return 2;
        }
        return run(arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "fault_matrix: %s\n", error.what());
        return 1;
    }
}
