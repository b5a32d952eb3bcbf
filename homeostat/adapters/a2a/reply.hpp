#pragma once

// reply_to: what one HTTP request to an agent's outer door comes to. All of A2A is decided here;
// what takes time is returned as data, and door.hpp awaits it.
//
// Whoever reaches the door may read: its card, and what is promised now. Nobody may change anything
// by it but with a signed pledge, which the desk checks. Words are never carried out, and no model
// is asked about them.
//
// Pure but for the desk. Values only.

#include "homeostat/adapters/a2a/card.hpp"
#include "homeostat/adapters/a2a/desk.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/http_message.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace homeostat::adapters::a2a {

/// Names for what we say. The prefix is of this life of the process, so that no two are alike.
struct Names {
    std::string prefix;
    std::uint64_t next_number{1};

    [[nodiscard]] std::string next(std::string_view kind);
};

/// A client follows a task: events until it is terminal.
struct Follow {
    json::value id;  ///< Of the call.
    std::string task_id;
    std::size_t told_count{1};  ///< Updates of the task that the client knows; never 0.
    bool has_begun{false};      ///< It was told the task as a whole.
};

/// A client waits until a task is at rest.
struct Wait {
    json::value id;
    std::string task_id;
    std::optional<std::size_t> history_max{};
};

using Reply = std::variant<net::HttpResponse, Follow, Wait>;

[[nodiscard]] Reply reply_to(const net::HttpRequest& request,
                             const Card& card,
                             const Desk& desk,
                             Names& names);

/// The reply to whoever waited, however the task stands now. Unset: it is gone.
[[nodiscard]] net::HttpResponse reply_after(const Wait& wait, const std::optional<A2aTask>& task);

/// The events that this client does not know yet, and no more after the last of a terminal task.
[[nodiscard]] net::HttpPiece next_events(Follow& follow, const std::optional<A2aTask>& task);

}  // namespace homeostat::adapters::a2a
