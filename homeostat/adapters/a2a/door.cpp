#include "homeostat/adapters/a2a/door.hpp"

#include "homeostat/adapters/a2a/reply.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

namespace homeostat::adapters::a2a {

struct Door::State {
    boost::asio::any_io_executor executor;
    Card card;
    Desk desk;
    Names names;
    Duration look_every;
    Duration wait_for_max;
};

namespace {

using StatePtr = std::shared_ptr<Door::State>;

Task<void> pause(StatePtr state, Instant until) {
    const Duration left = std::max(Duration{0}, until - os::read_boot_clock());
    boost::asio::steady_timer timer(state->executor, std::min(left, state->look_every));
    co_await timer.async_wait(boost::asio::use_awaitable);
}

std::optional<A2aTask> look_at(const Door::State& state, const std::string& task_id) {
    return state.desk.task_of ? state.desk.task_of(task_id) : std::nullopt;
}

Task<net::HttpResponse> wait_for(StatePtr state, Wait wait) {
    const Instant deadline = os::read_boot_clock() + state->wait_for_max;
    std::optional<A2aTask> task = look_at(*state, wait.task_id);
    while (task && !is_at_rest(status_of(*task).state) && os::read_boot_clock() < deadline) {
        co_await pause(state, deadline);
        task = look_at(*state, wait.task_id);
    }
    co_return reply_after(wait, task);
}

Task<net::HttpPiece> tell_next(StatePtr state, std::shared_ptr<Follow> follow, Instant deadline) {
    net::HttpPiece piece = next_events(*follow, look_at(*state, follow->task_id));
    while (piece.bytes.empty() && !piece.is_last && os::read_boot_clock() < deadline) {
        co_await pause(state, deadline);
        piece = next_events(*follow, look_at(*state, follow->task_id));
    }
    if (piece.bytes.empty() && !piece.is_last) {
        piece.bytes = ":\n\n";  // A comment, by which both sides see whether the other is there.
    }
    co_return piece;
}

net::HttpResponse stream_of(const StatePtr& state, Follow follow) {
    net::HttpResponse response{.content_type = "text/event-stream"};
    response.headers = {{"A2A-Version", std::string(protocol_version)},
                        {"Cache-Control", "no-store"}};
    auto followed = std::make_shared<Follow>(std::move(follow));
    response.more = [state, followed](Instant deadline) {
        return tell_next(state, followed, deadline);
    };
    return response;
}

Task<net::HttpResponse> answer_request(StatePtr state, net::HttpRequest request) {
    Reply reply = reply_to(request, state->card, state->desk, state->names);
    if (auto* follow = std::get_if<Follow>(&reply)) {
        co_return stream_of(state, std::move(*follow));
    }
    if (auto* wait = std::get_if<Wait>(&reply)) {
        net::HttpResponse response = co_await wait_for(state, std::move(*wait));
        co_return response;
    }
    co_return std::move(std::get<net::HttpResponse>(reply));
}

}  // namespace

net::HttpServerLimits door_limits() {
    return {.body_bytes_max = std::size_t{64} << 10U,
            .headers_kept = {"A2A-Version", "A2A-Extensions", "If-None-Match"}};
}

Door::Door(boost::asio::any_io_executor executor, const DoorSettings& settings, Desk desk)
    : state_(std::make_shared<State>(State{.executor = std::move(executor),
                                           .card = card_of(settings.card),
                                           .desk = std::move(desk),
                                           .names = {.prefix = settings.life},
                                           .look_every = settings.look_every,
                                           .wait_for_max = settings.wait_for_max})) {}

Task<net::HttpResponse> Door::answer(net::HttpRequest request) {
    return answer_request(state_, std::move(request));
}

}  // namespace homeostat::adapters::a2a
