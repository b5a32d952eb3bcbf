#pragma once

// FaultsServer: the switchboard of the demo's faults, on a UNIX socket that only the demo's
// services may read.
//
// What heals the world must not be told what was broken, so a peer is let in only if the kernel
// says (SO_PEERCRED, then /proc/PID/exe) that it runs the same file as one of the allowed programs.
// The same file means device and inode, so links to a program count and copies do not.
// Single-threaded: use it on the thread that runs its executor.

#include "examples/payment_gateway/faults/fault_book.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <cstdint>
#include <expected>
#include <filesystem>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace payment_gateway {

class FaultsServer {
  public:
    /// Name of a service → the program that is allowed to be it.
    using Programs = std::map<std::string, std::filesystem::path, std::less<>>;

    FaultsServer(boost::asio::any_io_executor executor, Programs programs);

    /// Binds `socket` (mode 600), taking the place of a dead one. ERRORS: it cannot be bound.
    std::expected<void, std::string> listen(const std::filesystem::path& socket);

    /// Carries out one command line and says how many connected processes it is for. By then it
    /// lies in their sockets. ERRORS: the command makes no sense; nothing has changed.
    std::expected<std::size_t, std::string> command(std::string_view line);

    [[nodiscard]] std::vector<Receiver> receivers() const;

    /// Ends every connection, which clears every fault, and removes the socket.
    void stop();

  private:
    using Socket = boost::asio::local::stream_protocol::socket;
    struct Connection {
        Socket socket;
        Receiver receiver;
        bool is_known{};
    };
    using Position = std::list<Connection>::iterator;

    boost::asio::awaitable<void> accept_all();
    boost::asio::awaitable<void> serve(Position connection);
    [[nodiscard]] bool is_program_of(const std::string& service, int descriptor) const;
    void send(Connection& connection, const boost::json::object& faults);

    boost::asio::any_io_executor executor_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    Programs programs_;
    std::filesystem::path socket_;
    FaultBook book_;
    std::list<Connection> connections_;
    std::uint64_t next_id_{1};
};

}  // namespace payment_gateway
