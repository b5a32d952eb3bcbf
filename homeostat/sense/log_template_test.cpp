#include "homeostat/sense/log_template.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sense {

namespace {

bool is_same(std::string_view left, std::string_view right) {
    const LogShape one = shape_of(left);
    const LogShape other = shape_of(right);
    return std::ranges::equal(one.all(), other.all()) && one.keys == other.keys &&
           one.level == other.level;
}

std::size_t variables_count(std::string_view line) {
    const LogShape shape = shape_of(line);
    return static_cast<std::size_t>(std::ranges::count(shape.all(), 0U));
}

bool tells(std::string_view line, std::string_view word) {
    Pieces pieces;
    add_pieces(word, pieces);
    const LogShape shape = shape_of(line);
    return !std::ranges::search(shape.pieces.all(), pieces.all()).empty();
}

using Pair = std::pair<std::string_view, std::string_view>;

}  // namespace

TEST_CASE("lines that differ in values alone have one shape") {
    const std::vector<Pair> pairs{
        {"payment 17 failed after 3ms", "payment 9921 failed after 1.25s"},
        {"took 3 ms", "took 12 seconds"},
        {"2026-01-01 12:00:00,123 ERROR x broke", "2027-12-31T23:59:59Z ERROR x broke"},
        {"Nov 27 20:00:00 host started", "Feb  1 01:02:03 host started"},
        {"block deadbeef lost", "block 0012ab34 lost"},
        {"id 550e8400-e29b-41d4-a716-446655440000 gone",
         "id 00000000-0000-0000-0000-000000000001 gone"},
        {"peer 10.0.0.1:443 left", "peer [2001:db8::1]:443 left"},
        {"cannot read /etc/passwd now", "cannot read /var/lib/x/y now"},
        {"see http://a/b?c=d for more", "see https://example.org/ for more"},
        {"mail to alice@example.org sent", "mail to bob@example.com sent"},
        {"relation \"users\" is gone", "relation \"a b = c\" is gone"},
        {"user 'it''s' is gone", "user 'x' is gone"},
        {"ids [1, 2, 3] are odd", "ids [1, 5] are odd"},
        {"done user=alice n=3", "done user=bob n=\"4 5\""},
        {R"({"level":"error","msg":"no luck","id":"a"})",
         R"({"level":"error","msg":"no luck","id":7})"},
        {R"({"level":"error","msg":"say \"a\" b"})", R"({"level":"error","msg":"say \"c d\" b"})"},
        {"\tat com.acme.Foo.bar(Foo.java:12)", "    at Object.<anonymous> (/srv/x.js:1:2)"},
        {"  File \"/srv/a.py\", line 3, in main", "  File \"/b.py\", line 4, in other"},
    };
    for (const auto& [left, right] : pairs) {
        CAPTURE(left);
        CAPTURE(right);
        CHECK(is_same(left, right));
    }
}

TEST_CASE("lines that differ in the program's own words have different shapes") {
    const std::vector<Pair> pairs{
        {"payment 17 failed", "refund 17 failed"},
        {"a=1 done", "b=1 done"},
        {R"({"level":"error","msg":"no"})", R"({"level":"error","msg":"yes"})"},
        {R"({"level":"error","msg":"no"})", R"({"level":"info","msg":"no"})"},
        {"level=error msg=\"no luck\"", "level=error msg=\"no disk\""},
        {"error=\"dial tcp: refused\"", "error=\"dial tcp: reset\""},
        {"it can't be", "it cannot be"},
    };
    for (const auto& [left, right] : pairs) {
        CAPTURE(left);
        CAPTURE(right);
        CHECK_FALSE(is_same(left, right));
    }
}

TEST_CASE("a line's level is what stands at its front or in its field, else info") {
    const std::vector<std::pair<std::string_view, LogLevel>> cases{
        {"ERROR payment failed", LogLevel::error},
        {"2026-11-27 20:00:00.1 UTC [12] FATAL:  no", LogLevel::error},
        {"2026-11-27 20:00:00.1 UTC [12] LOG:  error counters were reset", LogLevel::info},
        {"[WARNING]  (12) : down", LogLevel::warning},
        {"level=warn slow answer", LogLevel::warning},
        {R"({"time":1,"level":50,"msg":"x"})", LogLevel::error},
        {R"({"severity":"WARNING","message":"ERROR"})", LogLevel::warning},
        {"E1127 20:00:00.000000   1 reflector.go:1] x", LogLevel::error},
        {"ERROR:root:it broke", LogLevel::error},
        {"12:M 27 Nov 2026 20:00:00.123 # Server is slow", LogLevel::warning},
        {"panic: runtime error", LogLevel::error},
        {"Traceback (most recent call last):", LogLevel::error},
        {"INFO payment done note=x says ERROR", LogLevel::info},
        {"INFO error handler ready", LogLevel::info},
        {"one two three four five six ERROR", LogLevel::info},
        {"", LogLevel::info},
    };
    for (const auto& [line, level] : cases) {
        CAPTURE(line);
        CHECK(shape_of(line).level == level);
    }
}

TEST_CASE("only the program's own words are read, never a stranger's value") {
    CHECK(tells("ERROR connection refused", "connection refused"));
    CHECK(tells("java.net.SocketTimeoutException: x", "socket timeout exception"));
    CHECK(tells("error=\"connection refused\"", "connection refused"));
    CHECK(tells(R"({"msg":"connection refused"})", "connection refused"));
    CHECK(tells("GET \"/x\" status=503", "status 503"));
    CHECK(tells("\"GET / HTTP/1.1\" 503 12", "httprequest 503"));
    for (const std::string_view value :
         {"user=deadlock", "user=\"deadlock\"", "name \"deadlock\" taken", "GET /deadlock/x 200",
          "from deadlock@example.org", R"({"user":"deadlock"})", "http://deadlock/ answered",
          "STATEMENT:  select deadlock", "\tat com.deadlock.Main.run(Main.java:1)"}) {
        CAPTURE(value);
        CHECK_FALSE(tells(value, "deadlock"));
    }
}

TEST_CASE("any bytes are a line, and what is beyond two KiB or 64 words is nothing") {
    const std::string head(line_bytes_max, 'x');
    std::string huge = head;
    huge.resize(10'000'000, 'y');
    CHECK(is_same(huge, head));
    std::string words;
    for (int count = 0; count < 1000; ++count) {
        words += "w ";
    }
    CHECK(shape_of(words).words_count == words_max);
    CHECK(shape_of(std::string("\0\xff\x1b[31m", 7)).words_count <= 2);
    CHECK(shape_of("\"").words_count == 0);
    CHECK(shape_of("msg=").words_count <= 1);
    CHECK(variables_count("1 2 3") == 1);
}

}  // namespace homeostat::sense
