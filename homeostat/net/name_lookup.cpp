#include "homeostat/net/name_lookup.hpp"

#include "homeostat/net/refused_address.hpp"
#include "homeostat/net/stream.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace homeostat::net {

namespace asio = boost::asio;

using Addresses = std::vector<TcpEndpoint>;

struct NameLookup::State {
    /// One question, and who waits for its answer.
    struct Question {
        std::optional<Result<Addresses>> answer{};
        std::vector<std::weak_ptr<asio::steady_timer>> waiting{};
    };

    asio::any_io_executor executor;
    std::string host;
    std::uint16_t port{0};
    Ask ask;
    std::shared_ptr<Question> open{};  ///< Owned by this, by who answers and by who waits.
};

namespace {

using State = NameLookup::State;
using Question = State::Question;

Addresses addresses_of(const asio::ip::tcp::resolver::results_type& found) {
    Addresses addresses;
    for (const auto& entry : found) {
        const asio::ip::tcp::endpoint endpoint = entry.endpoint();
        if (addresses.size() < addresses_max) {
            addresses.push_back({endpoint.address().to_string(), endpoint.port()});
        }
    }
    return addresses;
}

void ask_the_system(const asio::any_io_executor& executor,
                    const std::string& host,
                    std::uint16_t port,
                    NameLookup::Answer answer) {
    // The handler keeps the resolver: it has to live until it answers.
    auto resolver = std::make_shared<asio::ip::tcp::resolver>(executor);
    resolver->async_resolve(
        host, std::to_string(port), asio::ip::resolver_base::numeric_service,
        [resolver, host, answer = std::move(answer)](
            const boost::system::error_code& error,
            const asio::ip::tcp::resolver::results_type& found) {
            if (error || found.empty()) {
                answer(fail(Fault::unreachable, fmt::format("the name '{}' has no address: {}",
                                                            host, error.message())));
                return;
            }
            answer(addresses_of(found));
        });
}

/// One of them is enough: whoever answers for the name wants us there, at the latest next time.
Result<Addresses> without_refused(const std::string& host, Result<Addresses> found) {
    for (const TcpEndpoint& address : found ? *found : Addresses{}) {
        if (const Result<void> checked = check_target(address); !checked) {
            return fail(Fault::invalid,
                        fmt::format("the name '{}' leads to {}", host, checked.error().text));
        }
    }
    return found;
}

void take_answer(Question& question, Result<Addresses> answer) {
    question.answer = std::move(answer);
    for (const std::weak_ptr<asio::steady_timer>& waiting : question.waiting) {
        if (const std::shared_ptr<asio::steady_timer> timer = waiting.lock()) {
            timer->cancel();
        }
    }
}

std::shared_ptr<Question> begin(const std::shared_ptr<State>& state) {
    auto question = std::make_shared<Question>();
    state->open = question;
    NameLookup::Answer answer = [state, question](Result<Addresses> found) {
        state->open.reset();
        take_answer(*question, without_refused(state->host, std::move(found)));
    };
    try {
        if (state->ask) {
            state->ask(state->host, state->port, answer);
        } else {
            ask_the_system(state->executor, state->host, state->port, answer);
        }
    } catch (const boost::system::system_error& error) {  // The resolver's thread cannot begin.
        answer(fail(Fault::full,
                    fmt::format("{}: cannot look it up: {}", state->host, error.code().message())));
    }
    return question;
}

/// Ends when the question is answered or the deadline has passed.
Task<void> wait_for(std::shared_ptr<Question> question,
                    asio::any_io_executor executor,
                    Instant deadline) {
    const auto until = std::make_shared<asio::steady_timer>(executor);
    until->expires_after(std::min<Duration>(deadline - boot_now(), std::chrono::hours{1}));
    std::erase_if(question->waiting, [](const auto& waiting) { return waiting.expired(); });
    question->waiting.push_back(until);
    boost::system::error_code ignored;
    co_await until->async_wait(into(ignored));
}

Task<Result<Addresses>> look_up(std::shared_ptr<State> state, Instant deadline) {
    boost::system::error_code error;
    const asio::ip::address literal = asio::ip::make_address(state->host, error);
    if (!error) {
        co_return Addresses{{literal.to_string(), state->port}};
    }
    if (deadline <= boot_now()) {
        co_return fail(Fault::late, fmt::format("{}: no time to look it up", state->host));
    }
    const std::shared_ptr<Question> question = state->open ? state->open : begin(state);
    if (!question->answer) {
        co_await wait_for(question, state->executor, deadline);
    }
    if (!question->answer) {
        co_return fail(Fault::late, fmt::format("{}: its address was not found out before the "
                                                "deadline",
                                                state->host));
    }
    co_return *question->answer;
}

}  // namespace

NameLookup::NameLookup(asio::any_io_executor executor,
                       std::string host,
                       std::uint16_t port,
                       Ask ask_for_test)
    : state_(std::make_shared<State>(
          State{std::move(executor), std::move(host), port, std::move(ask_for_test)})) {}

Task<Result<Addresses>> NameLookup::addresses(Instant deadline) const {
    return look_up(state_, deadline);
}

}  // namespace homeostat::net
