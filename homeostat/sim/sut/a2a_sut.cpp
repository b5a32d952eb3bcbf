#include "homeostat/sim/sut/a2a_sut.hpp"

#include "homeostat/adapters/a2a/door.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/sim/sut/kit_tasks.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>
#include <optional>
#include <utility>

namespace homeostat::sim::sut {

namespace {

namespace asio = boost::asio;

constexpr auto stops_within = std::chrono::seconds{2};

a2a::Desk desk_of(KitTasks& tasks) {
    a2a::Desk desk;
    // It has no neighbours, so whoever sends a pledge is nobody's.
    desk.take_pledge = [](std::string_view) {
        return std::optional<std::string>("sender_unknown");
    };
    desk.tasks = [&tasks] { return tasks.tasks(os::read_wall_clock()); };
    desk.task_of = [&tasks](std::string_view id) {
        return tasks.task_of(id, os::read_wall_clock());
    };
    desk.cancel = [&tasks](std::string_view id) { return tasks.cancel(id, os::read_wall_clock()); };
    desk.converse = [&tasks](const a2a::Message& message) {
        return tasks.converse(message, os::read_wall_clock());
    };
    return desk;
}

a2a::DoorSettings settings_of(const std::string& url, std::string life) {
    a2a::CardSettings card{
        .name = "Homeostat, server under test",
        .description = "The outer door of a Homeostat agent with test-only answers behind it.",
        .version = "1",
        .url = url,
        .agent = "sut",
        .routes = {{.route = "example",
                    .callee = "nobody",
                    .floor_rps = 1,
                    .modes = {{.mode = "lean", .depth = 1, .loses = "An example of a loss."}}}},
        .skills = {{.id = "tck",
                    .name = "Answers to the A2A compatibility kit",
                    .description = "Does what the beginning of a message's id says.",
                    .tags = {"tck"}}}};
    return {.card = std::move(card), .life = std::move(life)};
}

Task<void> serve_until_signal(net::HttpServer& server) {
    const auto executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    co_await server.stop(os::read_boot_clock() + stops_within);
}

}  // namespace

int serve_a2a(const A2aSutArguments& arguments) {
    asio::io_context context{1};
    std::string life = fmt::format("{:x}", os::read_wall_clock().time_since_epoch().count());
    KitTasks tasks(life);
    std::optional<a2a::Door> door;
    const auto answer = [&door](net::HttpRequest request) {
        return door->answer(std::move(request));
    };
    net::HttpServer server(context.get_executor(), answer, a2a::door_limits());
    const net::TcpEndpoint endpoint{arguments.listen, arguments.port};
    const Result<void> listening = server.listen_openly(endpoint);
    if (!listening) {
        std::fprintf(stderr, "homeostat-lab: a2a-sut: %s\n", listening.error().text.c_str());
        return 2;
    }
    const std::string url =
        "http://" + net::to_text(net::TcpEndpoint{arguments.listen, server.port()});
    door.emplace(context.get_executor(), settings_of(url, std::move(life)), desk_of(tasks));
    fmt::print("listening on {}\n", url);
    std::fflush(stdout);
    std::exception_ptr failure;
    asio::co_spawn(context, serve_until_signal(server),
                   [&](std::exception_ptr thrown) { failure = std::move(thrown); });
    context.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return 0;
}

}  // namespace homeostat::sim::sut
