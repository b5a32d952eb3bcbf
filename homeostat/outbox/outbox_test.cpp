#include "homeostat/base/json.hpp"
#include "homeostat/outbox/batch_making.hpp"
#include "homeostat/outbox/event.hpp"
#include "homeostat/outbox/sink.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace homeostat::outbox {

namespace {

using namespace std::chrono_literals;

json::value body_of(std::string_view text) {
    const Result<json::value> value = parse_json(text);
    REQUIRE(value);
    return *value;
}

EntryGroup group_of(std::uint64_t index) {
    EntryGroup group;
    group.index = index;
    group.wall_at = WallTime{1'732'000'000'250ms};
    return group;
}

}  // namespace

TEST_CASE("a batch holds what was recorded but for checkpoints, with its place in the ledger") {
    EntryGroup group = group_of(7);
    group.entries = {
        {EntryKind::checkpoint, IncidentId("i-1"), body_of(R"({"state":1})")},
        {EntryKind::intent, IncidentId("i-1"),
         body_of(R"({"effect":"i-1.e1","remedy":{"kind":"restart","instance":"p-0"}})")},
        {EntryKind::opened, IncidentId("i-2"),
         body_of(R"({"choice":{"remedy":{"kind":"rollback"}}})")},
        {EntryKind::started, IncidentId(), body_of(R"({"version":"1"})")}};
    Batch batch{.ledger = "aa", .service = "payments", .first_group = 7, .next_group = 7};
    add_group(batch, group, "h7");

    CHECK(batch.next_group == 8);
    CHECK(batch.hash == "h7");
    REQUIRE(batch.entries.size() == 3);
    CHECK(batch.entries[0].place == EntryPlace{7, 1});
    CHECK(batch.entries[0].remedy == "restart");
    CHECK(batch.entries[0].body ==
          R"({"effect":"i-1.e1","remedy":{"kind":"restart","instance":"p-0"}})");
    CHECK(batch.entries[1].place == EntryPlace{7, 2});
    CHECK(batch.entries[1].remedy == "rollback");
    CHECK(batch.entries[2].incident.empty());
    CHECK(batch.entries[2].remedy.empty());
}

TEST_CASE("a group of checkpoints alone moves a batch on without an entry") {
    EntryGroup group = group_of(3);
    group.entries = {{EntryKind::checkpoint, IncidentId("i-1"), body_of("{}")}};
    Batch batch{.ledger = "aa", .first_group = 3, .next_group = 3};
    add_group(batch, group, "h3");
    CHECK(batch.entries.empty());
    CHECK(batch.next_group == 4);
}

TEST_CASE("an event is a CloudEvent whose id names ledger, group and entry") {
    Batch batch{.ledger = "aa", .service = "payments"};
    batch.entries.push_back({.place = {7, 1},
                             .hash = "h7",
                             .wall_at = WallTime{1'732'000'000'250ms},
                             .kind = "intent",
                             .incident = "i-1",
                             .remedy = "restart",
                             .body = R"({"because":"a \"quoted\" word","n":1})"});
    const Result<json::value> event = parse_json(to_event(batch, batch.entries[0]));
    REQUIRE(event);
    const json::object& fields = event->get_object();
    CHECK(fields.at("specversion") == json::value("1.0"));
    CHECK(fields.at("id") == json::value("aa.7.1"));
    CHECK(fields.at("source") == json::value("/homeostat/payments"));
    CHECK(fields.at("type") == json::value("homeostat.intent"));
    CHECK(fields.at("subject") == json::value("i-1"));
    CHECK(fields.at("time") == json::value("2024-11-19T07:06:40.250Z"));
    CHECK(fields.at("ledgerhash") == json::value("h7"));
    CHECK(fields.at("remedykind") == json::value("restart"));
    CHECK(to_text(fields.at("data")) == batch.entries[0].body);
}

TEST_CASE("several events are one list, and what names no incident has no subject") {
    Batch batch{.ledger = "aa", .service = "payments"};
    for (const std::uint32_t entry : {0U, 1U}) {
        batch.entries.push_back({.place = {7, entry}, .hash = "h7", .kind = "gap", .body = "{}"});
    }
    const Result<json::value> events = parse_json(to_events(batch, batch.entries));
    REQUIRE(events);
    REQUIRE(events->get_array().size() == 2);
    const json::object& second = events->get_array()[1].get_object();
    CHECK(second.at("id") == json::value("aa.7.1"));
    CHECK_FALSE(second.contains("subject"));
    CHECK_FALSE(second.contains("remedykind"));
    CHECK(to_events(batch, {}) == "[]");
}

TEST_CASE("what may pass by itself is tried again, and nothing else") {
    for (const Fault fault :
         {Fault::unreachable, Fault::late, Fault::broken, Fault::full, Fault::busy}) {
        CHECK(may_pass(fault));
    }
    for (const Fault fault : {Fault::invalid, Fault::absent, Fault::refused, Fault::corrupt}) {
        CHECK_FALSE(may_pass(fault));
    }
}

}  // namespace homeostat::outbox
