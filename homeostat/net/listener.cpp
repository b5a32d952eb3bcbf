#include "homeostat/net/listener.hpp"

#include "homeostat/net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fmt/format.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace homeostat::net {

namespace asio = boost::asio;
using GenericEndpoint = asio::generic::stream_protocol::endpoint;

namespace {

std::unexpected<Error> refuse(const boost::system::error_code& error, const Endpoint& endpoint) {
    const bool is_busy = error == asio::error::address_in_use;
    const std::string_view mend = is_busy ? "end what listens there, or choose another place"
                                          : "make its directory writable, or choose another place";
    return fail(
        is_busy ? Fault::busy : Fault::full,
        fmt::format("cannot listen on {}: {} ({})", to_text(endpoint), error.message(), mend));
}

/// Connects without waiting: on a UNIX socket the kernel answers at once.
boost::system::error_code knock(const GenericEndpoint& target) {
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) {
        return {errno, boost::system::system_category()};
    }
    const int connected = ::connect(socket, target.data(), static_cast<socklen_t>(target.size()));
    const boost::system::error_code error(connected == 0 ? 0 : errno,
                                          boost::system::system_category());
    ::close(socket);
    return error;
}

/// Makes room for a new socket file at `path`.
Result<void> remove_stale(const std::string& path, const GenericEndpoint& target) {
    struct stat found{};
    if (::lstat(path.c_str(), &found) != 0) {
        return {};  // Nothing is there, or bind will say what is wrong.
    }
    if (!S_ISSOCK(found.st_mode)) {
        return fail(Fault::busy, fmt::format("cannot listen on {}: the file there is no socket and "
                                             "is left alone; move it or choose another path",
                                             path));
    }
    const boost::system::error_code answer = knock(target);
    if (answer == asio::error::connection_refused) {
        ::unlink(path.c_str());
        return {};
    }
    return fail(Fault::busy, fmt::format("cannot listen on {}: another process does ({})", path,
                                         answer ? answer.message() : "it answers"));
}

}  // namespace

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one system call after another.
Result<Listener> Listener::open(asio::any_io_executor executor,
                                const Endpoint& endpoint,
                                Reach reach) {
    const auto target = to_asio(endpoint);
    if (!target) {
        return std::unexpected(target.error());
    }
    if (reach == Reach::local && !is_local(endpoint)) {
        return fail(Fault::invalid,
                    fmt::format("cannot listen on {}: only loopback addresses and UNIX sockets are "
                                "served",
                                to_text(endpoint)));
    }
    const auto* local = std::get_if<UnixEndpoint>(&endpoint);
    if (local != nullptr) {
        const Result<void> free = remove_stale(local->path, *target);
        if (!free) {
            return std::unexpected(free.error());
        }
    }
    boost::system::error_code error;
    Acceptor acceptor(executor);
    acceptor.open(target->protocol(), error);
    if (!error && local == nullptr) {
        acceptor.set_option(asio::socket_base::reuse_address(true), error);
    }
    if (!error) {
        acceptor.bind(*target, error);
    }
    if (error) {
        return refuse(error, endpoint);
    }
    Listener listener(std::move(acceptor));
    if (local != nullptr) {
        struct stat made{};
        // Between bind and listen every connect is refused, so nobody slips in before the mode.
        const mode_t others = reach == Reach::open ? S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH : 0;
        if (::chmod(local->path.c_str(), S_IRUSR | S_IWUSR | others) != 0 ||
            ::lstat(local->path.c_str(), &made) != 0) {
            return refuse({errno, boost::system::system_category()}, endpoint);
        }
        listener.path_ = local->path;
        listener.device_ = made.st_dev;
        listener.inode_ = made.st_ino;
    }
    listener.acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
        return refuse(error, endpoint);
    }
    return listener;
}

Listener::Listener(Listener&& other) noexcept
    : acceptor_(std::move(other.acceptor_)),
      path_(std::exchange(other.path_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

Listener::~Listener() {
    close();
}

std::uint16_t Listener::port() const {
    boost::system::error_code error;
    const GenericEndpoint bound = acceptor_.local_endpoint(error);
    if (error || !path_.empty() || bound.size() < sizeof(sockaddr_in)) {
        return 0;
    }
    asio::ip::tcp::endpoint endpoint;
    endpoint.resize(bound.size());
    std::memcpy(endpoint.data(), bound.data(), bound.size());
    return endpoint.port();
}

void Listener::close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    struct stat found{};
    if (!path_.empty() && ::lstat(path_.c_str(), &found) == 0 && found.st_dev == device_ &&
        found.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
    path_.clear();
}

}  // namespace homeostat::net
