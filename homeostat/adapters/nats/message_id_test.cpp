#include "homeostat/adapters/nats/message_id.hpp"

#include <doctest/doctest.h>

#include <string>

namespace homeostat::adapters::nats {

TEST_CASE("a message's id gives the place of the entry back") {
    const outbox::EntryPlace place{18'446'744'073'709'551'615U, 4'294'967'295U};
    CHECK(place_of(outbox::key_of("a1b2", place), "a1b2") == place);
    CHECK(place_of("a1b2.0.0", "a1b2") == outbox::EntryPlace{0, 0});
}

TEST_CASE("an id that is not of this ledger, or none of ours, has no place") {
    for (const std::string& id :
         {std::string(), std::string("a1b2"), std::string("a1b2."), std::string("a1b2.1"),
          std::string("a1b2.1."), std::string("a1b2.1.2x"), std::string("a1b2.1.2.3"),
          std::string("a1b2.-1.2"), std::string("a1b2.99999999999999999999.0"),
          std::string("a1b2.1.4294967296"), std::string("a1b3.1.2"), std::string("a1b21.2")}) {
        CAPTURE(id);
        CHECK_FALSE(place_of(id, "a1b2"));
    }
}

TEST_CASE("a subject has three parts, whatever the service is called") {
    CHECK(subject_of("payments", "0123456789abcdef0123") == "homeostat.payments.0123456789abcdef");
    CHECK(subject_of("shop.payments", "0123456789abcdef") ==
          "homeostat.shop_payments.0123456789abcdef");
}

}  // namespace homeostat::adapters::nats
