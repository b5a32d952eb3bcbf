#include "homeostat/sense/gloss.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/sense/lexicon.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sense {

namespace {

std::string id_of(const Lexicon& lexicon, std::string_view line) {
    const std::optional<Gloss> gloss = lexicon.gloss_of(shape_of(line));
    return std::string(gloss ? gloss->id : "");
}

struct Case {
    std::string_view line;
    std::string_view id;
};

void check_cases(const std::vector<Case>& cases) {
    for (const Case& one : cases) {
        CAPTURE(one.line);
        CHECK(id_of(shipped_lexicon(), one.line) == one.id);
    }
}

std::vector<GlossRow> rows_in_words() {
    std::vector<GlossRow> rows;
    for (const std::span<const GlossRow> some : lexicon_rows()) {
        rows.insert(rows.end(), some.begin(), some.end());
    }
    rows.insert(rows.end(), general_rows().begin(), general_rows().end());
    return rows;
}

std::vector<GlossRow> all_rows() {
    std::vector<GlossRow> rows = rows_in_words();
    for (const CodeRow& row : code_rows()) {
        rows.push_back({row.id, row.words, row.kind, row.name});
    }
    return rows;
}

}  // namespace

TEST_CASE("every shipped gloss has a plain name, four words at most, and one meaning") {
    std::map<std::string_view, GlossRow> by_id;
    for (const GlossRow& row : all_rows()) {
        CAPTURE(row.id);
        CHECK(is_plain_name(row.id));
        CHECK(row.words.size() <= gloss_words_bytes_max);
        CHECK(static_cast<std::size_t>(std::ranges::count(row.words, ' ')) < gloss_words_max);
        CHECK(std::ranges::all_of(row.words, [](char c) { return c >= ' ' && c < 0x7F; }));
        const GlossRow& first = by_id.try_emplace(row.id, row).first->second;
        CHECK(first.words == row.words);
        CHECK(first.kind == row.kind);
    }
    CHECK(by_id.size() == shipped_lexicon().glosses_count());
    CHECK(by_id.size() >= 200);
}

TEST_CASE("every shipped pattern is one that an operator may write, and stands once") {
    std::set<std::string_view> seen;
    std::vector<GlossRow> rows = rows_in_words();
    for (const GlossRow& row : rows) {
        std::string_view rest = row.patterns;
        while (!rest.empty()) {
            const std::string_view pattern = rest.substr(0, rest.find('|'));
            CAPTURE(pattern);
            CHECK(check_pattern(pattern).has_value());
            CHECK(seen.insert(pattern).second);  // A second one would never win.
            rest.remove_prefix(std::min(rest.size(), pattern.size() + 1));
        }
    }
    for (const CodeRow& row : code_rows()) {
        CAPTURE(row.id);
        CHECK_FALSE(patterns_of(row).empty());
    }
}

TEST_CASE("exceptions of five languages have their glosses") {
    check_cases({
        {"java.net.ConnectException: Connection refused (Connection refused)",
         "connection_refused"},
        {"Caused by: java.net.SocketTimeoutException: Read timed out", "read_timeout"},
        {"java.lang.OutOfMemoryError: Java heap space", "out_of_memory"},
        {"Exception in thread \"main\" java.lang.NullPointerException", "null_dereference"},
        {"redis.exceptions.ConnectionError: Error 111 connecting to x:6379. Connection refused.",
         "connection_refused"},
        {"KeyError: 'amount'", "key_missing"},
        {"json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
         "json_malformed"},
        {"panic: runtime error: invalid memory address or nil pointer dereference",
         "null_dereference"},
        {"fatal error: all goroutines are asleep - deadlock!", "deadlock"},
        {"TypeError: Cannot read properties of undefined (reading 'x')", "null_dereference"},
        {"Error: connect ECONNREFUSED 127.0.0.1:5432", "connection_refused"},
        {"FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
         "out_of_memory"},
        {"System.NullReferenceException: Object reference not set to an instance of an object.",
         "null_dereference"},
        {"System.Threading.Tasks.TaskCanceledException: A task was canceled.", "read_timeout"},
    });
}

TEST_CASE("what drivers and servers say has its gloss") {
    check_cases({
        {"FATAL:  sorry, too many clients already", "too_many_connections"},
        {"ERROR:  deadlock detected", "deadlock"},
        {"ERROR 1213 (40001): Deadlock found when trying to get lock", "deadlock"},
        {"FATAL:  password authentication failed for user \"x\"", "authentication_failed"},
        {"ERROR:  relation \"orders\" does not exist", "relation_missing"},
        {"ERROR:  duplicate key value violates unique constraint \"x\"", "duplicate_key"},
        {"HikariPool-1 - Connection is not available, request timed out after 30000ms.",
         "pool_exhausted"},
        {"QueuePool limit of size 5 overflow 10 reached", "pool_exhausted"},
        {"MISCONF Redis is configured to save RDB snapshots", "persistence_failing"},
        {"OOM command not allowed when used memory > 'maxmemory'.", "out_of_memory"},
        {"NOT_LEADER_OR_FOLLOWER for partition orders-3", "not_leader"},
        {"MongoServerSelectionError: connect ECONNREFUSED", "server_selection"},
        {"flood stage disk watermark [95%] exceeded", "disk_full"},
        {"write /data/x: no space left on device", "disk_full"},
        {"accept: too many open files", "too_many_files"},
        {"x509: certificate has expired or is not yet valid", "certificate_expired"},
        {"dial tcp: lookup db on 10.0.0.2:53: no such host", "dns_not_found"},
        {"rpc error: code = Unavailable desc = none", "grpc_unavailable"},
        {"rpc error: code = DeadlineExceeded desc = context deadline exceeded",
         "grpc_deadline_exceeded"},
        {"upstream returned 503", "http_503"},
        {"\"GET /pay HTTP/1.1\" 502 157 \"-\"", "http_502"},
        {R"({"level":"error","msg":"call failed","status":504})", "http_504"},
        {"read failed: [Errno 28] x", "disk_full"},
    });
}

TEST_CASE("an ordinary line has none") {
    check_cases({
        {"INFO payment 17 done in 3 ms", ""},
        {"GET /healthz 200 1ms", ""},
        {"listening on port 8080", ""},
        {"timeout=30s retries=3", ""},
        {"user=deadlock logged in", ""},
        {"", ""},
    });
}

TEST_CASE("the operator's words come first, and their stars stand for anything") {
    const std::array own{
        UserGloss{"card issuer * declined", "issuer declines cards", GlossClass::dependency},
        UserGloss{"connection refused", "the usual", GlossClass::network},
        UserGloss{"a * b * a", "a twice", GlossClass::data}};
    const Lexicon lexicon(own);
    const std::optional<Gloss> gloss =
        lexicon.gloss_of(shape_of("ERROR CardIssuer 17 of 20 has DECLINED us: connection reset"));
    REQUIRE(gloss);
    CHECK(gloss->id == "user_issuer_declines_cards");
    CHECK(gloss->words == "issuer declines cards");
    CHECK(gloss->kind == GlossClass::dependency);
    CHECK(id_of(lexicon, "declined by card issuer") == id_of(shipped_lexicon(), "declined by"));
    CHECK(id_of(lexicon, "dial tcp x: connection refused") == "user_the_usual");
    CHECK(id_of(lexicon, "a b a") == "user_a_twice");
    CHECK(id_of(lexicon, "a x b y a z") == "user_a_twice");
    CHECK(id_of(lexicon, "a b").empty());
    CHECK(id_of(lexicon, "ERROR deadlock detected") == "deadlock");
}

TEST_CASE("a pattern without words, too long, or too starry is refused") {
    CHECK(check_pattern("card * declined").has_value());
    const std::vector<std::pair<std::string, std::string_view>> cases{
        {"", "no word in the pattern — write words of the line, * for what varies"},
        {"* - *", "no word in the pattern — write words of the line, * for what varies"},
        {std::string(201, 'a'), "a pattern of 201 bytes — write at most 200"},
        {"a*b*c*d*e*f*g*h*i*j", "more than 8 stars — one stands for any words"},
        {"a b c d e f g h i j k l m n o p q", "17 words — 16 are enough to tell a line"},
    };
    for (const auto& [pattern, text] : cases) {
        CAPTURE(pattern);
        const Result<void> checked = check_pattern(pattern);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().text == text);
    }
}

}  // namespace homeostat::sense
