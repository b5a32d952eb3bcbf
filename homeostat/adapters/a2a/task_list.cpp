#include "homeostat/adapters/a2a/task_list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

namespace homeostat::adapters::a2a {

namespace {

bool is_asked_for(const A2aTask& task, const ListParams& params) {
    const TaskStatus& status = status_of(task);
    return (params.context_id.empty() || params.context_id == task.context_id) &&
           (!params.state || *params.state == status.state) &&
           (!params.since || *params.since <= status.at);
}

/// Newest first; of the same millisecond by id, so that there is one order.
bool is_before(const Cursor& left, const Cursor& right) {
    return std::tie(right.at, left.id) < std::tie(left.at, right.id);
}

Cursor place_of(const A2aTask& task) {
    return {status_of(task).at, task.id};
}

}  // namespace

json::object page_of(std::vector<A2aTask> tasks, const ListParams& params) {
    std::erase_if(tasks, [&](const A2aTask& task) { return !is_asked_for(task, params); });
    std::ranges::sort(tasks, is_before, place_of);
    const auto begin = params.after
                           ? std::ranges::upper_bound(tasks, *params.after, is_before, place_of)
                           : tasks.begin();
    const auto left = static_cast<std::size_t>(tasks.end() - begin);
    const std::size_t count = std::min(params.page_size, left);
    json::array page;
    for (std::size_t index = 0; index < count; ++index) {
        page.emplace_back(to_json(begin[static_cast<std::ptrdiff_t>(index)], params.detail));
    }
    const bool has_more = count < left;
    json::object response;
    response["nextPageToken"] =
        has_more ? json::value(token_of(place_of(begin[static_cast<std::ptrdiff_t>(count) - 1])))
                 : json::value("");
    response["pageSize"] = static_cast<std::uint64_t>(params.page_size);
    response["totalSize"] = static_cast<std::uint64_t>(tasks.size());
    response["tasks"] = std::move(page);
    return response;
}

}  // namespace homeostat::adapters::a2a
