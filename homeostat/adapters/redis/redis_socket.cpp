#include "homeostat/adapters/redis/redis_socket.hpp"

#include "homeostat/net/line_client.hpp"

#include <algorithm>
#include <optional>

namespace homeostat::adapters::redis {

namespace {

/// Takes replies as they come, so that none is read twice.
class ReplyTaker {
  public:
    explicit ReplyTaker(std::size_t count) : count_(count) {}

    /// All are there, or they are beyond help: either way nothing more is waited for.
    [[nodiscard]] bool take(std::string_view text) {
        std::string_view rest = text.substr(taken_bytes_);
        while (!trouble_ && replies_.size() < count_) {
            Result<std::optional<Reply>> reply = take_reply(rest);
            if (!reply) {
                trouble_ = reply.error();
            } else if (!*reply) {
                break;
            } else {
                replies_.push_back(**std::move(reply));
            }
        }
        taken_bytes_ = text.size() - rest.size();
        if (replies_.size() == count_ && !rest.empty()) {
            trouble_ = Error{Fault::broken, "Redis: more replies than were asked for"};
        }
        return trouble_.has_value() || replies_.size() == count_;
    }

    [[nodiscard]] Answers answers(const net::LineExchange& exchange) && {
        Answers answers{.is_sent = exchange.is_sent};
        if (trouble_) {  // Whoever says one thing that is no reply may not have meant the others.
            answers.end = std::unexpected(*trouble_);
            return answers;
        }
        if (!exchange.reply) {
            answers.end = fail("Redis", exchange.reply.error());
        }
        answers.replies = std::move(replies_);
        return answers;
    }

  private:
    std::size_t count_;
    std::size_t taken_bytes_{0};
    std::vector<Reply> replies_;
    std::optional<Error> trouble_;
};

/// Redis's word for a command that is taken down: a transaction has begun, or one more is in it.
bool is_word(std::string_view text, std::string_view word) {
    const Result<std::optional<Reply>> reply = take_reply(text);
    const Word* found = reply && *reply ? std::get_if<Word>(&**reply) : nullptr;
    return found != nullptr && found->text == word;
}

}  // namespace

Error error_of(const Complaint& complaint) {
    constexpr std::size_t bytes_max = 200;
    std::string text = complaint.text.substr(0, bytes_max);
    std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, ' ');
    return {Fault::refused, "Redis says: " + text};
}

Task<Answers> RedisSocket::ask(std::string commands, std::size_t count, Instant deadline) const {
    ReplyTaker taker(count);
    net::ReplyEnd end{.bytes_max = reply_bytes_max};
    end.is_whole = [&taker](std::string_view text) { return taker.take(text); };
    net::Endpoint endpoint = endpoint_;
    const net::LineExchange exchange = co_await net::exchange_bytes(
        executor_, std::move(endpoint), std::move(commands), deadline, std::move(end));
    co_return std::move(taker).answers(exchange);
}

Task<Result<SlotMap>> RedisSocket::slots(Instant deadline) const {
    std::optional<Result<SlotsReply>> reply;
    net::ReplyEnd end{.bytes_max = slots_reply_bytes_max};
    end.is_whole = [&reply, this](std::string_view text) {
        Result<std::optional<SlotsReply>> taken = take_slots(text, endpoint_);
        if (!taken) {
            reply = std::unexpected(taken.error());
        } else if (*taken) {
            reply = text.empty() ? Result<SlotsReply>(**std::move(taken))
                                 : fail(Fault::broken, "Redis: a reply that is not just one");
        }
        return reply.has_value();
    };
    net::Endpoint endpoint = endpoint_;
    std::string command = command_of({"CLUSTER", "SLOTS"});
    const net::LineExchange exchange = co_await net::exchange_bytes(
        executor_, std::move(endpoint), std::move(command), deadline, std::move(end));
    if (!reply) {
        co_return fail("Redis", exchange.reply.error());
    }
    if (!*reply) {
        co_return std::unexpected(reply->error());
    }
    if (const auto* complaint = std::get_if<Complaint>(&**reply)) {
        co_return std::unexpected(error_of(*complaint));
    }
    co_return std::get<SlotMap>(**std::move(reply));
}

Task<Result<void>> RedisSocket::try_unlink(std::vector<std::string> keys, Instant deadline) const {
    std::vector<std::string> commands{command_of({"MULTI"})};
    for (std::string& key : keys) {
        commands.push_back(command_of({"UNLINK", std::move(key)}));
    }
    net::ReplyEnd end{.bytes_max = reply_bytes_max};
    end.is_whole = [](std::string_view text) {
        const Result<std::optional<Reply>> reply = take_reply(text);
        return !reply || reply->has_value();
    };
    // Outside of a transaction the UNLINK would be carried out.
    bool has_begun = false;
    end.goes_on = [&has_begun](std::string_view reply) {
        const bool goes_on = is_word(reply, has_begun ? "QUEUED" : "OK");
        has_begun = has_begun || goes_on;
        return goes_on;
    };
    net::Endpoint endpoint = endpoint_;
    const net::LineExchange exchange = co_await net::exchange_in_turn(
        executor_, std::move(endpoint), std::move(commands), deadline, std::move(end));
    if (!exchange.reply) {
        co_return fail("Redis", exchange.reply.error());
    }
    std::string_view rest = *exchange.reply;
    const Result<std::optional<Reply>> last = take_reply(rest);
    if (!last) {
        co_return std::unexpected(last.error());
    }
    if (!has_begun || is_word(*exchange.reply, "QUEUED")) {
        co_return Result<void>{};
    }
    const auto* complaint = *last ? std::get_if<Complaint>(&**last) : nullptr;
    co_return complaint != nullptr ? std::unexpected(error_of(*complaint))
                                   : fail(Fault::broken, "Redis: not the reply to what was asked");
}

}  // namespace homeostat::adapters::redis
