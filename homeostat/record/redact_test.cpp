#include "homeostat/record/redact.hpp"

#include "homeostat/base/rng.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::record {

namespace {

// Put together here so that no scanner of sources takes them for real ones.
const std::string aws = std::string("AKIA") + "IOSFODNN7EXAMPLE";
const std::string github = std::string("ghp_") + "0123456789abcdefghij0123456789abcdef";
const std::string jwt = std::string("eyJhbGciOiJIUzI1NiJ9") + ".eyJzdWIiOiIxIn0.c2lnbmF0dXJl";
const std::string pem =
    std::string("-----BEGIN PRIVATE") + " KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----";
constexpr std::string_view canary = "canary-Zk4uW9";

/// Ways in which the canary stands in a text.
std::vector<std::string> texts_with_canary() {
    std::vector<std::string> texts;
    for (const std::string_view before :
         {"password=", "DB_PASSWORD: ", "\"apiKey\": \"", "\\\"token\\\":\\\"", "--secret ",
          "x-api-key: ", "Authorization: Basic ", "authorization: Bearer ", "bearer ",
          "\\npwd=", "https://admin:", "redis://", "aws_secret_access_key = ", "passphrase='"}) {
        const bool is_url = before.find("://") != std::string_view::npos;
        texts.push_back("it said " + std::string(before) + std::string(canary) +
                        (is_url ? "@10.0.0.1:6379/0" : ""));
    }
    return texts;
}

}  // namespace

TEST_CASE("what looks like a secret is replaced by its kind, and what stands around it stays") {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"password=hunter2, retrying", "password=[redacted:password], retrying"},
        {"PGPASSWORD = 'a b', retrying", "PGPASSWORD = '[redacted:password]', retrying"},
        {R"({"api_key":"a\"b","n":1})", R"({"api_key":"[redacted:api_key]","n":1})"},
        {R"("{\"token\":\"abc\"}")", R"("{\"token\":\"[redacted:token]\"}")"},
        {"run --token abc now", "run --token [redacted:token] now"},
        {"Authorization: Basic YTpi\nAccept: x",
         "Authorization: [redacted:authorization]\nAccept: x"},
        {"X-Auth-Token: Bearer abc123opaque, sent", "X-Auth-Token: [redacted:token], sent"},
        {"token=basic  YTpi\nAccept: x", "token=[redacted:token]\nAccept: x"},
        {"secret: Bearer", "secret: [redacted:secret]"},
        {"token-service: abc123", "token-service: [redacted:token]"},
        {"PASSWORD_2=123456", "PASSWORD_2=[redacted:password]"},
        {"secret_key=123456", "secret_key=[redacted:secret]"},
        {"tokens: 123456", "tokens: [redacted:token]"},
        {"file_token: 123456", "file_token: [redacted:token]"},
        {"token-service: 12345678", "token-service: [redacted:token]"},
        {"sent Bearer abcdefgh123 twice", "sent Bearer [redacted:bearer] twice"},
        {"postgres://me:p@ss@db:5432/x", "postgres://[redacted:userinfo]@db:5432/x"},
        {"key " + aws + " used", "key [redacted:aws_key] used"},
        {"a\\n" + github, "a\\n[redacted:github_token]"},
        {"got " + jwt + ".", "got [redacted:jwt]."},
        {"see\n" + pem + "\nend", "see\n[redacted:private_key]\nend"},
        {"line\\n" + pem, "line\\n[redacted:private_key]"},
    };
    for (const auto& [text, wanted] : cases) {
        CHECK(redact(text) == wanted);
    }
}

TEST_CASE("what is no secret stays as it was, byte for byte") {
    for (const std::string_view text :
         {"",
          "payments-2 answers 500 since 12:04",
          "http://127.0.0.1:8080/health",
          "i-7.e2",
          "the bearer of news",
          "a token bucket",
          "no secret is safe",
          "errors on token-service: 12 % of 300",
          "password-reset-2: 0.5 %",
          "secrets_api=42, up",
          "model.token_file: run/model: others may read it",
          "--password-file run/word",
          "TokenFile=x",
          "user@example.org",
          "--password",
          "password=",
          "eyJ.eyJ",
          "-----BEGIN CERTIFICATE-----",
          "größer als 3 µs",
          "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}) {
        CHECK(redact(text) == text);
    }
}

TEST_CASE("whatever the text, redacting it twice changes nothing, and it grows within its bound") {
    constexpr std::array<std::string_view, 36> pieces{"password",
                                                      "token",
                                                      "secret",
                                                      "=",
                                                      ":",
                                                      "://",
                                                      "@",
                                                      "\"",
                                                      "'",
                                                      "\\",
                                                      " ",
                                                      "\n",
                                                      "--",
                                                      "-----",
                                                      "a",
                                                      "eyJ",
                                                      ".",
                                                      "Bearer ",
                                                      "ghp_",
                                                      "[redacted:token]",
                                                      "[",
                                                      "]",
                                                      ",",
                                                      "&",
                                                      "/",
                                                      "pwd=x",
                                                      "-----BEGIN PRIVATE KEY-----",
                                                      "-----END ",
                                                      "AKIAIOSFODNN7EXAMPLE",
                                                      "authorization: ",
                                                      "0123456789abcdefghij",
                                                      "_",
                                                      "-",
                                                      "é",
                                                      "api_key",
                                                      "n"};
    for (std::uint64_t seed = 0; seed < 20'000; ++seed) {
        Rng rng(seed);
        std::string text;
        for (std::int64_t left = rng.between(0, 23); left > 0; --left) {
            text += pieces[rng.next() % pieces.size()];
        }
        CAPTURE(seed);
        CAPTURE(text);
        const std::string once = redact(text);
        REQUIRE(redact(once) == once);
        REQUIRE(once.size() <= redacted_growth_max * text.size());
    }
}

TEST_CASE("no canary in any text of any entry is left in the entry") {
    for (const std::string& text : texts_with_canary()) {
        CAPTURE(text);
        json::object state;
        state["deep"] = json::array{json::value(text)};
        Change told;
        told.reference = text;
        StartedBody start;
        start.settings = json::value(state);
        OutcomeBody what;
        what.outcome.because = text;
        Proposal proposal;
        const std::string long_text = std::string(because_bytes_max - text.size(), '.') + text;
        for (const Entry& entry : {started(start), change(told), outcome(IncidentId("i-1"), what),
                                   escalated(IncidentId("i-1"), {text}), suspended({text, text}),
                                   resumed({"", long_text}), gap({{}, text, 1}),
                                   given_back(IncidentId("i-1"), {Restart{}, Restart{}, text, {}}),
                                   checkpoint(IncidentId("i-1"), state)}) {
            const std::string kept = to_text(entry.body);
            CHECK(kept.find(canary) == std::string::npos);
            CHECK(kept.find("[redacted:") != std::string::npos);
        }
    }
}

}  // namespace homeostat::record
