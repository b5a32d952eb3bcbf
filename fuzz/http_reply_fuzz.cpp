// Any bytes from a service that was asked over HTTP: an error, or a reply within its limits; and
// the client can ask again. The same bytes as a reply without an end: lines within their maximum,
// and an end.

#include "homeostat/base/ensure.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/http_lines.hpp"
#include "homeostat/os/clock.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using homeostat::ensure;
using homeostat::Result;
namespace net = homeostat::net;

namespace {

constexpr net::HttpLimits limits{.header_bytes_max = 1024, .body_bytes_max = 2048};
constexpr std::size_t line_bytes_max = 512;

/// Reads as many lines as come.
homeostat::Task<Result<net::HttpResponse>> read_lines(boost::asio::any_io_executor executor,
                                                      net::Endpoint endpoint,
                                                      homeostat::Instant deadline) {
    net::HttpLines lines(std::move(executor), std::move(endpoint),
                         {.reply = limits, .line_bytes_max = line_bytes_max});
    net::HttpRequest request;
    Result<net::HttpResponse> reply = co_await lines.open(std::move(request), deadline);
    while (reply) {
        const Result<std::optional<std::string>> line = co_await lines.next(deadline);
        if (!line || !*line) {
            ensure(line || line.error().fault == homeostat::Fault::broken,
                   "a peer that has closed is not waited for");
            break;
        }
        ensure((*line)->size() <= line_bytes_max, "a line keeps its maximum");
        ensure(!(*line)->contains('\n'), "a line is one");
    }
    co_return reply;
}

/// A socket that says the same to whoever comes, and closes.
class Peer {
  public:
    Peer() {
        ensure(::mkdtemp(directory_.data()) != nullptr, "there is a temporary directory");
        path_ = directory_ + "/peer";
        sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
        path_.copy(address.sun_path, sizeof address.sun_path - 1);
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        ensure(::bind(socket_, name, sizeof address) == 0 && ::listen(socket_, 4) == 0,
               "a peer listens");
    }
    ~Peer() {
        ::close(socket_);
        ::unlink(path_.c_str());
        ::rmdir(directory_.c_str());
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    Result<net::HttpResponse> ask(std::string_view bytes) {
        return hear(bytes, net::request_once(context_.get_executor(), net::UnixEndpoint{path_}, {},
                                             in_two_seconds(), limits));
    }

    Result<net::HttpResponse> follow(std::string_view bytes) {
        return hear(
            bytes, read_lines(context_.get_executor(), net::UnixEndpoint{path_}, in_two_seconds()));
    }

  private:
    static homeostat::Instant in_two_seconds() {
        return homeostat::os::read_boot_clock() + std::chrono::seconds{2};
    }

    Result<net::HttpResponse> hear(std::string_view bytes,
                                   homeostat::Task<Result<net::HttpResponse>> task) {
        std::optional<Result<net::HttpResponse>> reply;
        boost::asio::co_spawn(
            context_, std::move(task),
            [&reply](const std::exception_ptr& thrown, Result<net::HttpResponse> got) {
                ensure(!thrown, "no exception leaves the client");
                reply = std::move(got);
            });
        context_.restart();
        context_.poll();  // It is connected, or has given up.
        say(bytes);
        while (!reply) {
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds{20});
        }
        return *std::move(reply);
    }

    void say(std::string_view bytes) const {
        const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (connection >= 0) {
            static_cast<void>(::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL));
            ::shutdown(connection, SHUT_WR);
            // Read what was asked: a socket closed over unread bytes takes the reply with it.
            char piece[1024];
            static_cast<void>(::recv(connection, piece, sizeof piece, 0));
            ::close(connection);
        }
    }

    std::string directory_{"/tmp/reply-fuzz-XXXXXX"};
    std::string path_;
    int socket_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    boost::asio::io_context context_{1};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Peer peer;
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const auto reply = peer.ask(bytes);
    const auto stream = peer.follow(bytes);
    ensure(!stream || stream->status != 200 || stream->body.empty(),
           "a stream's body comes in lines");
    if (reply) {
        ensure(reply->body.size() <= limits.body_bytes_max, "a body keeps its maximum");
        ensure(reply->status >= 100 && reply->status <= 999, "a status has three digits");
    } else {
        ensure(!reply.error().text.empty() && reply.error().text.size() < 1'024,
               "an error says what happened, in short");
        ensure(reply.error().fault != homeostat::Fault::late,
               "a peer that has closed is not waited for");
    }
    return 0;
}
