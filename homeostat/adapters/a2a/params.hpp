#pragma once

// The parameters of A2A's methods, read strictly. What A2A does not know is passed over, as it
// wants; what it knows has its kind and its bounds, and a null is as good as nothing.
//
// Pure. Values only.

#include "homeostat/adapters/a2a/refusal.hpp"
#include "homeostat/adapters/a2a/task.hpp"
#include "homeostat/base/json.hpp"

#include <cstddef>
#include <expected>
#include <optional>
#include <string>

namespace homeostat::adapters::a2a {

constexpr std::size_t name_bytes_max = 128;  ///< Of an id. A UUID has 36.
constexpr std::size_t parts_max = 16;
constexpr std::size_t extensions_max = 16;
constexpr std::size_t page_size_max = 100;     ///< SOURCE: a2a.proto, ListTasksRequest.
constexpr std::size_t page_size_default = 50;  ///< SOURCE: the same.

struct SendParams {
    Message message;
    std::optional<std::size_t> history_max{};
    bool returns_at_once{false};
    bool wants_push{false};
};

struct TaskParams {
    std::string id;
    std::optional<std::size_t> history_max{};
};

/// Where a page ends: the task behind it is older, or as old and of a later id.
struct Cursor {
    WallTime at{};
    std::string id;
};

struct ListParams {
    std::string context_id{};          ///< Empty: any.
    std::optional<TaskState> state{};  ///< Unset: any.
    std::optional<WallTime> since{};
    std::size_t page_size{page_size_default};
    std::optional<Cursor> after{};  ///< Unset: the first page.
    TaskDetail detail{.has_artifacts = false};
};

// Each with ERRORS: params, with every parameter that is wrong.
[[nodiscard]] std::expected<SendParams, Refusal> parse_send(const json::object& params);
[[nodiscard]] std::expected<TaskParams, Refusal> parse_task(const json::object& params);
[[nodiscard]] std::expected<ListParams, Refusal> parse_list(const json::object& params);

/// The text by which a client asks for the next page.
[[nodiscard]] std::string token_of(const Cursor& cursor);

}  // namespace homeostat::adapters::a2a
