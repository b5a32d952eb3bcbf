#pragma once

// RedisWorld: a real redis-server, and a source of truth over HTTP that says what a test wants, in
// a directory of its own.
//
// Both listen on UNIX sockets in that directory, so that no port has to be guessed. Redis is killed
// with the test, also when the test is. For tests only.

#include "homeostat/adapters/redis/cache_looker.hpp"
#include "homeostat/adapters/redis/redis_actuator.hpp"
#include "homeostat/adapters/redis/redis_socket.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "permit_for_test.hpp"

#include <boost/asio/io_context.hpp>

#include <signal.h>

#include <chrono>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace homeostat::conformance {

namespace redis = adapters::redis;

/// Nothing when Redis is not installed.
inline std::optional<std::string> redis_program() {
    const Result<std::string> found = os::find_program("redis-server", "");
    return found ? std::optional<std::string>(*found) : std::nullopt;
}

class RedisWorld {
  public:
    RedisWorld()
        : redis_(net::UnixEndpoint{directory_.file("redis.sock")}),
          source_(net::UnixEndpoint{directory_.file("source.sock")}),
          server_(context.get_executor(),
                  [this](net::HttpRequest request) { return answer(std::move(request)); }) {
        if (!server_.listen(source_)) {
            throw std::runtime_error("the source cannot listen");
        }
        start();
    }
    ~RedisWorld() {  // NOLINT(bugprone-exception-escape): a test ends with it.
        kill();
        net::run_for_test(context, server_.stop(net::now_for_test()));
    }
    RedisWorld(const RedisWorld&) = delete;
    RedisWorld& operator=(const RedisWorld&) = delete;

    void start() {
        const std::optional<std::string> program = redis_program();
        if (!program) {
            throw std::runtime_error("redis-server is not installed");
        }
        os::Program server;
        server.argv = {
            *program, "--port",       "0", "--unixsocket", directory_.file("redis.sock"), "--save",
            "",       "--appendonly", "no"};
        server.ends_with_us = true;
        Result<os::Child> child = os::spawn(server);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        net::run_until_for_test(context, [&] { return get({"any"}).has_value(); });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    [[nodiscard]] redis::CacheOptions options() const {
        redis::CacheOptions options;
        options.cache = CacheId("quotes");
        options.redis = redis_;
        options.key = "fx:{entry}";
        options.entries = {"USD", "GBP", "JPY"};
        options.source = {source_, "/fx?currency={entry}"};
        options.field = "rate_ppm";
        options.max_age = Duration::zero();
        return options;
    }

    /// A command of the test's own, as the service would send it.
    void command(const std::vector<std::string>& words) {
        const net::LineExchange exchange = net::run_for_test(
            context, net::exchange_bytes(context.get_executor(), redis_, redis::command_of(words),
                                         net::now_for_test() + std::chrono::seconds{2},
                                         {.bytes_max = 1024, .is_whole = [](std::string_view text) {
                                              return text.ends_with("\r\n");
                                          }}));
        if (!exchange.reply) {
            throw std::runtime_error(exchange.reply.error().text);
        }
    }
    Result<redis::Values> get(std::vector<std::string> keys) {
        const redis::RedisSocket socket(context.get_executor(), redis_);
        return net::run_for_test(
            context, socket.get(std::move(keys), net::now_for_test() + std::chrono::seconds{2}));
    }
    Result<void> try_unlink(std::vector<std::string> keys) {
        const redis::RedisSocket socket(context.get_executor(), redis_);
        return net::run_for_test(
            context,
            socket.try_unlink(std::move(keys), net::now_for_test() + std::chrono::seconds{2}));
    }
    Outcome perform(redis::CacheLooker& looker,
                    Step step,
                    Duration within = std::chrono::seconds{2}) {
        redis::RedisActuator actuator({&looker});
        return net::run_for_test(context, actuator.perform(request_for_test(std::move(step)),
                                                           net::now_for_test() + within));
    }
    CacheFacts look(redis::CacheLooker& looker, Duration within = std::chrono::seconds{2}) {
        return net::run_for_test(context, looker.look(net::now_for_test() + within));
    }

    boost::asio::io_context context;
    std::map<std::string, std::string> truths;  ///< Path → body; any other path is a 404.

  private:
    Task<net::HttpResponse> answer(net::HttpRequest request) {
        const auto truth = truths.find(request.path);
        if (truth == truths.end()) {
            co_return net::HttpResponse{.status = 404};
        }
        co_return net::HttpResponse{.status = 200, .body = truth->second};
    }

    net::TemporaryDirectory directory_;
    net::Endpoint redis_;
    net::Endpoint source_;
    net::HttpServer server_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
