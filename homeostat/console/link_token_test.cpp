#include "homeostat/console/link_token.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

using namespace homeostat;
using namespace homeostat::console;
using namespace std::chrono_literals;

namespace {

constexpr WallTime noon{std::chrono::milliseconds{1'796'000'000'000}};

LinkKey key_for_test(std::uint8_t first = 7) {
    LinkKey key{};
    key.front() = first;
    return key;
}

Link link_for_test() {
    return {.incident = IncidentId("i-3"),
            .question = "5f0c2b9e1d3a4477",
            .person = "anna",
            .expires_at = noon + 10min,
            .nonce = {1, 2, 3, 255}};
}

}  // namespace

TEST_CASE("a token gives back what it was made of, and is fit for an address") {
    const std::string token = token_of(link_for_test(), key_for_test());
    CHECK(parse_token(token, key_for_test(), noon) == link_for_test());
    CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "-_") == std::string::npos);
    CHECK(token.size() < 160);
}

TEST_CASE("a token of which any character is another one is refused") {
    const std::string token = token_of(link_for_test(), key_for_test());
    for (std::size_t index = 0; index < token.size(); ++index) {
        for (const char c : std::string("ABz09-_ +/=%\n")) {
            std::string changed = token;
            changed[index] = c;
            CAPTURE(changed);
            CHECK(parse_token(changed, key_for_test(), noon).has_value() == (changed == token));
        }
    }
}

TEST_CASE("a token of which any bit is another one is refused") {
    const std::string token = token_of(link_for_test(), key_for_test());
    const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (std::size_t index = 0; index < token.size(); ++index) {
        for (unsigned bit = 1; bit < digits.size(); bit <<= 1U) {
            std::string changed = token;
            changed[index] = digits[digits.find(token[index]) ^ bit];
            CAPTURE(changed);
            CHECK_FALSE(parse_token(changed, key_for_test(), noon));
        }
    }
}

TEST_CASE("a token that is cut, longer, of another key or too old is refused") {
    const std::string token = token_of(link_for_test(), key_for_test());
    for (std::size_t size = 0; size < token.size(); ++size) {
        CHECK_FALSE(parse_token(token.substr(0, size), key_for_test(), noon));
    }
    for (const char* more : {"A", "AA", "AAA", "AAAA", "=", "=="}) {
        CHECK_FALSE(parse_token(token + more, key_for_test(), noon));
    }
    CHECK_FALSE(parse_token(std::string(100'000, 'A'), key_for_test(), noon));
    CHECK_FALSE(parse_token(token, key_for_test(8), noon));
    CHECK(parse_token(token, key_for_test(), noon + 10min - 1ms));
    CHECK_FALSE(parse_token(token, key_for_test(), noon + 10min));
}

TEST_CASE("two links to one question are two tokens") {
    Link other = link_for_test();
    other.nonce.back() = 1;
    CHECK(token_of(other, key_for_test()) != token_of(link_for_test(), key_for_test()));
}

TEST_CASE("bytes that are no link are refused, and a link has one form") {
    const std::string bytes = bytes_of(link_for_test());
    CHECK(parse_link(bytes) == link_for_test());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        CHECK_FALSE(parse_link(bytes.substr(0, size)));
    }
    CHECK_FALSE(parse_link(bytes + "x"));
    CHECK_FALSE(parse_link("\x02" + bytes.substr(1)));
    std::string with_markup = bytes;
    with_markup.replace(with_markup.find("anna"), 4, "<b>a");
    CHECK_FALSE(parse_link(with_markup));
}
