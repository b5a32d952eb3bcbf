#include "homeostat/adapters/redis/resp.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::redis {

namespace {

/// The whole of `text` as one reply.
Reply reply_in(std::string_view text) {
    Result<std::optional<Reply>> reply = take_reply(text);
    REQUIRE(reply);
    REQUIRE(*reply);
    CHECK(text.empty());
    return **std::move(reply);
}

}  // namespace

TEST_CASE("a command holds its words byte by byte") {
    CHECK(command_of({"MGET", "fx:USD"}) == "*2\r\n$4\r\nMGET\r\n$6\r\nfx:USD\r\n");
    CHECK(command_of({"a\r\nb"}) == "*1\r\n$4\r\na\r\nb\r\n");
}

TEST_CASE("values, absent ones, numbers, complaints and words are read") {
    const Values values{"1083700", std::nullopt, "", "a\r\n"};
    CHECK(std::get<Values>(reply_in("*4\r\n$7\r\n1083700\r\n$-1\r\n$0\r\n\r\n$3\r\na\r\n\r\n")) ==
          values);
    CHECK(std::get<Values>(reply_in("*0\r\n")).empty());
    CHECK(std::get<std::int64_t>(reply_in(":3\r\n")) == 3);
    CHECK(std::get<Complaint>(reply_in("-NOAUTH no\r\n")).text == "NOAUTH no");
    CHECK(std::get<Word>(reply_in("+QUEUED\r\n")).text == "QUEUED");
}

TEST_CASE("what has not come whole is left alone, and what follows a reply is left whole") {
    const std::string reply = "*2\r\n$3\r\nabc\r\n$-1\r\n";
    for (std::size_t size = 0; size < reply.size(); ++size) {
        CAPTURE(size);
        std::string_view rest = std::string_view(reply).substr(0, size);
        const Result<std::optional<Reply>> taken = take_reply(rest);
        REQUIRE(taken);
        CHECK_FALSE(*taken);
        CHECK(rest.size() == size);
    }
    const std::string two = reply + ":1\r\n";
    std::string_view rest = two;
    CHECK(take_reply(rest).value());
    CHECK(rest == ":1\r\n");
}

TEST_CASE("a reply that is not one of ours, or has no bounds, is broken") {
    const std::string long_line = "-" + std::string(2'000, 'x');
    for (const std::string& text :
         {std::string("OK\r\n"), std::string("HTTP/1.1 400 Bad Request\r\n"),
          std::string("*65\r\n"), std::string("*-1\r\n"), std::string("*x\r\n"),
          std::string("*1\r\n:1\r\n"), std::string("*1\r\n*0\r\n"), std::string("*1\r\n$-2\r\n"),
          std::string("*1\r\n$16385\r\n"), std::string("*1\r\n$1\r\nab\r\n"),
          std::string("*1\r\n$99999999999999999999\r\n"), std::string(":1x\r\n"), long_line}) {
        CAPTURE(text);
        std::string_view rest = text;
        const Result<std::optional<Reply>> reply = take_reply(rest);
        REQUIRE_FALSE(reply);
        CHECK(reply.error().fault == Fault::broken);
    }
}

}  // namespace homeostat::adapters::redis
