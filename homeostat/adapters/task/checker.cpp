#include "homeostat/adapters/task/checker.hpp"

#include "homeostat/adapters/task/run_action.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <deque>
#include <iterator>
#include <utility>

namespace homeostat::adapters::task {

namespace asio = boost::asio;

namespace {

constexpr auto as_values = asio::as_tuple(asio::use_awaitable);

}  // namespace

struct Checker::State {
    State(asio::any_io_executor its_executor, Action its_check)
        : executor(std::move(its_executor)),
          check(std::move(its_check)),
          answered(executor, asio::steady_timer::time_point::max()) {}

    asio::any_io_executor executor;
    Action check;
    asio::steady_timer answered;  ///< Never due: whoever waits for it is woken by an answer.
    std::deque<Answer> answers;
    std::uint64_t number{0};
    Instant began_at{};
    bool is_under_way{false};
};

Checker::Checker(asio::any_io_executor executor, Action check)
    : state_(std::make_shared<State>(std::move(executor), std::move(check))) {}

Task<void> Checker::look(std::shared_ptr<State> state) {
    Task<Ran> looked = run_action(state->check, Purpose(), Instant::max());
    const Ran ran = co_await std::move(looked);
    state->number += 1;
    state->answers.push_back({.number = state->number,
                              .began_at = state->began_at,
                              .ended_at = os::read_boot_clock(),
                              .is_well = health_of(state->check, ran)});
    if (state->answers.size() > answers_kept_max) {
        state->answers.pop_front();
    }
    state->is_under_way = false;
    state->answered.cancel();
}

void Checker::begin() {
    if (state_->is_under_way) {
        return;
    }
    state_->is_under_way = true;
    state_->began_at = os::read_boot_clock();
    asio::co_spawn(state_->executor, look(state_), asio::detached);
}

bool Checker::is_under_way() const {
    return state_->is_under_way;
}

Task<void> Checker::wait(Instant deadline) {
    using asio::experimental::awaitable_operators::operator||;
    const std::shared_ptr<State> state = state_;
    if (!state->is_under_way) {
        co_return;
    }
    asio::steady_timer late{state->executor, deadline - os::read_boot_clock()};
    auto answer = state->answered.async_wait(as_values);
    auto end = late.async_wait(as_values);
    co_await (std::move(answer) || std::move(end));
}

const Answer* Checker::last() const {
    return state_->answers.empty() ? nullptr : &state_->answers.back();
}

Instant Checker::began_at() const {
    return state_->began_at;
}

std::vector<Answer> Checker::since(std::uint64_t number) const {
    std::vector<Answer> found;
    std::ranges::copy_if(state_->answers, std::back_inserter(found),
                         [number](const Answer& answer) { return answer.number > number; });
    return found;
}

}  // namespace homeostat::adapters::task
