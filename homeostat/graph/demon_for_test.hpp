#pragma once

// A demon that gives a thread any input, in any order and at any time, under the eyes of the
// referee. Used with seeds by the tests and with bytes by the fuzzer.
//
// Draw is a callable: draw(n) gives a number below n; 0 should be the ordinary case.
//
// Pure. For tests only.

#include "homeostat/graph/referee_for_test.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::graph::for_test {

template <class Draw>
class Demon {
  public:
    explicit Demon(Draw& draw) : draw_(draw), graph_(lot_graph()) {}

    /// Begins a thread. Gives what went wrong.
    [[nodiscard]] Wrong begin() { return keep(graph_.start("t-1", {}, now_), {}); }

    /// Begins with a commit that anybody may have written. Nothing: it is refused.
    [[nodiscard]] std::optional<Wrong> begin_with(const Commit& commit) {
        Result<Thread<Lot>> thread = graph_.load({&commit, 1});
        if (!thread) {
            ensure(!thread.error().text.empty(), "a refusal says why");
            return std::nullopt;
        }
        referee_.is_strict = false;
        thread_ = std::move(*thread);
        commits_ = {commit};
        return referee_.judge(thread_, commits_, now_);
    }

    /// One input at its time. Gives what went wrong.
    [[nodiscard]] Wrong demand() {
        if (draw_(40) == 39) {
            return branch();
        }
        const bool is_reboot = draw_(60) == 59;
        now_ = is_reboot ? instant_of_ns(1'000) : now_ + pick_wait();
        const Input<Lot> input = is_reboot ? Input<Lot>(Reopen{}) : pick_input();
        const Chance chance{(std::uint64_t{draw_(256)} << 8U) + draw_(256)};
        Result<Advance<Lot>> advance = graph_.advance(thread_, input, {now_, chance});
        if (!advance) {
            const Fault fault = advance.error().fault;
            const bool is_said = fault == Fault::invalid || fault == Fault::refused;
            return is_said ? refusal_of(input, advance.error()) : advance.error().text;
        }
        const Result<Advance<Lot>> again = graph_.advance(thread_, input, {now_, chance});
        if (!again || again->commit != advance->commit) {
            return "the same input makes another commit";
        }
        const bool is_lost = !is_reboot && draw_(16) == 15;  // The process died before it was kept.
        return is_lost ? std::nullopt : keep(std::move(*advance), input);
    }

    [[nodiscard]] const Thread<Lot>& thread() const { return thread_; }
    [[nodiscard]] const std::vector<Commit>& commits() const { return commits_; }

  private:
    [[nodiscard]] Duration pick_wait() {
        using namespace std::chrono_literals;
        constexpr std::array<Duration, 8> waits{0s, 0s, 1ms, 1s, 5s, 30s, 3min, 11min};
        return waits.at(draw_(waits.size()));
    }

    [[nodiscard]] Input<Lot> pick_input() {
        const std::size_t kind = draw_(10);
        const std::vector<Task<Lot>>& tasks = thread_.progress.tasks;
        const Task<Lot>* task = tasks.empty() ? nullptr : &tasks[draw_(tasks.size())];
        switch (kind) {
            case 0:
                return fitting();
            case 1:
                return Go{};
            case 2:
                return Tell<Lot>{"told", task == nullptr ? 1 : task->id,
                                 task == nullptr ? 1 : task->attempt};
            case 3:
                return Tell<Lot>{"told", draw_(4), draw_(3)};
            case 4:
                return Tick{};
            case 5:
                return Reply<Lot>{{true, "ann"},
                                  task == nullptr || !task->question ? "" : task->question->id};
            case 6:
                return Reply<Lot>{{draw_(2) == 1, draw_(4) == 3 ? "" : "bob"},
                                  question_id("t-1", draw_(8))};
            case 7:
                return Reopen{};
            case 8:
                return Retry{};
            default:
                return Release{};
        }
    }

    /// What the thread says that it waits for.
    [[nodiscard]] Input<Lot> fitting() const {
        const std::optional<Instant> due_at = graph_.due_at(thread_);
        switch (thread_.progress.status) {
            case ThreadStatus::parked:
                return Retry{};
            case ThreadStatus::paused:
                return Release{};
            default:
                break;
        }
        return due_at && *due_at <= now_ ? Input<Lot>(Tick{}) : Input<Lot>(Go{});
    }

    /// A thread that says what it waits for has to take it.
    [[nodiscard]] Wrong refusal_of(const Input<Lot>& input, const Error& error) const {
        const ThreadStatus status = thread_.progress.status;
        const std::optional<Instant> due_at = graph_.due_at(thread_);
        const bool fits =
            (std::holds_alternative<Go>(input) && LotGraph::has_work(thread_)) ||
            (std::holds_alternative<Tick>(input) && due_at && *due_at <= now_) ||
            (std::holds_alternative<Reopen>(input) && status != ThreadStatus::ended) ||
            (std::holds_alternative<Retry>(input) && status == ThreadStatus::parked) ||
            (std::holds_alternative<Release>(input) && status == ThreadStatus::paused);
        return fits ? Wrong("it refuses what it waits for: " + error.text) : std::nullopt;
    }

    [[nodiscard]] Wrong branch() {
        const std::ptrdiff_t until = std::ptrdiff_t{draw_(commits_.size())} + 1;
        const Result<Thread<Lot>> past =
            graph_.load(from_snapshot({commits_.begin(), std::next(commits_.begin(), until)}));
        if (!past) {
            return "what was read once is refused: " + past.error().text;
        }
        Advance<Lot> advance = graph_.branch(*past, thread_.id + "b", now_);
        thread_ = {};
        commits_.clear();
        referee_.forget_acts();
        return keep(std::move(advance), {});
    }

    [[nodiscard]] Wrong keep(Advance<Lot> advance, const Input<Lot>& input) {
        const Commit& commit = advance.commit;
        if (commit.number != thread_.commits_count + 1 || commit.parent != thread_.hash ||
            commit.hash != content_hash_of(commit)) {
            return "the commit does not follow the one before it";
        }
        const bool was_running = thread_.progress.status == ThreadStatus::running;
        const bool is_told =
            std::holds_alternative<Tell<Lot>>(input) || std::holds_alternative<Tick>(input);
        if (is_told && !was_running) {
            return "a thread that stands still takes a turn";
        }
        if (Wrong wrong = referee_.judge_acts(thread_, advance)) {
            return wrong;
        }
        commits_.push_back(commit);
        apply(thread_, std::move(advance.delta), commits_.back());
        referee_.learn_fates(thread_);
        return referee_.judge(thread_, commits_, now_);
    }

    Draw& draw_;
    LotGraph graph_;
    Instant now_{instant_of_ns(1'000'000'000)};
    Thread<Lot> thread_;
    std::vector<Commit> commits_;
    Referee referee_{graph_};
};

}  // namespace homeostat::graph::for_test
