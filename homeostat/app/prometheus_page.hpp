#pragma once

// PrometheusPage: our own numbers in the Prometheus text format (version 0.0.4), as it is written.
//
// A family is begun once and its samples follow at once, so that no reader meets a sample before
// its type. Names are literals of ours; label values are escaped.
//
// SOURCE: prometheus.io/docs/instrumenting/exposition_formats. Pure.

#include "homeostat/base/time.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::app {

constexpr std::string_view prometheus_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// How long something took, counted by upper bounds.
class DurationCounts {
  public:
    /// From a reflex (about a millisecond) to the slowest model that still has a deadline.
    static constexpr std::array seconds_max{0.001, 0.005, 0.01, 0.025, 0.05, 0.1,
                                            0.25,  0.5,   1.0,  2.5,   5.0,  10.0};

    void add(Duration took);

    /// How many took at most `seconds_max[index]`.
    [[nodiscard]] std::uint64_t up_to(std::size_t index) const;
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] double seconds_sum() const { return seconds_sum_; }

  private:
    std::array<std::uint64_t, seconds_max.size()> counts_{};  ///< Each value in its bucket only.
    std::uint64_t count_{0};
    double seconds_sum_{0};
};

class PrometheusPage {
  public:
    using Labels = std::vector<std::pair<std::string_view, std::string>>;

    /// `name` without the suffixes of a histogram; `type` is counter, gauge or histogram.
    void begin(std::string_view name, std::string_view type, std::string_view help);
    void add(double value, const Labels& labels = {});
    void add(const DurationCounts& durations, const Labels& labels = {});

    [[nodiscard]] const std::string& text() const { return text_; }

  private:
    void add_as(std::string_view suffix, double value, const Labels& labels);

    std::string text_;
    std::string name_;
};

}  // namespace homeostat::app
