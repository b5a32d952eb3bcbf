#include "homeostat/app/export_format.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::app {

namespace {

EntryGroup refusal() {
    VerdictBody body{Rollback{ServiceId("a"), VersionId("v2"), VersionId("v1")},
                     std::nullopt,
                     {VerdictKind::refusal, "rule, with comma", "=cmd|' /C calc'!A0", {}}};
    EntryGroup group;
    group.index = 41;
    group.wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'250}};
    group.entries.push_back({EntryKind::verdict, IncidentId("i-3"), to_json(body)});
    return group;
}

std::string line_of_refusal(ExportFormat format) {
    const EntryGroup group = refusal();
    return line_of({group, group.entries.front(), 0, "00ff", "payments"}, format);
}

}  // namespace

TEST_CASE("an event names its place in the chain and holds the body as it is") {
    const Result<json::value> event = parse_json(line_of_refusal(ExportFormat::jsonl));
    REQUIRE(event);
    CHECK(event->at("specversion").as_string() == "1.0");
    CHECK(event->at("id").as_string() == "41.0");
    CHECK(event->at("source").as_string() == "/homeostat/payments");
    CHECK(event->at("type").as_string() == "homeostat.verdict");
    CHECK(event->at("subject").as_string() == "i-3");
    CHECK(event->at("time").as_string() == "2023-11-14T22:13:20.250Z");
    CHECK(event->at("ledgergroup").to_number<int>() == 41);
    CHECK(event->at("ledgerhash").as_string() == "00ff");
    CHECK(event->at("data") == refusal().entries.front().body);
}

TEST_CASE("a row of the table has the columns of its head, and no formula for a spreadsheet") {
    const std::string row = line_of_refusal(ExportFormat::csv);
    CHECK(
        row.starts_with("41,0,00ff,2023-11-14T22:13:20.250Z,payments,verdict,i-3,rollback,,"
                        "refusal,\"rule, with comma\",'=cmd|' /C calc'!A0,\"{\"\"remedy\"\""));
    CHECK(row.ends_with("\"\r\n"));
    CHECK(head_of(ExportFormat::csv).starts_with("group,position,hash,time,"));
    CHECK(head_of(ExportFormat::jsonl).empty());
}

TEST_CASE("a field is in quotes where it has to be") {
    CHECK(csv_field("plain") == "plain");
    CHECK(csv_field("") == "");
    CHECK(csv_field("a,b") == "\"a,b\"");
    CHECK(csv_field("say \"no\"") == "\"say \"\"no\"\"\"");
    CHECK(csv_field("two\nlines\r") == "\"two\nlines\r\"");
}

}  // namespace homeostat::app
