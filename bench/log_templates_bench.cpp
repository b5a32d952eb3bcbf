// What a log line costs from its bytes to its template and its gloss.
//
//     build/release/bin/log_templates_bench                      each part by itself
//     build/release/bin/log_templates_bench --lines FILE [N]     the lines of a file, N times over
//
// The second form prints one JSON object with the CPU seconds of each time, then a line for each
// line of the file: its template, its gloss and whether that is a general one. tools/log_figures.py
// sets that beside drain3 on the same lines.

#include "homeostat/base/ensure.hpp"
#include "homeostat/sense/gloss.hpp"
#include "homeostat/sense/log_template.hpp"
#include "homeostat/sense/template_table.hpp"

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <time.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sense {

namespace {

const std::vector<std::string>& usual_lines() {
    static const std::vector<std::string> lines{
        "2026-11-27 20:00:00.123 INFO payment 4711 done amount=1250 currency=EUR in 12 ms",
        "2026-11-27 20:00:00.124 ERROR call to fraud failed: connection refused peer=10.0.0.7:8080",
        R"({"time":"2026-11-27T20:00:00Z","level":"warn","msg":"slow answer","took_ms":812})",
        "10.0.0.9 - - [27/Nov/2026:20:00:00 +0000] \"GET /pay?x=1 HTTP/1.1\" 503 217 \"-\" "
        "\"curl\"",
    };
    return lines;
}

void shape(benchmark::State& state) {
    std::size_t number = 0;
    for ([[maybe_unused]] const auto iteration : state) {
        benchmark::DoNotOptimize(shape_of(usual_lines()[++number % usual_lines().size()]));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(shape);

void gloss(benchmark::State& state) {
    std::vector<LogShape> shapes;
    for (const std::string& line : usual_lines()) {
        shapes.push_back(shape_of(line));
    }
    std::size_t number = 0;
    for ([[maybe_unused]] const auto iteration : state) {
        benchmark::DoNotOptimize(shipped_lexicon().gloss_of(shapes[++number % shapes.size()]));
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(gloss);

/// The dearest lines that we could think of: the price of a stranger's, beside a friend's.
void hostile(benchmark::State& state) {
    const std::vector<std::string_view> pieces{"msg=\"", "a ", "\\\"", "error ", "'x", "=", "x\""};
    const std::string_view piece = pieces[static_cast<std::size_t>(state.range(0))];
    std::string line;
    while (line.size() < line_bytes_max) {
        line += piece;
    }
    for ([[maybe_unused]] const auto iteration : state) {
        benchmark::DoNotOptimize(gloss_of(line));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(line.size()));
}
BENCHMARK(hostile)->DenseRange(0, 6);

void lexicon(benchmark::State& state) {
    for ([[maybe_unused]] const auto iteration : state) {
        benchmark::DoNotOptimize(Lexicon());
    }
    state.counters["glosses"] = static_cast<double>(shipped_lexicon().glosses_count());
    state.counters["patterns"] = static_cast<double>(shipped_lexicon().patterns_count());
}
BENCHMARK(lexicon)->Unit(benchmark::kMicrosecond);

double cpu_seconds() {
    timespec now{};
    ensure(::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0, "a process has a clock");
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

SeenTemplate see(TemplateTable& table, const std::string& line, std::optional<Gloss>& gloss) {
    const LogShape shape = shape_of(line);
    gloss = shipped_lexicon().gloss_of(shape);
    table.begin_reading();
    return table.see({shape, gloss ? gloss->id : std::string_view(), Instant{}}, {});
}

void read_file(const std::string& path, int times) {
    std::ifstream file(path, std::ios::binary);
    ensure(file.is_open(), "the file of lines can be read");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    std::string seconds;
    std::optional<Gloss> gloss;
    for (int time = 0; time < times; ++time) {
        TemplateTable table;
        const double begun_at = cpu_seconds();
        for (const std::string& line : lines) {
            benchmark::DoNotOptimize(see(table, line, gloss));
        }
        seconds += fmt::format("{}{}", time == 0 ? "" : ",", cpu_seconds() - begun_at);
    }
    fmt::print("{{\"lines\":{},\"cpu_seconds\":[{}]}}\n", lines.size(), seconds);
    TemplateTable table;
    for (const std::string& line : lines) {
        const SeenTemplate seen = see(table, line, gloss);
        fmt::print("{}\t{}\t{}\t{}\n", seen.id.text(), gloss ? gloss->id : "-",
                   gloss && gloss->is_general ? "general" : "-", to_text(shape_of(line).level));
    }
}

}  // namespace

}  // namespace homeostat::sense

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv, argv + argc);
    if (arguments.size() >= 3 && arguments[1] == "--lines") {
        homeostat::sense::read_file(arguments[2],
                                    arguments.size() > 3 ? std::stoi(arguments[3]) : 1);
        return 0;
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
