#include "homeostat/adapters/llm/openai_client.hpp"

#include "homeostat/base/json.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The client against what a real server has answered: tests/data/openai_exchanges.

namespace homeostat::adapters::llm {

using namespace std::chrono_literals;

namespace {

/// As the exchanges were asked.
constexpr std::string_view question = "Remedy:";
constexpr std::string_view prompt =
    "Error ratio 2.1 percent, usual 0.0. A deploy of this service 12 s before.\nRemedy:";
const std::vector<std::string> labels{" restart", " rollback", " observe"};
const std::vector<std::size_t> every_label{0, 1, 2};

json::object recording(std::string_view name) {
    const std::filesystem::path folder = std::filesystem::path(__FILE__).parent_path();
    std::ifstream file(folder / "../../../tests/data/openai_exchanges" / name);
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const Result<json::value> value = parse_json(text);
    REQUIRE_MESSAGE(value, value.error().text);
    return value->get_object().at("exchanges").get_object();
}

/// A server that answers as recorded, and a client of it.
struct Replayed {
    explicit Replayed(std::vector<std::string_view> names)
        : peer(context, script(names)),
          client({.http = {context.get_executor(), peer.endpoint()}}, "google/gemma-3-270m"),
          names(std::move(names)) {}

    std::deque<net::ScriptLine> script(const std::vector<std::string_view>& of) {
        std::deque<net::ScriptLine> lines;
        for (const std::string_view name : of) {
            const json::object& exchange = recorded(name);
            const std::string_view reply = exchange.at("reply").get_string();
            lines.push_back(
                {.say = fmt::format("HTTP/1.1 {} Recorded\r\ncontent-length: {}\r\n"
                                    "content-type: application/json\r\n\r\n{}",
                                    exchange.at("status").as_int64(), reply.size(), reply)});
        }
        return lines;
    }

    template <class T>
    T wait(Task<T> task) {
        return net::run_for_test(context, std::move(task));
    }
    Result<void> start() {
        const Result<void> healthy = wait(client.health(deadline));
        return healthy ? wait(client.learn_labels(std::string(question), labels, deadline))
                       : healthy;
    }
    Result<ScoredLabels> score() {
        return wait(client.score(std::string(prompt), every_label, deadline));
    }

    [[nodiscard]] const json::object& recorded(std::string_view name) const {
        return exchanges.at(name).get_object();
    }
    /// Of the request at `index`; null if it has none.
    [[nodiscard]] json::value body_asked(std::size_t index) const {
        const std::string& asked = peer.requests().at(index);
        const std::size_t begin = asked.find("\r\n\r\n") + 4;
        return begin == asked.size() ? json::value() : parse_json(asked.substr(begin)).value();
    }

    /// What was asked is what the real server was asked, to the last request.
    void check_asked() {
        REQUIRE(peer.requests().size() == names.size());
        for (std::size_t index = 0; index < names.size(); ++index) {
            CAPTURE(names[index]);
            const json::object& exchange = recorded(names[index]);
            const std::string line =
                fmt::format("{} {} ", std::string_view(exchange.at("method").get_string()),
                            std::string_view(exchange.at("path").get_string()));
            CHECK(peer.requests()[index].starts_with(line));
            CHECK(body_asked(index) == exchange.at("request"));
        }
    }

    json::object exchanges{recording("vllm.json")};
    boost::asio::io_context context;
    net::ScriptedPeer peer;
    OpenAiClient client;
    std::vector<std::string_view> names;
    Instant deadline{net::now_for_test() + 8s};
};

const std::vector<std::string_view> start{"models", "tokens of the question", "tokens of restart",
                                          "tokens of rollback", "tokens of observe"};

std::vector<std::string_view> start_and(std::vector<std::string_view> more) {
    more.insert(more.begin(), start.begin(), start.end());
    return more;
}

/// The log probabilities that vLLM told, over the three labels alone.
std::vector<double> shares_recorded() {
    const std::array logarithms{-6.72941780090332, -9.54191780090332, -10.97941780090332};
    double sum = 0;
    for (const double logarithm : logarithms) {
        sum += std::exp(logarithm);
    }
    std::vector<double> shares;
    for (const double logarithm : logarithms) {
        shares.push_back(std::exp(logarithm) / sum);
    }
    return shares;
}

}  // namespace

TEST_CASE("vLLM scores the labels in one request, by their tokens") {
    Replayed replayed(start_and({"by the tokens of the labels"}));
    const Result<void> started = replayed.start();
    REQUIRE_MESSAGE(started, started.error().text);
    const Result<ScoredLabels> scored = replayed.score();
    REQUIRE_MESSAGE(scored, scored.error().text);
    CHECK(scored->probabilities == shares_recorded());
    CHECK(scored->tokens_cached_count == 0U);
    CHECK(scored->tokens_fresh_count == 30);
    replayed.check_asked();
}

TEST_CASE(
    "a server that passes over what it does not know is asked for each label, and says the same") {
    Replayed replayed(
        start_and({"the likeliest", "forced restart", "forced rollback", "forced observe"}));
    REQUIRE(replayed.start());
    const Result<ScoredLabels> scored = replayed.score();
    REQUIRE_MESSAGE(scored, scored.error().text);
    CHECK(scored->probabilities == shares_recorded());
}

TEST_CASE("a server without /tokenize is asked for the likeliest alone") {
    Replayed replayed({"models", "a path that it does not have", "the likeliest"});
    REQUIRE(replayed.start());
    const Result<ScoredLabels> scored = replayed.score();
    REQUIRE_FALSE(scored);
    CHECK(scored.error().fault == Fault::broken);
    CHECK(scored.error().text.contains("none of its likeliest tokens is a label"));
    CHECK(replayed.body_asked(2) == replayed.recorded("the likeliest").at("request"));
}

TEST_CASE("a word that is two tokens of the model is no label") {
    Replayed replayed({"models", "tokens of the question", "tokens of homeostat"});
    REQUIRE(replayed.wait(replayed.client.health(replayed.deadline)));
    const Result<void> learned = replayed.wait(
        replayed.client.learn_labels(std::string(question), {" homeostat"}, replayed.deadline));
    REQUIRE_FALSE(learned);
    CHECK(learned.error().text.contains("\" homeostat\" is not one token"));
}

TEST_CASE("what vLLM refuses is told in its own words") {
    struct Case {
        std::string_view reply;
        Fault fault;
        std::string_view says;
    };
    for (const Case& each :
         {Case{"another model", Fault::absent, "status 404: The model  another  does not exist"},
          Case{"a token that is not in the vocabulary", Fault::refused,
               "status 400: token_id(s)  999999  in logprob_token_ids"}}) {
        CAPTURE(each.reply);
        Replayed replayed(start_and({each.reply}));
        REQUIRE(replayed.start());
        const Result<ScoredLabels> scored = replayed.score();
        REQUIRE_FALSE(scored);
        CHECK(scored.error().fault == each.fault);
        CHECK_MESSAGE(scored.error().text.contains(each.says), scored.error().text);
    }
}

}  // namespace homeostat::adapters::llm
