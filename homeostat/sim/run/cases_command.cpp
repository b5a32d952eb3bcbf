#include "homeostat/sim/run/cases_command.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/interrupts.hpp"
#include "homeostat/sim/cases/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace homeostat::sim {

namespace {

constexpr int exit_ok = 0;
constexpr int exit_unwritten = 1;
constexpr int exit_usage = 2;
constexpr int exit_interrupted = 130;

using cases::Case;
using cases::CaseOrder;
using cases::Split;

struct Closes {
    void operator()(std::FILE* file) const {
        if (file != stdout) {
            (void)std::fclose(file);
        }
    }
};
using File = std::unique_ptr<std::FILE, Closes>;

struct Totals {
    std::uint64_t cases{0};
    std::uint64_t bytes{0};
    std::uint64_t bytes_max{0};
    std::uint64_t menu{0};
    std::uint64_t trials{0};
    std::uint64_t cures_off_menu{0};
    std::uint64_t recent_changes{0};
    std::uint64_t rollback_wrong{0};  ///< No rollback is acceptable though a change was recent.
    std::map<std::string, std::uint64_t> families;
    std::map<std::string, std::uint64_t> flavours;
    std::map<std::string, std::uint64_t> acceptable;  ///< Cases, by kind of remedy.
    std::map<std::string, std::uint64_t> harmful;
};

void add(Totals& totals, const Case& made) {
    totals.cases += 1;
    totals.bytes += made.line.size() + 1;
    totals.bytes_max = std::max<std::uint64_t>(totals.bytes_max, made.line.size() + 1);
    totals.menu += made.menu_size;
    totals.trials += made.trials_count;
    totals.cures_off_menu += made.is_cure_off_menu ? 1 : 0;
    totals.recent_changes += made.has_recent_change ? 1 : 0;
    const bool rolls_back = std::ranges::count(made.acceptable_kinds, "rollback") > 0;
    totals.rollback_wrong += made.has_recent_change && !rolls_back ? 1 : 0;
    totals.families[made.flavour == cases::Flavour::two_at_once ? "two_at_once" : made.family] += 1;
    totals.flavours[std::string(to_text(made.flavour))] += 1;
    for (const std::string& kind : made.acceptable_kinds) {
        totals.acceptable[kind] += 1;
    }
    for (const std::string& kind : made.harmful_kinds) {
        totals.harmful[kind] += 1;
    }
}

/// `"leak":12,"surge":9`
[[nodiscard]] std::string members(const std::map<std::string, std::uint64_t>& counts) {
    std::string text;
    for (const auto& [name, count] : counts) {
        text += fmt::format("{}\"{}\":{}", text.empty() ? "" : ",", name, count);
    }
    return text;
}

[[nodiscard]] std::string summary(const Totals& totals, double wall_seconds) {
    const double cases = static_cast<double>(std::max<std::uint64_t>(1, totals.cases));
    const auto share = [&](std::uint64_t count) { return static_cast<double>(count) / cases; };
    const auto nothing = totals.acceptable.find("observe");
    return fmt::format(
        R"({{"cases":{},"families":{{{}}},"flavours":{{{}}},"acceptable":{{{}}},"harmful":{{{}}},)"
        R"("acceptable_share_of_nothing":{:.4f},"recent_change_share":{:.4f},)"
        R"("rollback_wrong_share":{:.4f},"cure_off_menu_share":{:.4f},"menu_size_mean":{:.2f},)"
        R"("trials_mean":{:.2f},"bytes":{},"bytes_max":{},"wall_seconds":{:.3f}}})",
        totals.cases, members(totals.families), members(totals.flavours),
        members(totals.acceptable), members(totals.harmful),
        share(nothing == totals.acceptable.end() ? 0 : nothing->second),
        share(totals.recent_changes), share(totals.rollback_wrong), share(totals.cures_off_menu),
        share(totals.menu), share(totals.trials), totals.bytes, totals.bytes_max, wall_seconds);
}

[[nodiscard]] bool write_line(std::FILE* file, const Case& made) {
    const std::string line = made.line + '\n';
    return std::fwrite(line.data(), 1, line.size(), file) == line.size() && std::fflush(file) == 0;
}

void show_progress(const Totals& totals, const CasesArguments& arguments) {
    constexpr std::uint64_t every = 50;
    if (totals.cases % every == 0) {
        std::fprintf(stderr, "%lu of %lu cases\n", totals.cases, arguments.count);
    }
}

/// Rounds of as many cases as there are jobs, each on its own thread. False: not written.
[[nodiscard]] bool write_all(const CasesArguments& arguments,
                             const CaseOrder& order,
                             std::FILE* file,
                             Totals& totals) {
    const std::uint64_t first = arguments.only.value_or(1);
    const std::uint64_t last = arguments.only.value_or(arguments.count);
    // Several for each, so that one large world does not keep the other threads waiting for long.
    const std::uint64_t round = arguments.jobs == 1 ? 1 : std::uint64_t{arguments.jobs} * 8;
    for (std::uint64_t number = first; number <= last && !os::is_interrupted(); number += round) {
        const std::uint64_t end = std::min(last + 1, number + round);
        std::vector<Case> made(end - number);
        const auto make = [&](std::uint64_t from) {
            for (std::uint64_t at = from; at < end; at += arguments.jobs) {
                made[at - number] = cases::make_case(
                    {order.seed, at, order.split, order.family, order.services_count});
            }
        };
        std::vector<std::future<void>> threads;
        for (std::uint32_t job = 1; job < arguments.jobs; ++job) {
            threads.push_back(std::async(std::launch::async, make, number + job));
        }
        make(number);
        for (std::future<void>& thread : threads) {
            thread.get();
        }
        for (const Case& one : made) {
            if (!write_line(file, one)) {
                return false;
            }
            add(totals, one);
            show_progress(totals, arguments);
        }
    }
    return true;
}

[[nodiscard]] std::optional<CaseOrder> order_of(const CasesArguments& arguments) {
    const std::optional<Split> split = parse_enum<Split>(arguments.split);
    if (!split) {
        std::fprintf(stderr, "homeostat-lab: --split %s: want train, held-out, new-words or all\n",
                     arguments.split.c_str());
        return std::nullopt;
    }
    const std::optional<FaultKind> family = parse_enum<FaultKind>(arguments.family);
    if (!arguments.family.empty() && !family) {
        std::fprintf(stderr, "homeostat-lab: no family '%s'; --list-families names them\n",
                     arguments.family.c_str());
        return std::nullopt;
    }
    return CaseOrder{arguments.seed, 0, *split, family, arguments.services_count};
}

}  // namespace

int make_cases(const CasesArguments& arguments) {
    const std::optional<CaseOrder> order = order_of(arguments);
    if (!order) {
        return exit_usage;
    }
    if (arguments.is_json && arguments.out == "-") {
        std::fprintf(stderr,
                     "homeostat-lab: --json needs --out FILE: the cases would stand in "
                     "front of its line\n");
        return exit_usage;
    }
    const File file(arguments.out == "-" ? stdout : std::fopen(arguments.out.c_str(), "we"));
    if (!file) {
        std::fprintf(stderr, "homeostat-lab: --out %s: %s\n", arguments.out.c_str(),
                     std::strerror(errno));
        return exit_usage;
    }
    const auto began_at = std::chrono::steady_clock::now();
    Totals totals;
    if (!write_all(arguments, *order, file.get(), totals)) {
        std::fprintf(stderr, "homeostat-lab: %s cannot be written: %s\n", arguments.out.c_str(),
                     std::strerror(errno));
        return exit_unwritten;
    }
    const std::string line = summary(
        totals, std::chrono::duration<double>(std::chrono::steady_clock::now() - began_at).count());
    std::fprintf(arguments.is_json ? stdout : stderr, "%s\n", line.c_str());
    return os::is_interrupted() ? exit_interrupted : exit_ok;
}

int list_families(bool is_json) {
    for (const FaultKind kind : cases::families_of(Split::all)) {
        const bool is_out = cases::is_held_out(cases::Pool::family, to_text(kind));
        if (is_json) {
            fmt::print(R"({{"family":"{}","held_out":{}}})"
                       "\n",
                       to_text(kind), is_out);
        } else {
            fmt::print("{:20} {}\n", to_text(kind), is_out ? "held out" : "train");
        }
    }
    return exit_ok;
}

}  // namespace homeostat::sim
