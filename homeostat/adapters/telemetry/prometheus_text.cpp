#include "homeostat/adapters/telemetry/prometheus_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>

namespace homeostat::adapters::telemetry {

namespace {

struct Series {
    std::string_view name;
    std::map<std::string_view, std::string> labels;
    double value{0};
};

/// Why a line is refused; nothing when it was read.
using Trouble = std::optional<std::string_view>;

bool is_name_byte(char c, bool is_first, bool may_have_colon) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool is_digit = c >= '0' && c <= '9';
    return is_letter || (is_digit && !is_first) || (c == ':' && may_have_colon);
}

std::string_view take_name(std::string_view& rest, bool may_have_colon) {
    std::size_t size = 0;
    while (size < rest.size() && is_name_byte(rest[size], size == 0, may_have_colon)) {
        ++size;
    }
    const std::string_view name = rest.substr(0, size);
    rest.remove_prefix(size);
    return name;
}

/// Returns whether there was any.
bool take_spaces(std::string_view& rest) {
    const std::size_t size = std::min(rest.find_first_not_of(" \t"), rest.size());
    rest.remove_prefix(size);
    return size > 0;
}

bool take(std::string_view& rest, char wanted) {
    if (!rest.starts_with(wanted)) {
        return false;
    }
    rest.remove_prefix(1);
    return true;
}

std::string_view take_word(std::string_view& rest) {
    const std::size_t size = std::min(rest.find_first_of(" \t"), rest.size());
    const std::string_view word = rest.substr(0, size);
    rest.remove_prefix(size);
    return word;
}

std::optional<std::string> take_label_value(std::string_view& rest) {
    std::string value;
    if (!take(rest, '"')) {
        return std::nullopt;
    }
    while (!rest.empty()) {
        const char c = rest.front();
        rest.remove_prefix(1);
        if (c == '"') {
            return value;
        }
        if (c != '\\') {
            value += c;
            continue;
        }
        if (!rest.starts_with('\\') && !rest.starts_with('"') && !rest.starts_with('n')) {
            return std::nullopt;
        }
        value += rest.front() == 'n' ? '\n' : rest.front();
        rest.remove_prefix(1);
    }
    return std::nullopt;
}

/// Takes what stands between braces, the closing one included.
Trouble take_labels(std::string_view& rest, Series& series) {
    take_spaces(rest);
    while (!take(rest, '}')) {
        const std::string_view name = take_name(rest, false);
        take_spaces(rest);
        if (name.empty() || !take(rest, '=')) {
            return "a label is name=\"value\"";
        }
        take_spaces(rest);
        std::optional<std::string> value = take_label_value(rest);
        if (!value) {
            return "a label's value stands in quotes, with only \\\\, \\\" and \\n escaped";
        }
        if (!series.labels.emplace(name, *std::move(value)).second) {
            return "a label stands twice";
        }
        if (series.labels.size() > metric_labels_max) {
            return "too many labels";
        }
        take_spaces(rest);
        const bool has_comma = take(rest, ',');
        take_spaces(rest);
        if (!has_comma && !rest.starts_with('}')) {
            return "labels are parted by commas and end with a brace";
        }
    }
    return std::nullopt;
}

std::optional<double> parse_value(std::string_view word) {
    const bool is_negative = word.starts_with('-');
    std::string_view digits = word;
    if (digits.starts_with('+') || is_negative) {
        digits.remove_prefix(1);
    }
    if (digits == "Inf") {
        const double infinity = std::numeric_limits<double>::infinity();
        return is_negative ? -infinity : infinity;
    }
    if (word == "NaN") {
        return std::numeric_limits<double>::quiet_NaN();
    }
    // from_chars would take "inf", "nan" and a second sign.
    const bool begins_as_number =
        !digits.empty() &&
        ((digits.front() >= '0' && digits.front() <= '9') || digits.front() == '.');
    double value = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, value);
    if (!begins_as_number || error != std::errc{} || stopped != end) {
        return std::nullopt;
    }
    return is_negative ? -value : value;
}

bool is_timestamp(std::string_view word) {
    std::int64_t value = 0;
    const char* const end = word.data() + word.size();
    const auto [stopped, error] = std::from_chars(word.data(), end, value);
    return error == std::errc{} && stopped == end;
}

/// name{label="value",…} value [timestamp]
Trouble read_series(std::string_view line, Series& series) {
    series.name = take_name(line, true);
    if (series.name.empty()) {
        return "a line begins with a metric's name or with #";
    }
    bool is_parted = take_spaces(line);
    if (take(line, '{')) {
        if (const Trouble trouble = take_labels(line, series)) {
            return trouble;
        }
        take_spaces(line);
        is_parted = true;
    }
    const std::optional<double> value = parse_value(take_word(line));
    if (!is_parted || !value) {
        return "a number follows the name";
    }
    series.value = *value;
    take_spaces(line);
    if (!line.empty() && !is_timestamp(take_word(line))) {
        return "only a timestamp in milliseconds may follow the number";
    }
    take_spaces(line);
    return line.empty() ? Trouble() : "the line goes on after its end";
}

/// What is said of a series, whatever the order of its labels. Only for telling two apart.
std::string identity_of(const Series& series) {
    std::string identity(series.name);
    for (const auto& [name, value] : series.labels) {
        identity += fmt::format("\n{}:{}:{}", name, value.size(), value);
    }
    return identity;
}

/// The sums by name, in the order in which the names came.
class Sums {
  public:
    Trouble add(const Series& series) {
        if (!seen_.insert(identity_of(series)).second) {
            return "the same series stands in it twice";
        }
        if (series.labels.contains("le") || series.labels.contains("quantile")) {
            return std::nullopt;
        }
        const auto [place, is_new] = places_.try_emplace(series.name, values_.size());
        if (is_new) {
            values_.emplace_back(std::string(series.name), 0);
        }
        if (values_.size() > metric_names_max) {
            return "more than 500 names; let the service publish fewer";
        }
        values_[place->second].second += series.value;
        return std::nullopt;
    }

    [[nodiscard]] std::vector<std::pair<std::string, double>> finite() && {
        std::erase_if(values_, [](const auto& named) { return !std::isfinite(named.second); });
        return std::move(values_);
    }

  private:
    std::vector<std::pair<std::string, double>> values_;
    std::map<std::string_view, std::size_t> places_;
    std::set<std::string> seen_;
};

std::unexpected<Error> refuse(std::size_t line_number, std::string_view why) {
    return fail(Fault::broken, fmt::format("metrics, line {}: {}", line_number, why));
}

}  // namespace

Result<std::vector<std::pair<std::string, double>>> parse_prometheus(std::string_view text) {
    if (text.size() > metrics_bytes_max) {
        return fail(Fault::broken, fmt::format("metrics: {} bytes, at most {} are read",
                                               text.size(), metrics_bytes_max));
    }
    Sums sums;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            return refuse(number, "the last line has no end, so the page was cut");
        }
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        take_spaces(line);
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        Series series;
        Trouble trouble = read_series(line, series);
        if (!trouble) {
            trouble = sums.add(series);
        }
        if (trouble) {
            return refuse(number, *trouble);
        }
    }
    return std::move(sums).finite();
}

}  // namespace homeostat::adapters::telemetry
