// How the figures of `bench decide` are told: as a table, and as a document.

#include "homeostat/app/config.hpp"
#include "homeostat/app/decide_figures.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/named_enum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

/// "14 of 16 (64–97 %)", "–" for what was not measured or could not happen.
std::string cell(const std::optional<Share>& share) {
    if (!share || share->of == 0) {
        return "–";
    }
    return fmt::format("{} of {} ({:.0f}–{:.0f} %)", share->count, share->of, share->low() * 100,
                       share->high() * 100);
}

std::vector<double> in_ms(const Timings& timings) {
    std::vector<double> ms;
    for (const Duration took : timings.took) {
        ms.push_back(to_ms(took));
    }
    return ms;
}

/// Of one kind of answer, what a reader wants of its times. UNITS: ms.
struct Latency {
    std::size_t count{0};
    double p50{0};
    double p99{0};
    double most{0};
    std::size_t in_time_count{0};  ///< Within the deadline that a configuration has by default.
    double tokens_fresh{0};        ///< The median.
};

Latency latency_of(const Timings& timings) {
    const std::vector<double> ms = in_ms(timings);
    const auto is_in_time = [](Duration took) { return took <= ModelConfig{}.deadline; };
    return {ms.size(),
            percentile(ms, 0.5),
            percentile(ms, 0.99),
            percentile(ms, 1),
            static_cast<std::size_t>(std::ranges::count_if(timings.took, is_in_time)),
            percentile({timings.tokens_fresh.begin(), timings.tokens_fresh.end()}, 0.5)};
}

/// The scenarios, then their sum.
std::vector<std::pair<std::string, RowFigures>> rows_of(const DecideFigures& figures) {
    std::vector<std::pair<std::string, RowFigures>> rows(figures.scenarios.begin(),
                                                         figures.scenarios.end());
    rows.emplace_back("all", figures.all);
    return rows;
}

std::string table_of_menus(const DecideFigures& figures) {
    std::string text = fmt::format("{:<18}{:>24}{:>24}{:>24}\n", "MENUS", "CASES, ONE-ENTRY ONES",
                                   "RIGHT ONE IS OFFERED", "A BLIND PICK IS RIGHT");
    for (const auto& [name, row] : rows_of(figures)) {
        const std::string blind =
            row.right.rules.of == 0 ? "–" : fmt::format("{:.0f} %", row.blind * 100);
        text += fmt::format("{:<18}{:>24}{:>24}{:>24}\n", name,
                            fmt::format("{}, {}", row.cases_count, row.one_entry_count),
                            cell(row.right_is_offered), blind);
    }
    return text;
}

std::string table_of_modes(const DecideFigures& figures,
                           std::string_view title,
                           ModeShares RowFigures::* shares) {
    std::string text =
        fmt::format("\n{:<18}{:>24}{:>24}{:>24}\n", title, "RULES", "MODEL ALONE", "BOTH");
    for (const auto& [name, row] : rows_of(figures)) {
        const ModeShares& modes = row.*shares;
        text += fmt::format("{:<18}{:>24}{:>24}{:>24}\n", name, cell(modes.rules),
                            cell(modes.model), cell(modes.both));
    }
    return text;
}

std::string table_of_free_answers(const DecideFigures& figures) {
    std::string text = fmt::format("\n{:<18}{:>24}{:>24}\n", "MODEL, NO MENU", "RIGHT", "HARMFUL");
    for (const auto& [name, row] : rows_of(figures)) {
        text +=
            fmt::format("{:<18}{:>24}{:>24}\n", name, cell(row.free_right), cell(row.free_harmful));
    }
    text += fmt::format("\n{:<18}{:>24}{:>24}{:>24}\n", "ITS ANSWERS", "FIRST", "MEAN P",
                        "P ON NO EVIDENCE");
    for (const auto& [kind, label] : figures.labels) {
        text += fmt::format("{:<18}{:>24}{:>24.2f}{:>24.2f}\n", to_text(kind), cell(label.first),
                            label.probability, label.probability_on_nothing);
    }
    return text;
}

std::string shown_ms(double ms) {
    return ms < 0.001 ? "<0.001" : fmt::format("{:.4g}", ms);
}

std::string latency_line(std::string_view name, const Timings& timings) {
    const Latency latency = latency_of(timings);
    const std::string fresh =
        timings.tokens_fresh.empty() ? "–" : fmt::format("{:.0f}", latency.tokens_fresh);
    return fmt::format("{:<18}{:>7}{:>10}{:>10}{:>10}{:>14}{:>14}\n", name, latency.count,
                       shown_ms(latency.p50), shown_ms(latency.p99), shown_ms(latency.most),
                       fmt::format("{} of {}", latency.in_time_count, latency.count), fresh);
}

std::string table_of_latency(const DecideMeasurement& measurement) {
    std::string text = fmt::format(
        "\n{:<18}{:>7}{:>10}{:>10}{:>10}{:>14}{:>14}\n", "DECISION, MS", "N", "P50", "P99", "MAX",
        fmt::format("IN {:.0f} MS", to_ms(ModelConfig{}.deadline)), "TOKENS READ");
    text += latency_line("rules", measurement.rules);
    if (measurement.was_model_there) {
        text += latency_line("model, cold", measurement.cold);
        text += latency_line("model, asked again", measurement.again);
    }
    return text;
}

/// What the model weighs in `both`, as far as the calibration alone can say.
double lambda_of(const std::optional<decide::Calibration>& calibration) {
    const bool is_for_rules =
        calibration && !decide::objection_to(*calibration, decide::Beside::rules);
    return is_for_rules ? calibration->lambda : 0.0;
}

std::string note_on(const std::optional<decide::Calibration>& calibration) {
    if (!calibration) {
        return "without a calibration the model is recorded and has no weight";
    }
    if (const auto objection = decide::objection_to(*calibration, decide::Beside::rules)) {
        return "the model has no weight:\n         " + *objection;
    }
    return fmt::format(
        "the model has weight {} if the calibration is this model's and this prompt's",
        calibration->lambda);
}

/// What has to be known to believe the tables.
std::string notes_on(const DecideFigures& figures, const DecideMeasurement& measurement) {
    const Machine& machine = measurement.machine;
    std::string text = fmt::format("\nmachine: {} cores, load {:.1f} before and {:.1f} after\n",
                                   machine.cores, machine.load_before, machine.load_after);
    if (!measurement.was_model_there) {
        return text + fmt::format("model:   NOT THERE, so nothing is said of it: {}\n",
                                  plain(measurement.model));
    }
    constexpr std::size_t digest_shown = 12;  // Enough to tell two files apart.
    constexpr std::string_view digest_mark = "sha256:";
    const std::size_t digest_at = measurement.model.find(digest_mark);
    const std::string name =
        digest_at == std::string::npos
            ? measurement.model
            : measurement.model.substr(0, digest_at + digest_mark.size() + digest_shown);
    text += fmt::format(
        "model:   {}, threads: {}, at idle priority\n         each case asked {} times anew and "
        "at once again; {} questions without an answer;\n         {} cases with another answer "
        "on another time\n",
        plain(name), machine.model_threads, measurement.repeats, measurement.failures_count,
        figures.changed_count);
    return text + fmt::format("both:    {}\n", note_on(measurement.calibration));
}

/// Stands under the table and in the document, so that no figure travels without it.
constexpr std::string_view caveat =
    "cases of one scenario differ in their numbers only, so an interval speaks of further seeds "
    "and "
    "not of other faults; the rules were written with these scenarios in sight. Tune no prompt, "
    "prior or calibration on these seeds: collect others, `make decide-cases SEEDS=\"101 102\" "
    "OUT=FILE`, and give them with --cases.";

/// The caveat in lines as wide as the tables.
std::string shown_caveat() {
    constexpr std::size_t width = 90;
    std::string text = "caveat:  ";
    std::string_view rest = caveat;
    while (rest.size() > width) {
        const std::size_t cut = rest.rfind(' ', width);
        text += fmt::format("{}\n         ", rest.substr(0, cut));
        rest.remove_prefix(cut + 1);
    }
    return fmt::format("{}{}\n", text, rest);
}

json::value document_of(const std::optional<Share>& share) {
    if (!share) {
        return nullptr;
    }
    json::object document;
    document["count"] = share->count;
    document["of"] = share->of;
    document["low"] = share->low();
    document["high"] = share->high();
    return document;
}

json::value document_of(const ModeShares& shares) {
    json::object document;
    document["rules"] = document_of(std::optional(shares.rules));
    document["model"] = document_of(shares.model);
    document["both"] = document_of(shares.both);
    return document;
}

json::value document_of(const Timings& timings) {
    const Latency latency = latency_of(timings);
    json::object document;
    document["count"] = latency.count;
    document["p50_ms"] = latency.p50;
    document["p99_ms"] = latency.p99;
    document["max_ms"] = latency.most;
    document["in_time_count"] = latency.in_time_count;
    document["tokens_fresh_p50"] =
        timings.tokens_fresh.empty() ? json::value() : json::value(latency.tokens_fresh);
    return document;
}

json::value document_of(const RowFigures& row) {
    json::object document;
    document["cases_count"] = row.cases_count;
    document["one_entry_count"] = row.one_entry_count;
    document["right_is_offered"] = document_of(std::optional(row.right_is_offered));
    document["right"] = document_of(row.right);
    document["harmful"] = document_of(row.harmful);
    document["blind"] = row.right.rules.of == 0 ? json::value() : json::value(row.blind);
    document["model_without_menu_right"] = document_of(row.free_right);
    document["model_without_menu_harmful"] = document_of(row.free_harmful);
    return document;
}

json::value document_of(const Machine& machine) {
    json::object document;
    document["cores"] = machine.cores;
    document["load_before"] = machine.load_before;
    document["load_after"] = machine.load_after;
    document["model_threads"] = machine.model_threads;
    return document;
}

json::value document_of_model(const DecideFigures& figures, const DecideMeasurement& measurement) {
    json::object labels;
    for (const auto& [kind, label] : figures.labels) {
        json::object one;
        one["first"] = document_of(std::optional(label.first));
        one["probability"] = label.probability;
        one["probability_on_nothing"] = label.probability_on_nothing;
        labels[to_text(kind)] = std::move(one);
    }
    json::object document;
    document["was_there"] = measurement.was_model_there;
    document["says"] = json::value(measurement.model);
    document["lambda"] = lambda_of(measurement.calibration);
    document["failures_count"] = measurement.failures_count;
    document["changed_count"] = figures.changed_count;
    document["labels"] = std::move(labels);
    return document;
}

}  // namespace

std::string to_table(const DecideFigures& figures, const DecideMeasurement& measurement) {
    std::string text = fmt::format("{} cases from {} seeds of the demo; intervals are of 95 %\n\n",
                                   measurement.answers.size(), figures.seeds_count);
    text += table_of_menus(figures);
    text += table_of_modes(figures, "RIGHT, OF CHOICES", &RowFigures::right);
    text += table_of_modes(figures, "HARM, IF OFFERED", &RowFigures::harmful);
    if (measurement.was_model_there) {
        text += table_of_free_answers(figures);
    }
    return text + table_of_latency(measurement) + notes_on(figures, measurement) + shown_caveat();
}

json::value to_document(const DecideFigures& figures, const DecideMeasurement& measurement) {
    json::object rows;
    for (const auto& [name, row] : rows_of(figures)) {
        rows[name] = document_of(row);
    }
    json::object latency;
    latency["rules"] = document_of(measurement.rules);
    latency["cold"] = measurement.was_model_there ? document_of(measurement.cold) : json::value();
    latency["again"] = measurement.was_model_there ? document_of(measurement.again) : json::value();
    json::object document;
    document["cases_count"] = measurement.answers.size();
    document["seeds_count"] = figures.seeds_count;
    document["repeats"] = measurement.repeats;
    document["machine"] = document_of(measurement.machine);
    document["model"] = document_of_model(figures, measurement);
    document["rows"] = std::move(rows);
    document["latency"] = std::move(latency);
    document["caveat"] = caveat;
    return document;
}

}  // namespace homeostat::app
