#include "homeostat/app/export_bound.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::app {

namespace {

bool has_all(const ExportedTo& sink, std::uint64_t groups_count) {
    return sink.next_group && *sink.next_group >= groups_count;
}

}  // namespace

bool ExportBound::is_within(const Standstill& still, std::uint64_t groups, Instant now) const {
    return groups - std::min(groups, still.groups_count) <= limits_.groups_max &&
           now - still.since <= limits_.for_max;
}

void ExportBound::follow(const ExportedTo& sink, std::uint64_t groups_count, Instant now) {
    const auto [found, is_new] = still_.try_emplace(sink.sink);
    Standstill& still = found->second;
    if (is_new) {
        // What a process before us wrote, and it had not taken, counts; the time does not.
        still = {sink.next_group, sink.next_group.value_or(groups_count), now};
    } else if (has_all(sink, groups_count) ||
               (sink.next_group && sink.next_group != still.next_group)) {
        still = {sink.next_group, groups_count, now};
    }
}

void ExportBound::look(const std::vector<ExportedTo>& sinks,
                       std::uint64_t groups_count,
                       Instant now) {
    troubles_.clear();
    bool is_any_within = sinks.empty();
    std::string said;
    for (const ExportedTo& sink : sinks) {
        follow(sink, groups_count, now);
        is_any_within = is_any_within || is_within(still_.at(sink.sink), groups_count, now);
        if (!has_all(sink, groups_count) && !sink.trouble.empty()) {
            troubles_["sink " + sink.sink] = sink.trouble;
        }
        said += fmt::format("{}{}{}", said.empty() ? "" : "; ", sink.sink,
                            sink.trouble.empty() ? " takes nothing" : ": " + sink.trouble);
    }
    if (is_any_within) {
        objection_.clear();
    } else if (objection_.empty()) {
        const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(limits_.for_max);
        objection_ = fmt::format(
            "no sink has taken decisions for more than {} groups or {} minutes; bring one back: {}",
            limits_.groups_max, minutes.count(), said);
    }
}

}  // namespace homeostat::app
