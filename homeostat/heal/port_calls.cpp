#include "homeostat/heal/port_calls.hpp"

#include "homeostat/base/named_enum.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <exception>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

/// What a call and whoever waits for it have in common. Owned by both.
template <class T>
struct Meeting {
    std::optional<T> answer;
    bool has_returned{false};
    bool is_abandoned{false};
    asio::cancellation_signal returned;  ///< Ends the wait.
};

constexpr auto no_answer = "it did not answer by the deadline";
constexpr auto still_out = "an earlier call has not come back";

}  // namespace

PortCalls::PortCalls(asio::any_io_executor strand, ports::Clock& clock, Log log)
    : strand_(std::move(strand)),
      clock_(clock),
      log_(std::move(log)),
      abandoned_(std::make_shared<std::multiset<Call>>()) {}

template <class T>
Task<std::optional<T>> PortCalls::answer_to(Call call,
                                            Task<T> task,
                                            Instant deadline,
                                            std::function<void(const T&)> take_late) {
    auto meeting = std::make_shared<Meeting<T>>();
    asio::co_spawn(strand_, std::move(task),
                   [meeting, call, abandoned = abandoned_, late = std::move(take_late)](
                       const std::exception_ptr& trouble, T answer) {
                       meeting->has_returned = true;
                       if (meeting->is_abandoned) {
                           abandoned->erase(abandoned->find(call));
                           late(answer);
                           return;
                       }
                       if (!trouble) {
                           meeting->answer = std::move(answer);
                       }
                       meeting->returned.emit(asio::cancellation_type::terminal);
                   });
    Task<void> wait = clock_.sleep_until(deadline + answer_grace);
    auto ends_early =
        asio::bind_cancellation_slot(meeting->returned.slot(), asio::as_tuple(asio::use_awaitable));
    co_await asio::co_spawn(strand_, std::move(wait), std::move(ends_early));
    if (!meeting->has_returned) {
        meeting->is_abandoned = true;
        abandoned_->insert(call);
    }
    co_return std::move(meeting->answer);
}

template <class T>
Task<Result<T>> PortCalls::result_of(Call call, Task<Result<T>> task, Instant deadline) {
    if (is_out(call)) {
        co_return fail(Fault::late, still_out);
    }
    const auto drop = [](const Result<T>&) {};
    std::optional<Result<T>> result =
        co_await answer_to<Result<T>>(call, std::move(task), deadline, drop);
    if (!result) {
        co_return fail(Fault::late, no_answer);
    }
    co_return std::move(*result);
}

Task<Result<std::vector<Reading>>> PortCalls::read(ports::Telemetry& source, Instant deadline) {
    const Call call{&source, Kind::reading};
    return result_of(call, source.read(deadline), deadline);
}

Task<Result<FactsPart>> PortCalls::read(ports::Actuator& actuator, Instant deadline) {
    return part_of(actuator, &ports::Actuator::read, deadline);
}

Task<Result<FactsPart>> PortCalls::glance(ports::Actuator& actuator, Instant deadline) {
    return part_of(actuator, &ports::Actuator::glance, deadline);
}

Task<Result<FactsPart>> PortCalls::part_of(ports::Actuator& actuator,
                                           LookAtPart look,
                                           Instant deadline) {
    const Call step{&actuator, Kind::step};
    if (is_out(step)) {
        co_return fail(Fault::busy, "a step that was given up may still happen there");
    }
    const Call call{&actuator, Kind::reading};
    Task<Result<FactsPart>> reading = (actuator.*look)(deadline);
    Result<FactsPart> part = co_await result_of(call, std::move(reading), deadline);
    co_return part;
}

Task<Outcome> PortCalls::perform(ports::Actuator& actuator, Request request, Instant deadline) {
    const Call call{&actuator, Kind::step};
    if (is_out(call)) {
        co_return Outcome{OutcomeKind::refused, still_out};
    }
    const std::string effect = request.effect().text();
    const auto tell_late = [log = log_, effect](const Outcome& late) {
        log(fmt::format("{} has come back after it was given up: {} ({})", effect,
                        to_text(late.kind), late.because));
    };
    Task<Outcome> step = actuator.perform(std::move(request), deadline);
    std::optional<Outcome> outcome =
        co_await answer_to<Outcome>(call, std::move(step), deadline, tell_late);
    if (outcome) {
        co_return std::move(*outcome);
    }
    log_(effect +
         " did not come back by its deadline and was given up; nothing is read or done "
         "there until it does");
    co_return Outcome{OutcomeKind::unknown, no_answer};
}

Task<Result<Ranking>> PortCalls::rank(ports::Oracle& oracle,
                                      Evidence evidence,
                                      std::vector<RemedyKind> kinds,
                                      Instant deadline) {
    const Call call{&oracle, Kind::question};
    return result_of(call, oracle.rank(std::move(evidence), std::move(kinds), deadline), deadline);
}

Task<Result<FleetWord>> PortCalls::take(ports::FleetBudget& fleet, FleetAsk ask, Instant deadline) {
    const Call call{&fleet, Kind::question};
    return result_of(call, fleet.take(std::move(ask), deadline), deadline);
}

/// Of a kind of its own: one that hangs stands in the way of no question.
Task<Result<void>> PortCalls::give_back(ports::FleetBudget& fleet,
                                        FleetWord granted,
                                        bool was_used,
                                        Instant deadline) {
    const Call call{&fleet, Kind::step};
    return result_of(call, fleet.give_back(std::move(granted), was_used, deadline), deadline);
}

}  // namespace homeostat::heal
