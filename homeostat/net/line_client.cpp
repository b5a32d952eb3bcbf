#include "homeostat/net/line_client.hpp"

#include "homeostat/net/stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace homeostat::net {

namespace asio = boost::asio;

namespace {

bool is_one_line(std::string_view line) {
    return std::ranges::all_of(line, [](char c) { return c >= ' ' && c < '\x7f'; });
}

Task<Result<std::string>> read_reply(Stream& stream, Endpoint endpoint, ReplyEnd end) {
    std::string text;
    std::array<char, 16384> bytes{};
    while (text.size() <= end.bytes_max) {
        boost::system::error_code error;
        const std::size_t size = co_await stream.async_read_some(asio::buffer(bytes), into(error));
        text.append(bytes.data(), size);
        const bool is_at_end = error == asio::error::eof && !end.is_whole;
        if (is_at_end || (end.is_whole && end.is_whole(text))) {
            co_return text;
        }
        if (error) {
            co_return std::unexpected(exchange_error(error, endpoint));
        }
    }
    co_return fail(Fault::broken, fmt::format("{}: the reply is larger than {} bytes",
                                              to_text(endpoint), end.bytes_max));
}

}  // namespace

Task<LineExchange> exchange_line(asio::any_io_executor executor,
                                 Endpoint endpoint,
                                 std::string line,
                                 Instant deadline,
                                 std::size_t reply_bytes_max) {
    if (!is_one_line(line)) {
        co_return LineExchange{false, fail(Fault::invalid, "a command has a control byte in it")};
    }
    line += '\n';
    ReplyEnd end{.bytes_max = reply_bytes_max};
    LineExchange exchange = co_await exchange_bytes(std::move(executor), std::move(endpoint),
                                                    std::move(line), deadline, std::move(end));
    co_return exchange;
}

Task<LineExchange> exchange_bytes(asio::any_io_executor executor,
                                  Endpoint endpoint,
                                  std::string bytes,
                                  Instant deadline,
                                  ReplyEnd end) {
    std::vector<std::string> commands{std::move(bytes)};
    LineExchange exchange = co_await exchange_in_turn(
        std::move(executor), std::move(endpoint), std::move(commands), deadline, std::move(end));
    co_return exchange;
}

Task<LineExchange> exchange_in_turn(asio::any_io_executor executor,
                                    Endpoint endpoint,
                                    std::vector<std::string> commands,
                                    Instant deadline,
                                    ReplyEnd end) {
    Stream stream(executor);
    Result<void> connected = co_await connect(stream, endpoint, deadline);
    if (!connected) {
        co_return LineExchange{false, std::unexpected(connected.error())};
    }
    LineExchange last;
    for (const std::string& command : commands) {
        boost::system::error_code error;
        const std::size_t sent =
            co_await asio::async_write(stream, asio::buffer(command), into(error));
        // Without a single byte of it the peer cannot have acted.
        last.is_sent = last.is_sent || sent > 0;
        if (error) {
            last.reply = std::unexpected(exchange_error(error, endpoint));
            co_return last;
        }
        last.reply = co_await read_reply(stream, endpoint, end);
        if (!last.reply || (end.goes_on && !end.goes_on(*last.reply))) {
            co_return last;
        }
    }
    co_return last;
}

}  // namespace homeostat::net
