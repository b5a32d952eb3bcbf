#include "homeostat/adapters/postgres/postgres_text.hpp"

#include "homeostat/adapters/postgres/migrations.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace homeostat::adapters::postgres {

TEST_CASE("a NUL in JSON is replaced, and what only looks like one is not") {
    CHECK(without_nul(R"({"a":"x\u0000y\u0000"})") == R"({"a":"x\ufffdy\ufffd"})");
    CHECK(without_nul(R"({"a":"\\u0000"})") == R"({"a":"\\u0000"})");
    CHECK(without_nul(R"({"a":"\\\u0000"})") == R"({"a":"\\\ufffd"})");
    CHECK(without_nul(R"({"a":"\u00001"})") == R"({"a":"\ufffd1"})");
    CHECK(without_nul(R"({"a":"\n\u0001"})") == R"({"a":"\n\u0001"})");
    CHECK(without_nul(R"(a\)") == R"(a\)");
}

TEST_CASE("what libpq says holds no password of the address") {
    struct Case {
        std::string_view url;
        std::string_view says;
        std::string_view shown;
    };
    for (const Case& each : {
             Case{"postgresql://app:s3cret@db:5432/base",
                  "FATAL:  password authentication failed for user \"app\"\n",
                  "FATAL:  password authentication failed for user \"app\""},
             Case{"postgresql://app:s3cret@db/base", "could not look up s3cret@db: s3cret",
                  "could not look up [redacted]@db: [redacted]"},
             Case{"postgresql://db/base?password=s3cret&x=1", "bad s3cret", "bad [redacted]"},
             Case{"host=db password='s3cret' user=app", "bad s3cret", "bad [redacted]"},
             Case{"postgresql://app:s3@cret@db/base", "invalid port number: \"s3cret\"",
                  "libpq cannot read the address"},
             Case{"s3cret", "missing \"=\" after \"s3cret\" in connection info string",
                  "libpq cannot read the address"},
             Case{"postgresql://db/base", "could not connect", "could not connect"},
         }) {
        CAPTURE(each.url);
        CHECK(without_secret(each.says, each.url) == each.shown);
    }
}

TEST_CASE("the versions of the tables follow each other from 1 on") {
    int version = 0;
    for (const Migration& migration : migrations()) {
        CHECK(migration.version == ++version);
        CHECK(migration.sql.contains("CREATE"));
    }
    CHECK(version > 0);
}

}  // namespace homeostat::adapters::postgres
