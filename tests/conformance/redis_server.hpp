#pragma once

// RedisServer: a real redis-server that listens on a port of its own, or on a UNIX socket, and
// keeps nothing on disk. It is killed with the test, also when the test is. For tests only.

#include "homeostat/adapters/redis/resp.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/line_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/os/child.hpp"

#include "reserved_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <signal.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::conformance {

namespace redis = adapters::redis;

/// Nothing when Redis is not installed.
inline std::optional<std::string> redis_program() {
    const Result<std::string> found = os::find_program("redis-server", "");
    return found ? std::optional<std::string>(*found) : std::nullopt;
}

/// A suite whose peer is missing says so; the line makes ctest count it as skipped.
inline bool has_redis() {
    const bool is_there = redis_program().has_value();
    if (!is_there) {
        std::cout << "SKIPPED: redis-server is not installed\n";
    }
    return is_there;
}

class RedisServer {
  public:
    /// `more`: of its command line, behind what every one gets. REQUIRES: `context` outlives it.
    RedisServer(boost::asio::io_context& context,
                net::Endpoint endpoint,
                std::vector<std::string> more)
        : context_(context), endpoint_(std::move(endpoint)), more_(std::move(more)) {
        start();
    }
    ~RedisServer() { kill(); }  // NOLINT(bugprone-exception-escape): a test ends with it.
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    [[nodiscard]] const net::Endpoint& endpoint() const { return endpoint_; }

    void start() {
        const std::optional<std::string> program = redis_program();
        if (!program) {
            throw std::runtime_error("redis-server is not installed");
        }
        const auto* tcp = std::get_if<net::TcpEndpoint>(&endpoint_);
        os::Program server;
        server.argv = {*program, "--save", "", "--appendonly", "no", "--bind", "127.0.0.1"};
        const std::vector<std::string> place =
            tcp != nullptr ? std::vector<std::string>{"--port", std::to_string(tcp->port)}
                           : std::vector<std::string>{"--port", "0", "--unixsocket",
                                                      std::get<net::UnixEndpoint>(endpoint_).path};
        server.argv.insert(server.argv.end(), place.begin(), place.end());
        server.argv.insert(server.argv.end(), more_.begin(), more_.end());
        server.ends_with_us = true;
        Result<os::Child> child = os::spawn(server);
        if (!child) {
            throw std::runtime_error(child.error().text);
        }
        child_.emplace(*std::move(child));
        const std::string ping = redis::command_of({"PING"});
        net::run_until_for_test(context_, [&] { return exchange(ping, 1).has_value(); });
    }
    void signal(int number) { static_cast<void>(child_->process().send(number)); }
    void kill() {
        if (child_) {
            signal(SIGKILL);
            net::run_until_for_test(context_, [&] { return child_->has_ended(); });
            child_.reset();
        }
    }

    /// A command of the test's own, as the service would send it. Gives the reply as it came.
    std::string ask(const std::vector<std::string>& words) {
        return ask_all(redis::command_of(words), 1);
    }

    /// `count` commands at once, each answered with one line, or with a value that ends as one.
    std::string ask_all(const std::string& commands, std::size_t count) {
        Result<std::string> reply = exchange(commands, count);
        if (!reply) {
            throw std::runtime_error(reply.error().text);
        }
        return *std::move(reply);
    }

    /// Waits until the reply to a command has `wanted` in it, and asks a hundred times a second:
    /// what is waited for takes Redis seconds, and the processor is not ours alone.
    void wait_for(const std::vector<std::string>& words, std::string_view wanted) {
        std::string reply;
        try {
            net::run_until_for_test(context_, [&] {
                reply = ask(words);
                if (!reply.contains(wanted)) {
                    pause();
                }
                return reply.contains(wanted);
            });
        } catch (const std::runtime_error& error) {
            throw std::runtime_error(std::string(error.what()) + ": " + words.back() + " of " +
                                     net::to_text(endpoint_) + " never said " +
                                     std::string(wanted) + ", but " + reply);
        }
    }

  private:
    void pause() {
        boost::asio::steady_timer timer(context_, std::chrono::milliseconds{10});
        bool is_over = false;
        timer.async_wait([&is_over](const boost::system::error_code&) { is_over = true; });
        net::run_until_for_test(context_, [&is_over] { return is_over; });
    }
    Result<std::string> exchange(const std::string& commands, std::size_t count) {
        net::ReplyEnd end{.bytes_max = std::size_t{4} << 20U};
        end.is_whole = [count](std::string_view text) {
            if (!text.ends_with("\r\n")) {
                return false;
            }
            std::size_t lines = 0;
            for (const char c : text) {
                lines += c == '\n' ? 1 : 0;
            }
            return lines >= count;
        };
        net::LineExchange exchange = net::run_for_test(
            context_,
            net::exchange_bytes(context_.get_executor(), endpoint_, commands,
                                net::now_for_test() + std::chrono::seconds{5}, std::move(end)));
        return std::move(exchange.reply);
    }

    boost::asio::io_context& context_;
    net::Endpoint endpoint_;
    std::vector<std::string> more_;
    std::optional<os::Child> child_;
};

}  // namespace homeostat::conformance
