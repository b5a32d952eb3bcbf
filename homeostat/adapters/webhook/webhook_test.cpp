#include "homeostat/adapters/webhook/webhook_sink.hpp"

#include <doctest/doctest.h>

namespace homeostat::adapters::webhook {

TEST_CASE("what a receiver answers says whether it is asked again") {
    for (const int status : {200, 201, 202, 204}) {
        CHECK(meaning_of(status));
    }
    for (const int status : {408, 429, 500, 502, 503, 599}) {
        CAPTURE(status);
        REQUIRE_FALSE(meaning_of(status));
        CHECK(outbox::may_pass(meaning_of(status).error().fault));
    }
    for (const int status : {301, 302, 304, 400, 401, 403, 404, 410, 413, 422}) {
        CAPTURE(status);
        REQUIRE_FALSE(meaning_of(status));
        CHECK_FALSE(outbox::may_pass(meaning_of(status).error().fault));
    }
}

}  // namespace homeostat::adapters::webhook
