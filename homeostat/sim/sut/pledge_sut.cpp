#include "homeostat/sim/sut/pledge_sut.hpp"

#include "homeostat/net/http_server.hpp"
#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/sim/sut/pledge_config.hpp"
#include "homeostat/sim/sut/pledge_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <system_error>
#include <utility>

namespace homeostat::sim::sut {

namespace {

namespace asio = boost::asio;

constexpr auto stops_within = std::chrono::seconds{2};
constexpr std::size_t config_bytes_max = std::size_t{64} << 10U;
constexpr std::size_t epoch_bytes_max = 32;
constexpr int exit_unusable = 2;

/// The epoch of the last life; the one after it is durable when this returns.
Result<std::uint64_t> begin_epoch(const std::string& path) {
    const Result<std::string> text = os::read_file(path, epoch_bytes_max);
    if (!text && text.error().fault != Fault::absent) {
        return std::unexpected(text.error());
    }
    std::uint64_t stored = 0;
    if (text) {
        const char* const end = text->data() + text->size();
        const auto [stopped_at, error] = std::from_chars(text->data(), end, stored);
        if (error != std::errc() || std::string_view(stopped_at, end) != "\n") {
            return fail(Fault::corrupt, path + ": no epoch");
        }
    }
    const Result<void> written = os::write_file_atomically(path, fmt::format("{}\n", stored + 1));
    return written ? Result<std::uint64_t>(stored) : std::unexpected(written.error());
}

Task<net::HttpResponse> answer_with(PledgeServer& server, net::HttpRequest request) {
    co_return server.answer(request);
}

Task<void> end_at_signal(net::HttpServer& http, PledgeServer& server) {
    const auto executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGINT, SIGTERM);
    co_await signals.async_wait(asio::use_awaitable);
    server.stop();
    co_await http.stop(os::read_boot_clock() + stops_within);
}

int tell_unusable(const Error& error) {
    std::fprintf(stderr, "homeostat-lab: pledge-sut: %s\n", error.text.c_str());
    return exit_unusable;
}

int serve(PledgeConfig config, std::uint64_t stored_epoch, std::uint16_t port) {
    asio::io_context context{1};
    PledgeServer server(context.get_executor(), std::move(config), stored_epoch);
    const auto answer = [&server](net::HttpRequest request) {
        return answer_with(server, std::move(request));
    };
    net::HttpServer http(context.get_executor(), answer);
    const Result<void> listening = http.listen(net::TcpEndpoint{"127.0.0.1", port});
    if (!listening) {
        return tell_unusable(listening.error());
    }
    fmt::print("listening on 127.0.0.1:{}\n", http.port());
    std::fflush(stdout);
    std::exception_ptr failure;
    const auto note = [&failure](std::exception_ptr thrown) {
        failure = failure ? failure : std::move(thrown);
    };
    asio::co_spawn(context, server.run(), note);
    asio::co_spawn(context, end_at_signal(http, server), note);
    context.run();
    if (failure) {
        std::rethrow_exception(failure);
    }
    return 0;
}

}  // namespace

int serve_pledges(const PledgeSutArguments& arguments) {
    const Result<std::string> text = os::read_file(arguments.config, config_bytes_max);
    if (!text) {
        return tell_unusable(text.error());
    }
    Result<PledgeConfig> config = parse_pledge_config(*text);
    if (!config) {
        return tell_unusable(config.error());
    }
    const Result<std::uint64_t> stored_epoch = begin_epoch(config->epoch_file);
    if (!stored_epoch) {
        return tell_unusable(stored_epoch.error());
    }
    return serve(*std::move(config), *stored_epoch, arguments.port);
}

}  // namespace homeostat::sim::sut
