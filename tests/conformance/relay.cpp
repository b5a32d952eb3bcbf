#include "relay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace homeostat::conformance {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::milliseconds delay_for{300};
constexpr std::string_view rubbish = "\x16\x03\x01\x7f garbage \xff\xfe\r\n\r\n{{{[[[\r\n";

// Hands an operation's failure to `error` instead of throwing it.
auto into(boost::system::error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

std::string http_reply(const std::string& body) {
    return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
           "Content-Length: " +
           std::to_string(body.size()) + "\r\n\r\n" + body;
}

void reset(asio::ip::tcp::socket& socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

}  // namespace

Relay::Relay(asio::generic::stream_protocol::endpoint upstream) : upstream_(std::move(upstream)) {
    listen();
    port_ = acceptor_.local_endpoint().port();  // For good: the relay's thread only reads it.
    thread_ = std::thread([this] {
        const auto guard = asio::make_work_guard(context_);
        context_.run();
    });
}

Relay::~Relay() {
    context_.stop();
    thread_.join();
}

void Relay::listen() {
    acceptor_.open(Tcp::v4());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind({asio::ip::address_v4::loopback(), port_});
    acceptor_.listen();
    asio::co_spawn(context_, accept_all(), asio::detached);
}

void Relay::set(Fault fault) {
    fault_ = fault;
    asio::post(context_, [this, fault] {
        boost::system::error_code ignored;
        if (fault == Fault::refuse) {
            acceptor_.close(ignored);
        } else if (!acceptor_.is_open()) {
            listen();
        }
    });
}

void Relay::lie(std::string body) {
    body_ = std::move(body);
    set(Fault::lie);
}

void Relay::lose_after(std::uint32_t count) {
    lose_at_ = requests_count_ + count + 1;
}

void Relay::count_request(std::string_view bytes) {
    if (!bytes.starts_with("GET ") && !bytes.starts_with("POST ")) {
        return;  // The rest of a request, or no HTTP.
    }
    if (++requests_count_ == lose_at_) {
        fault_ = Fault::lose;
    }
}

asio::awaitable<void> Relay::accept_all() {
    while (acceptor_.is_open()) {
        boost::system::error_code error;
        Tcp::socket client = co_await acceptor_.async_accept(into(error));
        if (error) {
            co_return;
        }
        ++connections_count_;
        asio::co_spawn(context_, serve(std::move(client)), asio::detached);
    }
}

asio::awaitable<void> Relay::serve(Tcp::socket client) {
    using asio::experimental::awaitable_operators::operator||;
    Stream server(context_);
    boost::system::error_code error;
    co_await server.async_connect(upstream_, into(error));
    if (!error) {
        co_await (carry_requests(client, server) || carry_replies(server, client));
    }
    if (fault_ == Fault::refuse || fault_ == Fault::cut || fault_ == Fault::lose) {
        reset(client);
    }
}

asio::awaitable<void> Relay::carry_requests(Tcp::socket& client, Stream& server) {
    std::array<char, 4096> bytes{};
    boost::system::error_code error;
    while (true) {
        const std::size_t size = co_await client.async_read_some(asio::buffer(bytes), into(error));
        if (error || fault_ == Fault::refuse) {
            co_return;
        }
        count_request({bytes.data(), size});
        if (fault_ == Fault::hang) {
            continue;
        }
        co_await asio::async_write(server, asio::buffer(bytes, size), into(error));
        if (error) {
            co_return;
        }
    }
}

asio::awaitable<void> Relay::carry_replies(Stream& server, Tcp::socket& client) {
    std::array<char, 16384> bytes{};
    boost::system::error_code error;
    while (true) {
        const std::size_t size = co_await server.async_read_some(asio::buffer(bytes), into(error));
        const Fault fault = fault_;
        if (error || fault == Fault::refuse || fault == Fault::lose) {
            co_return;
        }
        if (fault == Fault::hang) {
            continue;
        }
        if (fault == Fault::delay) {
            asio::steady_timer timer(context_, delay_for);
            co_await timer.async_wait(into(error));
        }
        const std::string reply = spoil({bytes.data(), size}, fault);
        co_await asio::async_write(client, asio::buffer(reply), into(error));
        // What was made up stands for the whole reply, so nothing of the real one may follow it.
        const bool is_made_up = fault != Fault::none && fault != Fault::delay;
        if (error || is_made_up) {
            co_return;
        }
    }
}

std::string Relay::spoil(std::string_view reply, Fault fault) const {
    switch (fault) {
        case Fault::garbage:
            return std::string(rubbish);
        case Fault::lie:
            return http_reply(body_);
        case Fault::cut:
            return std::string(reply.substr(0, reply.size() / 2));
        default:
            return std::string(reply);
    }
}

}  // namespace homeostat::conformance
