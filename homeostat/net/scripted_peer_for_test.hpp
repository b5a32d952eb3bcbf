#pragma once

// ScriptedPeer: a server that says exactly what a test wrote down, however wrong that is.
//
// Each request that arrives takes the next line of the script, over all connections. After the last
// line it only listens. It runs on the test's own io_context.

#include "homeostat/base/task.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::net {

struct ScriptLine {
    enum class Then : std::uint8_t { listens, closes, hangs };
    std::string say;
    Then then{Then::listens};
};

class ScriptedPeer {
  public:
    ScriptedPeer(boost::asio::io_context& context, std::deque<ScriptLine> script)
        : context_(context),
          acceptor_(context, {boost::asio::ip::address_v4::loopback(), 0}),
          script_(std::move(script)) {
        boost::asio::co_spawn(context_, accept_all(), boost::asio::detached);
    }

    [[nodiscard]] Endpoint endpoint() const {
        return TcpEndpoint{"127.0.0.1", acceptor_.local_endpoint().port()};
    }
    [[nodiscard]] std::size_t connections_count() const { return connections_count_; }
    [[nodiscard]] const std::vector<std::string>& requests() const { return requests_; }

  private:
    using Socket = boost::asio::ip::tcp::socket;

    static auto into(boost::system::error_code& error) {
        return boost::asio::redirect_error(boost::asio::use_awaitable, error);
    }

    Task<void> accept_all() {
        boost::system::error_code error;
        while (!error) {
            Socket socket = co_await acceptor_.async_accept(into(error));
            if (!error) {
                ++connections_count_;
                boost::asio::co_spawn(context_, serve(std::move(socket)), boost::asio::detached);
            }
        }
    }

    Task<void> serve(Socket socket) {
        boost::system::error_code error;
        while (!error) {
            std::array<char, 65536> bytes{};
            const std::size_t size =
                co_await socket.async_read_some(boost::asio::buffer(bytes), into(error));
            if (error) {
                co_return;
            }
            requests_.emplace_back(bytes.data(), size);
            if (script_.empty()) {
                continue;
            }
            const ScriptLine line = std::move(script_.front());
            script_.pop_front();
            co_await boost::asio::async_write(socket, boost::asio::buffer(line.say), into(error));
            if (line.then == ScriptLine::Then::closes) {
                co_return;
            }
            if (line.then == ScriptLine::Then::hangs) {
                kept_.push_back(std::move(socket));
                co_return;
            }
        }
    }

    boost::asio::io_context& context_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::deque<ScriptLine> script_;
    std::vector<std::string> requests_;
    std::vector<Socket> kept_;
    std::size_t connections_count_{0};
};

/// A directory of a test's own, removed with everything in it.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "homeostat.XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

  private:
    std::string path_;
};

}  // namespace homeostat::net
