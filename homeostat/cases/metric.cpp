// What a series measures, by its name and unit.

#include "homeostat/cases/survey.hpp"

#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace homeostat::cases {

namespace {

struct Word {
    std::string_view part;
    Metric metric;
};

/// The first that is in the name wins, so the special come before the general.
constexpr auto words = std::to_array<Word>({
    {"users_requests", Metric::users_requests},
    {"users_fail", Metric::users_failed},
    {"users_error", Metric::users_failed},
    {"users_slow", Metric::users_slow},
    {"users_wrong", Metric::users_wrong},
    {"wrong", Metric::wrong},
    {"denied", Metric::denied},
    {"unauthorized", Metric::denied},
    {"retr", Metric::retries},
    {"stale", Metric::stale_ratio},
    {"hit", Metric::hit_ratio},
    {"error", Metric::error_ratio},
    {"fail", Metric::error_ratio},
    {"5xx", Metric::error_ratio},
    {"latency", Metric::latency},
    {"duration", Metric::latency},
    {"response_time", Metric::latency},
    {"p99", Metric::latency},
    {"p95", Metric::latency},
    {"queue", Metric::queue},
    {"waiting", Metric::queue},
    {"pending", Metric::queue},
    {"backlog", Metric::queue},
    {"memory", Metric::memory},
    {"rss", Metric::memory},
    {"heap", Metric::memory},
    {"cpu", Metric::cpu},
    {"descriptor", Metric::descriptors},
    {"open_fd", Metric::descriptors},
    {"fds", Metric::descriptors},
    {"connection", Metric::connections},
    {"pool", Metric::connections},
    {"disk", Metric::disk},
    {"up", Metric::up},
    {"ready", Metric::up},
    {"answering", Metric::up},
    {"request", Metric::requests},
    {"rps", Metric::requests},
    {"qps", Metric::requests},
    {"throughput", Metric::requests},
});

}  // namespace

Metric metric_of(std::string_view name, std::string_view unit) {
    std::string low;
    for (const char letter : name) {
        low += static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    for (const Word& word : words) {
        if (low.find(word.part) != std::string::npos) {
            return word.metric;
        }
    }
    return unit == "ms" || unit == "s" ? Metric::latency : Metric::other;
}

}  // namespace homeostat::cases
