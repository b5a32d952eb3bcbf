#pragma once

// KitTasks: the test-only skill that A2A's compatibility kit asks of a server under test. What is
// to happen stands in the beginning of a message's id: "tck-complete-task-1f" completes a task.
//
// SOURCE: a2aproject/a2a-tck, scenarios/core_operations.feature.
//
// Pure: time is given. Not thread-safe; lives on the strand of the door.

#include "homeostat/adapters/a2a/desk.hpp"
#include "homeostat/adapters/a2a/task.hpp"
#include "homeostat/base/time.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim::sut {

namespace a2a = adapters::a2a;

class KitTasks {
  public:
    /// `life` tells the ids of this process from those of any other.
    explicit KitTasks(std::string life) : life_(std::move(life)) {}

    /// REQUIRES: a task that the message names is known and not terminal.
    [[nodiscard]] a2a::Said converse(const a2a::Message& message, WallTime now);

    [[nodiscard]] std::optional<a2a::A2aTask> task_of(std::string_view id, WallTime now);
    [[nodiscard]] std::vector<a2a::A2aTask> tasks(WallTime now);

    /// False: there is none that could be ended.
    [[nodiscard]] bool cancel(std::string_view id, WallTime now);

    static constexpr std::size_t tasks_max = 512;   ///< A run of the kit makes some two hundred.
    static constexpr std::size_t updates_max = 64;  ///< Of one task.

  private:
    struct Planned {
        WallTime due;
        a2a::TaskUpdate update;
    };
    struct Kept {
        a2a::A2aTask task;
        std::vector<Planned> planned{};  ///< In the order of their times.
    };

    [[nodiscard]] std::string next_id(std::string_view kind);
    [[nodiscard]] std::string context_of(const a2a::Message& message);
    [[nodiscard]] Kept* find(std::string_view id);
    [[nodiscard]] Kept& begin_task(const a2a::Message& message, WallTime now);
    [[nodiscard]] a2a::Message words(std::string_view text, std::string context_id);
    void plan(Kept& kept, const a2a::Message& message, WallTime now);
    void let_happen(Kept& kept, WallTime now);

    std::string life_;
    std::uint64_t next_number_{1};
    std::deque<Kept> kept_;  ///< Oldest first.
};

}  // namespace homeostat::sim::sut
