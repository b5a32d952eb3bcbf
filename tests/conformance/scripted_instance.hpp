#pragma once

// ScriptedInstance: a service's instance on a UNIX socket that fails as the request's path says.
//
//   /         200 with the instance's name     /slow      the same after slow_for
//   /500      answers 500                      /hang      never answers
//   /cut      closes instead of answering      /junk      answers bytes that are no HTTP
//   /half     closes in the middle of a body   /halfhang  stops in the middle of a body
//   /healthz  200, or 503 while set_healthy(false)
//
// It runs on the test's io_context. For tests only.

#include "homeostat/base/task.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::conformance {

constexpr std::chrono::milliseconds slow_for{200};

class ScriptedInstance {
  public:
    ScriptedInstance(boost::asio::io_context& context, std::string name, std::string socket_path)
        : state_(std::make_shared<State>(context, std::move(name), std::move(socket_path))) {
        start();
    }
    ~ScriptedInstance() { stop(); }
    ScriptedInstance(const ScriptedInstance&) = delete;
    ScriptedInstance& operator=(const ScriptedInstance&) = delete;

    void start() {
        std::filesystem::remove(state_->socket_path);
        state_->acceptor = Local::acceptor(state_->context, state_->socket_path);
        boost::asio::co_spawn(state_->context, accept_all(state_), boost::asio::detached);
    }
    /// As if its process had ended: nobody listens, every connection is closed.
    void stop() {
        boost::system::error_code ignored;
        state_->acceptor.close(ignored);
        for (Local::socket& socket : state_->sockets) {
            socket.close(ignored);
        }
        std::filesystem::remove(state_->socket_path);
    }
    void set_healthy(bool is_healthy) { state_->is_healthy = is_healthy; }
    /// Requests heard, those of health checks aside.
    [[nodiscard]] std::size_t requests_count() const { return state_->requests_count; }

  private:
    using Local = boost::asio::local::stream_protocol;

    /// Owned by the instance and by its running tasks, whichever goes last.
    struct State {
        State(boost::asio::io_context& its_context, std::string its_name, std::string its_path)
            : context(its_context),
              acceptor(its_context),
              name(std::move(its_name)),
              socket_path(std::move(its_path)) {}
        boost::asio::io_context& context;
        Local::acceptor acceptor;
        std::list<Local::socket> sockets;
        std::string name;
        std::string socket_path;
        std::size_t requests_count{0};
        bool is_healthy{true};
    };
    using StatePtr = std::shared_ptr<State>;

    enum class Then { listen, close, hang };

    static auto into(boost::system::error_code& error) {
        return boost::asio::redirect_error(boost::asio::use_awaitable, error);
    }

    static Task<void> accept_all(StatePtr state) {
        boost::system::error_code error;
        while (!error) {
            Local::socket socket = co_await state->acceptor.async_accept(into(error));
            if (!error) {
                state->sockets.push_back(std::move(socket));
                boost::asio::co_spawn(state->context, serve(state, std::prev(state->sockets.end())),
                                      boost::asio::detached);
            }
        }
    }

    static Task<void> serve(StatePtr state, std::list<Local::socket>::iterator socket) {
        std::string received;
        boost::system::error_code error;
        Then then = Then::listen;
        while (!error && then == Then::listen) {
            const std::size_t size = co_await boost::asio::async_read_until(
                *socket, boost::asio::dynamic_buffer(received, 16384), "\r\n\r\n", into(error));
            if (error) {
                break;
            }
            const std::string path = path_of(received);
            received.erase(0, size);
            state->requests_count += path == "/healthz" ? 0 : 1;
            if (path == "/slow") {
                boost::asio::steady_timer timer(state->context, slow_for);
                co_await timer.async_wait(into(error));
            }
            const std::string reply = reply_to(*state, path);
            co_await boost::asio::async_write(*socket, boost::asio::buffer(reply), into(error));
            then = after(path);
        }
        if (then == Then::hang) {
            std::string more;
            co_await boost::asio::async_read_until(*socket, boost::asio::dynamic_buffer(more, 4096),
                                                   "\r\n\r\n", into(error));
        }
        state->sockets.erase(socket);
    }

    static std::string path_of(std::string_view request) {
        const std::size_t begin = request.find(' ') + 1;
        return std::string(request.substr(begin, request.find(' ', begin) - begin));
    }

    static Then after(std::string_view path) {
        if (path == "/hang" || path == "/halfhang") {
            return Then::hang;
        }
        return path == "/cut" || path == "/half" || path == "/junk" ? Then::close : Then::listen;
    }

    static std::string reply_to(const State& state, std::string_view path) {
        if (path == "/hang" || path == "/cut") {
            return "";
        }
        if (path == "/junk") {
            return "rubbish\r\n\r\n";
        }
        if (path == "/half" || path == "/halfhang") {
            return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
        }
        const bool is_ill = path == "/healthz" && !state.is_healthy;
        const std::string status = is_ill ? "503 Ill" : path == "/500" ? "500 Bad" : "200 OK";
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(state.name.size()) +
               "\r\n\r\n" + state.name;
    }

    StatePtr state_;
};

}  // namespace homeostat::conformance
