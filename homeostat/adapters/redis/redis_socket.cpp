#include "homeostat/adapters/redis/redis_socket.hpp"

#include "homeostat/net/line_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace homeostat::adapters::redis {

namespace {

/// Whole, or beyond help: either way nothing more is waited for.
bool is_whole(std::string_view text) {
    const Result<std::optional<Reply>> reply = take_reply(text);
    return !reply || reply->has_value();
}

/// One line of printable ASCII.
std::string plain(std::string text) {
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, ' ');
    return text.substr(0, 200);
}

net::ReplyEnd reply_end() {
    return {.bytes_max = reply_bytes_max, .is_whole = is_whole};
}

/// The one alternative that such a command is answered with.
template <class T>
Result<T> reply_in(const Result<std::string>& text) {
    if (!text) {
        return fail("Redis", text.error());
    }
    std::string_view rest = *text;
    Result<std::optional<Reply>> reply = take_reply(rest);
    if (!reply) {
        return std::unexpected(reply.error());
    }
    if (!*reply || !rest.empty()) {
        return fail(Fault::broken, "Redis: a reply that is not just one");
    }
    if (const auto* complaint = std::get_if<Complaint>(&**reply)) {
        return fail(Fault::refused, "Redis says: " + plain(complaint->text));
    }
    T* value = std::get_if<T>(&**reply);
    return value != nullptr ? Result<T>(std::move(*value))
                            : fail(Fault::broken, "Redis: not the reply to what was asked");
}

std::vector<std::string> words_of(std::string verb, std::vector<std::string> keys) {
    keys.insert(keys.begin(), std::move(verb));
    return keys;
}

/// Redis's word for a command of a transaction.
bool is_word(std::string_view text, std::string_view word) {
    const Result<std::optional<Reply>> reply = take_reply(text);
    const Word* found = reply && *reply ? std::get_if<Word>(&**reply) : nullptr;
    return found != nullptr && found->text == word;
}

}  // namespace

Task<Result<Values>> RedisSocket::get(std::vector<std::string> keys, Instant deadline) const {
    const std::size_t count = keys.size();
    std::string command = command_of(words_of("MGET", std::move(keys)));
    net::Endpoint endpoint = endpoint_;
    const net::LineExchange exchange = co_await net::exchange_bytes(
        executor_, std::move(endpoint), std::move(command), deadline, reply_end());
    Result<Values> values = reply_in<Values>(exchange.reply);
    if (values && values->size() != count) {
        co_return fail(Fault::broken,
                       fmt::format("Redis: {} values for {} keys", values->size(), count));
    }
    co_return values;
}

Task<Unlinked> RedisSocket::unlink(std::vector<std::string> keys, Instant deadline) const {
    std::string command = command_of(words_of("UNLINK", std::move(keys)));
    net::Endpoint endpoint = endpoint_;
    const net::LineExchange exchange = co_await net::exchange_bytes(
        executor_, std::move(endpoint), std::move(command), deadline, reply_end());
    Result<std::int64_t> count = reply_in<std::int64_t>(exchange.reply);
    co_return Unlinked{exchange.is_sent, std::move(count)};
}

Task<Result<void>> RedisSocket::try_unlink(std::vector<std::string> keys, Instant deadline) const {
    const std::string multi = command_of({"MULTI"});
    std::vector<std::string> commands{multi, command_of(words_of("UNLINK", std::move(keys)))};
    net::ReplyEnd end = reply_end();
    // Outside of a transaction the UNLINK would be carried out.
    bool has_begun = false;
    end.goes_on = [&has_begun](std::string_view reply) {
        has_begun = has_begun || is_word(reply, "OK");
        return has_begun;
    };
    net::Endpoint endpoint = endpoint_;
    const net::LineExchange exchange = co_await net::exchange_in_turn(
        executor_, std::move(endpoint), std::move(commands), deadline, std::move(end));
    if (exchange.reply && !has_begun) {
        co_return Result<void>{};
    }
    const Result<Word> word = reply_in<Word>(exchange.reply);
    co_return word ? Result<void>{} : std::unexpected(word.error());
}

}  // namespace homeostat::adapters::redis
