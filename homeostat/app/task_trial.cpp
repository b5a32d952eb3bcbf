#include "homeostat/app/task_trial.hpp"

#include "homeostat/adapters/task/run_action.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace homeostat::app {

namespace {

using adapters::task::Action;
using adapters::task::Declaration;
using adapters::task::Purpose;
using adapters::task::Ran;
using namespace std::chrono_literals;

constexpr Duration settle_for = 16s;  ///< As long as a proof of the executor's waits.
constexpr Duration look_again_after = 300ms;
constexpr Duration break_within = 30s;
/// Of its timeout: what takes longer on an idle day takes too long on a bad one.
constexpr double slow_share = 0.5;

std::uint64_t ms_of(Duration span) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(span).count());
}

/// The parts of one trial, so that its steps need not hand them on.
class Trying {
  public:
    Trying(Declaration declaration, TrialOptions options, Trial& trial)
        : declaration_(std::move(declaration)), options_(std::move(options)), trial_(trial) {}

    Task<void> go();

  private:
    Task<Result<bool>> look();
    Task<bool> look_until(bool is_well);
    Task<bool> act(std::string step, Action action);
    Task<bool> break_it();
    Task<bool> mend();
    Task<bool> take_back();
    void note(std::string step, std::string result, const Action& action, const Ran& ran);

    Declaration declaration_;
    TrialOptions options_;
    Trial& trial_;
    std::uint32_t actions_count_{0};
};

void Trying::note(std::string step, std::string result, const Action& action, const Ran& ran) {
    if (ran.took > action.timeout * slow_share) {
        std::string warning = fmt::format(
            "{} took {:.1f} s of the {:.1f} s that it may take; a longer timeout would "
            "be safer",
            step, to_seconds(ran.took), to_seconds(action.timeout));
        options_.tell("warning: " + warning);
        trial_.warnings.push_back(std::move(warning));
    }
    options_.tell(
        fmt::format("{}: {} after {:.2f} s ({})", step, result, to_seconds(ran.took), ran.because));
    trial_.steps.push_back({.step = std::move(step),
                            .result = std::move(result),
                            .took_ms = ms_of(ran.took),
                            .timeout_ms = ms_of(action.timeout),
                            .because = ran.because,
                            .output = ran.output});
}

Task<Result<bool>> Trying::look() {
    Task<Ran> looked = run_action(declaration_.check, Purpose(), Instant::max());
    const Ran ran = co_await std::move(looked);
    const Result<bool> is_well = health_of(declaration_.check, ran);
    note("check", !is_well ? "no answer" : *is_well ? "well" : "not well", declaration_.check, ran);
    if (!is_well) {
        trial_.trouble = "the check does not answer: " + is_well.error().text;
    }
    co_return is_well;
}

Task<bool> Trying::look_until(bool is_well) {
    const Instant until = os::read_boot_clock() + settle_for;
    while (true) {
        const Result<bool> seen = co_await look();
        if (!seen || *seen == is_well) {
            co_return seen.has_value();
        }
        if (os::read_boot_clock() >= until) {
            co_return false;
        }
        auto executor = co_await boost::asio::this_coro::executor;
        boost::asio::steady_timer pause{executor, look_again_after};
        co_await pause.async_wait(boost::asio::use_awaitable);
    }
}

Task<bool> Trying::act(std::string step, Action action) {
    options_.tell(fmt::format("{}: {} (at most {:.0f} s)", step, describe(action),
                              to_seconds(action.timeout)));
    actions_count_ += 1;
    Purpose purpose{.effect = fmt::format("{}.{}", options_.effect, actions_count_),
                    .held_fd = options_.held_fd,
                    .jobs = options_.jobs};
    const Ran ran = co_await run_action(action, std::move(purpose), Instant::max());
    const Outcome outcome = outcome_of(action, ran);
    note(step, std::string(to_text(outcome.kind)), action, ran);
    if (outcome.kind != OutcomeKind::done) {
        trial_.trouble =
            fmt::format("{} is {}: {}{}", step, to_text(outcome.kind), outcome.because,
                        outcome.kind == OutcomeKind::unknown
                            ? "; what it changed by then is not known, look for yourself"
                            : "");
    }
    co_return outcome.kind == OutcomeKind::done;
}

/// What the task is for has to be there, or nothing shows that it mends anything.
Task<bool> Trying::break_it() {
    const Result<bool> is_well = co_await look();
    if (!is_well || !*is_well) {
        co_return is_well.has_value();
    }
    if (!options_.breaks) {
        trial_.trouble =
            "the check says that all is well, so nothing would show that the task mends anything. "
            "Bring about what it is for first, or name a program that does: --break PROGRAM";
        co_return false;
    }
    Action breaks{.call = *options_.breaks, .timeout = break_within};
    const bool is_done = co_await act("break", std::move(breaks));
    if (!is_done) {
        co_return false;
    }
    const bool is_broken = co_await look_until(false);
    if (!is_broken && trial_.trouble.empty()) {
        trial_.trouble = "the check goes on to say that all is well, after --break as before";
    }
    co_return is_broken;
}

Task<bool> Trying::mend() {
    const bool is_done = co_await act("run", declaration_.run);
    if (!is_done) {
        co_return false;
    }
    const bool is_mended = co_await look_until(true);
    if (!is_mended && trial_.trouble.empty()) {
        trial_.trouble = "the task was done, and the check goes on to say that all is not well";
    }
    co_return is_mended;
}

Task<bool> Trying::take_back() {
    const bool is_done = co_await act("take_back", *declaration_.take_back);
    if (!is_done) {
        co_return false;
    }
    const Result<bool> is_well = co_await look();
    if (!is_well || *is_well) {
        co_return is_well.has_value();
    }
    const bool is_mended = co_await mend();
    co_return is_mended;
}

Task<void> Trying::go() {
    const bool is_broken = co_await break_it();
    if (!is_broken) {
        co_return;
    }
    const bool is_mended = co_await mend();
    if (!is_mended || !declaration_.take_back) {
        co_return;
    }
    static_cast<void>(co_await take_back());
}

std::optional<std::uint64_t> longest(const Trial& trial, std::string_view step) {
    std::optional<std::uint64_t> most;
    for (const TrialStep& each : trial.steps) {
        if (each.step == step) {
            most = std::max(most.value_or(0), each.took_ms);
        }
    }
    return most;
}

}  // namespace

Task<void> try_task(Declaration declaration, TrialOptions options, Trial& trial) {
    Trying trying(std::move(declaration), std::move(options), trial);
    co_await trying.go();
}

adapters::task::TaskProof proof_of(const Declaration& declaration,
                                   const Trial& trial,
                                   std::string proven_at,
                                   std::string by) {
    return {.task = declaration.task.text(),
            .declaration = digest_of(declaration),
            .proven_at = std::move(proven_at),
            .by = std::move(by),
            .check_ms = longest(trial, "check").value_or(0),
            .run_ms = longest(trial, "run").value_or(0),
            .take_back_ms = longest(trial, "take_back")};
}

}  // namespace homeostat::app
