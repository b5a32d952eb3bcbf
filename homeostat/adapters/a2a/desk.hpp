#pragma once

// Desk: what stands behind the door. The door knows A2A, the desk knows what there is to tell.
//
// All of it is called on the door's strand and returns at once. What is left empty is not offered,
// and the door says so.

#include "homeostat/adapters/a2a/refusal.hpp"
#include "homeostat/adapters/a2a/task.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homeostat::adapters::a2a {

/// A message became a task, or was said to one.
struct Begun {
    std::string task_id;
    std::size_t updates_before{1};  ///< Of the task, when it was said, 1 at least. Who follows
                                    ///< hears the rest.
};

/// What comes of a message in words.
using Said = std::variant<Message, Begun, Refusal>;

struct Desk {
    /// Takes the bytes of one signed message of the pledge protocol. What is not taken changes
    /// nothing and gives the name of why: "forged".
    std::function<std::optional<std::string>(std::string_view bytes)> take_pledge{};

    /// Every task that may be told of, in any order; each with a bounded list of updates.
    std::function<std::vector<A2aTask>()> tasks{};
    std::function<std::optional<A2aTask>(std::string_view id)> task_of{};

    /// Ends a task that is not terminal; the task then says so itself. False: it is not for a
    /// client to end.
    std::function<bool(std::string_view id)> cancel{};

    /// Answers words. Empty: the door says what can be asked. Only the server under test has it.
    std::function<Said(const Message& message)> converse{};
};

}  // namespace homeostat::adapters::a2a
