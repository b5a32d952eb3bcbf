#include "examples/payment_gateway/faults/faults_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/core.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <utility>

namespace payment_gateway {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::redirect_error;
using asio::use_awaitable;
using asio::local::stream_protocol;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t hello_bytes_max = 1'024;

bool is_same_file(const std::string& one, const std::string& other) {
    struct stat left{};
    struct stat right{};
    return stat(one.c_str(), &left) == 0 && stat(other.c_str(), &right) == 0 &&
           left.st_dev == right.st_dev && left.st_ino == right.st_ino;
}

std::string text_in(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string{value->get_string()}
                                                  : std::string{};
}

Receiver parse_hello(std::string_view line) {
    boost::system::error_code error;
    const json::value document = json::parse(line, error);
    if (error || !document.is_object()) {
        return {};
    }
    const json::object& object = document.get_object();
    return Receiver{0, text_in(object, "service"), text_in(object, "name"),
                    text_in(object, "version")};
}

}  // namespace

FaultsServer::FaultsServer(asio::any_io_executor executor, Programs programs)
    : executor_{std::move(executor)}, acceptor_{executor_}, programs_{std::move(programs)} {}

std::expected<void, std::string> FaultsServer::listen(const std::filesystem::path& socket) {
    if (socket.string().size() > 107) {
        return std::unexpected("the socket's path is longer than 107 bytes");
    }
    std::error_code ignored;
    if (std::filesystem::is_socket(socket, ignored)) {
        std::filesystem::remove(socket, ignored);
    }
    boost::system::error_code error;
    acceptor_.open(stream_protocol{}, error);
    const mode_t mask_before = umask(0177);
    acceptor_.bind(stream_protocol::endpoint{socket.string()}, error);
    umask(mask_before);
    if (!error) {
        acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
        return std::unexpected(
            fmt::format("cannot listen on {}: {}", socket.string(), error.message()));
    }
    socket_ = socket;
    asio::co_spawn(executor_, accept_all(), asio::detached);
    return {};
}

std::expected<std::size_t, std::string> FaultsServer::command(std::string_view line) {
    auto parsed = parse_fault_command(line);
    if (!parsed) {
        return std::unexpected(parsed.error());
    }
    using Kind = FaultCommand::Kind;
    if (parsed->kind == Kind::set) {
        book_.set(*parsed, receivers());
    } else if (parsed->kind == Kind::clear) {
        book_.clear(parsed->address);
    }
    std::size_t count = 0;
    for (Connection& connection : connections_) {
        if (!connection.is_known || !parsed->address.matches(connection.receiver)) {
            continue;
        }
        ++count;
        if (parsed->kind == Kind::burst) {
            send(connection, parsed->faults);
        } else if (parsed->kind != Kind::count) {
            send(connection, book_.faults_for(connection.receiver));
        }
    }
    return count;
}

std::vector<Receiver> FaultsServer::receivers() const {
    std::vector<Receiver> receivers;
    for (const Connection& connection : connections_) {
        if (connection.is_known) {
            receivers.push_back(connection.receiver);
        }
    }
    return receivers;
}

void FaultsServer::stop() {
    boost::system::error_code error;
    acceptor_.close(error);
    for (Connection& connection : connections_) {
        connection.socket.close(error);
    }
    std::error_code ignored;
    std::filesystem::remove(socket_, ignored);
}

asio::awaitable<void> FaultsServer::accept_all() {
    for (;;) {
        boost::system::error_code error;
        Socket socket = co_await acceptor_.async_accept(redirect_error(use_awaitable, error));
        if (error == asio::error::operation_aborted) {
            co_return;
        }
        if (error) {
            asio::steady_timer timer{executor_, 20ms};
            co_await timer.async_wait(use_awaitable);
            continue;
        }
        connections_.push_back(Connection{std::move(socket), {}});
        asio::co_spawn(executor_, serve(std::prev(connections_.end())), asio::detached);
    }
}

asio::awaitable<void> FaultsServer::serve(Position connection) {
    std::string received;
    auto buffer = asio::dynamic_buffer(received, hello_bytes_max);
    boost::system::error_code error;
    const std::size_t size = co_await asio::async_read_until(connection->socket, buffer, '\n',
                                                             redirect_error(use_awaitable, error));
    Receiver receiver = parse_hello(std::string_view{received}.substr(0, size));
    if (!error && is_program_of(receiver.service, connection->socket.native_handle())) {
        receiver.id = next_id_++;
        connection->receiver = std::move(receiver);
        connection->is_known = true;
        send(*connection, book_.faults_for(connection->receiver));
        received.clear();
        // Nothing more is expected from it; this ends when it goes, or talks too much.
        co_await asio::async_read_until(connection->socket, buffer, '\n',
                                        redirect_error(use_awaitable, error));
    }
    connections_.erase(connection);
}

bool FaultsServer::is_program_of(const std::string& service, int descriptor) const {
    const auto program = programs_.find(service);
    ucred peer{};
    socklen_t size = sizeof peer;
    if (program == programs_.end() ||
        getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return false;
    }
    return is_same_file(fmt::format("/proc/{}/exe", peer.pid), program->second.string());
}

/// Never waits: a process that does not empty its socket of these few bytes is beyond being told.
void FaultsServer::send(Connection& connection, const json::object& faults) {
    const std::string line = json::serialize(faults) + "\n";
    const auto sent = ::send(connection.socket.native_handle(), line.data(), line.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(line.size())) {
        boost::system::error_code ignored;
        connection.socket.cancel(ignored);
    }
}

}  // namespace payment_gateway
