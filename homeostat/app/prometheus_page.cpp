#include "homeostat/app/prometheus_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <numeric>

namespace homeostat::app {

namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') {
            out += '\\';
        }
        out += c;
    }
    return out;
}

}  // namespace

void DurationCounts::add(Duration took) {
    // A reading of two clocks may give less than nothing; a sum that falls is no counter.
    const double seconds = std::max(0.0, std::chrono::duration<double>(took).count());
    const auto* const bucket = std::ranges::lower_bound(seconds_max, seconds);
    if (bucket != seconds_max.end()) {
        counts_[static_cast<std::size_t>(std::distance(seconds_max.begin(), bucket))] += 1;
    }
    count_ += 1;
    seconds_sum_ += seconds;
}

std::uint64_t DurationCounts::up_to(std::size_t index) const {
    const auto end = counts_.begin() + static_cast<std::ptrdiff_t>(index) + 1;
    return std::accumulate(counts_.begin(), end, std::uint64_t{0});
}

void PrometheusPage::begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void PrometheusPage::add(double value, const Labels& labels) {
    add_as("", value, labels);
}

void PrometheusPage::add(const DurationCounts& durations, const Labels& labels) {
    const auto up_to = [&labels](std::string bound) {
        Labels all = labels;
        all.emplace_back("le", std::move(bound));
        return all;
    };
    for (std::size_t index = 0; index < DurationCounts::seconds_max.size(); ++index) {
        add_as("_bucket", static_cast<double>(durations.up_to(index)),
               up_to(fmt::format("{}", DurationCounts::seconds_max[index])));
    }
    add_as("_bucket", static_cast<double>(durations.count()), up_to("+Inf"));
    add_as("_sum", durations.seconds_sum(), labels);
    add_as("_count", static_cast<double>(durations.count()), labels);
}

void PrometheusPage::add_as(std::string_view suffix, double value, const Labels& labels) {
    std::string inside;
    for (const auto& [name, text] : labels) {
        inside += fmt::format("{}{}=\"{}\"", inside.empty() ? "" : ",", name, escaped(text));
    }
    text_ += name_;
    text_ += suffix;
    text_ += inside.empty() ? "" : "{" + inside + "}";
    text_ += fmt::format(" {}\n", value);
}

}  // namespace homeostat::app
