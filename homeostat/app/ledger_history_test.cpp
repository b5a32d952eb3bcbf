// The index against the ledger it is of: kept, lost, spoiled, of another ledger, not to be written.

#include "homeostat/app/ledger_history.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

const Remedy rollback = Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};

EntryGroup group_of(std::int64_t ms, std::vector<Entry> entries) {
    EntryGroup group;
    group.at = Instant{std::chrono::milliseconds{ms}};
    group.wall_at = WallTime{std::chrono::milliseconds{1'700'000'000'000 + ms}};
    group.entries = std::move(entries);
    return group;
}

/// An incident from `ms` on that is over after two seconds.
std::vector<EntryGroup> incident_at(std::int64_t ms, const std::string& id, SymptomKind kind) {
    const IncidentId incident(id);
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.symptom.kind = kind;
    proposal.symptom.subject.name = "pay on \"ments\"";
    proposal.choice.remedy = rollback;
    IntentBody intent;
    intent.effect = EffectId(id + ".e1");
    intent.remedy = rollback;
    intent.step = SwapVersion{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
    Proof proof;
    proof.kind = ProofKind::helped;
    const VerdictBody refusal{rollback, std::nullopt, {VerdictKind::refusal, "a rule", "", {}}};
    return {
        group_of(ms, {{EntryKind::opened, incident, to_json(proposal)}}),
        group_of(ms + 10, {{EntryKind::verdict, incident, to_json(refusal)}}),
        group_of(ms + 20, {{EntryKind::intent, incident, to_json(intent)}}),
        group_of(ms + 1'000, {{EntryKind::proof, incident, to_json(ProofBody{rollback, proof})}}),
        group_of(ms + 2'000, {{EntryKind::closed, incident,
                               to_json(ClosedBody{CloseKind::healed, {rollback}})}})};
}

/// A ledger with an index beside it, and what was told of the index.
struct Scene {
    ledger::ScratchForTest scratch;
    HistoryPlace place{scratch.ledger(), scratch.path() / "ledger.index"};
    std::vector<std::string> told{};

    Scene() {
        append(incident_at(0, "i-1", SymptomKind::errors));
        append(incident_at(60'000, "i-2", SymptomKind::latency));
    }

    void append(const std::vector<EntryGroup>& groups) const {
        ledger::LogForTest log(ledger::options_for_test(scratch));
        REQUIRE_FALSE(log.trouble());
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        for (const EntryGroup& group : groups) {
            REQUIRE(log.append(group));
        }
    }

    History ask(const HistoryQuestion& question = {}) {
        told.clear();
        const Result<History> history = ask_history(
            place, question, [this](std::string_view news) { told.emplace_back(news); });
        REQUIRE_MESSAGE(history, history.error().text);
        return *history;
    }

    std::vector<std::string> ids(const HistoryQuestion& question = {}) {
        std::vector<std::string> ids;
        for (const IncidentSummary& summary : ask(question).incidents) {
            ids.push_back(summary.incident.text());
        }
        return ids;
    }

    /// What comes without any index.
    [[nodiscard]] std::vector<IncidentSummary> read() const {
        return ask_history({place.ledger, {}}, {}, [](std::string_view) {}).value().incidents;
    }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("an index answers as its ledger does, also of what was written after it was made") {
    Scene scene;
    CHECK(scene.ids() == Ids{"i-1", "i-2"});
    CHECK(scene.told.empty());
    std::vector<EntryGroup> third = incident_at(120'000, "i-3", SymptomKind::errors);
    const std::vector<EntryGroup> end{third.back()};
    third.pop_back();
    scene.append(third);
    CHECK(scene.ask().incidents.back().state == "open");
    scene.append(end);
    const std::vector<IncidentSummary> indexed = scene.ask().incidents;
    CHECK(indexed.back().state == "healed");
    CHECK(indexed == scene.read());
    CHECK(scene.told.empty());
}

TEST_CASE("a question names incidents by time, service, symptom and state") {
    Scene scene;
    const auto at = [](std::int64_t ms) {
        return WallTime{std::chrono::milliseconds{1'700'000'000'000 + ms}};
    };
    CHECK(scene.ids({.filter = {.since = at(1)}}) == Ids{"i-2"});
    CHECK(scene.ids({.filter = {.until = at(60'000)}}) == Ids{"i-1"});
    CHECK(scene.ids({.filter = {.since = at(0), .until = at(60'001)}}) == Ids{"i-1", "i-2"});
    CHECK(scene.ids({.filter = {.symptom = "latency"}}) == Ids{"i-2"});
    CHECK(scene.ids({.filter = {.service = "payments", .state = "healed"}}) == Ids{"i-1", "i-2"});
    CHECK(scene.ids({.filter = {.service = "payments' OR '1'='1"}}).empty());
    CHECK(scene.ids({.filter = {.state = "open"}}).empty());
}

TEST_CASE("statistics count incidents by symptom, effects and proofs by remedy, refusals by rule") {
    Scene scene;
    const auto statistics = scene.ask({.filter = {}, .has_statistics = true}).statistics;
    REQUIRE(statistics);
    REQUIRE(statistics->symptoms.size() == 2);
    CHECK(statistics->symptoms[0].symptom == "errors");
    CHECK(statistics->symptoms[0].healed_count == 1);
    CHECK(statistics->symptoms[0].closed_after_ms_median == 2'000);
    REQUIRE(statistics->remedies.size() == 1);
    CHECK(statistics->remedies[0].remedy == "rollback");
    CHECK(statistics->remedies[0].effects_count == 2);
    CHECK(statistics->remedies[0].helped_count == 2);
    REQUIRE(statistics->rules.size() == 1);
    CHECK(statistics->rules[0].objections_count == 2);
}

TEST_CASE("an index that is lost is built anew and nothing is said of it") {
    Scene scene;
    const std::vector<IncidentSummary> before = scene.ask().incidents;
    std::filesystem::remove(scene.place.index);
    CHECK(scene.ask().incidents == before);
    CHECK(scene.told.empty());
    CHECK(std::filesystem::exists(scene.place.index));
}

TEST_CASE("an index that is spoiled is built anew, with one line") {
    Scene scene;
    const std::vector<IncidentSummary> before = scene.ask().incidents;
    const std::string whole = ledger::read_for_test(scene.place.index);
    ledger::write_for_test(scene.place.index, whole.substr(0, 100));
    CHECK(scene.ask().incidents == before);
    CHECK(scene.told.size() == 1);
    CHECK(scene.ask().incidents == before);
    CHECK(scene.told.empty());
    ledger::write_for_test(scene.place.index, "");
    CHECK(scene.ask().incidents == before);
    CHECK(scene.told.empty());
    for (std::size_t at = 100; at < whole.size(); at += 2'048) {  // Each page, in turn.
        std::string spoiled = whole;
        spoiled.replace(at, 200, std::string(200, '\xff'));
        ledger::write_for_test(scene.place.index, spoiled);
        CAPTURE(at);
        CHECK(scene.ask().incidents.size() <= before.size());  // It answers and does not crash.
    }
}

TEST_CASE("an index of another ledger, or of one that was longer, is thrown away") {
    Scene scene;
    (void)scene.ask();
    std::filesystem::remove_all(scene.place.ledger.directory);
    scene.append(incident_at(5, "i-9", SymptomKind::errors));
    CHECK(scene.ids() == Ids{"i-9"});
    CHECK(scene.told.size() == 1);
    std::filesystem::remove_all(scene.place.ledger.directory);
    scene.append(incident_at(6, "i-7", SymptomKind::errors));
    CHECK(scene.ids() == Ids{"i-7"});
    CHECK(scene.told.size() == 1);
    CHECK(scene.ids() == Ids{"i-7"});
    CHECK(scene.told.empty());
}

TEST_CASE("where no index can be kept the ledger is read, and another file is left alone") {
    Scene scene;
    const std::filesystem::path file = scene.scratch.path() / "precious.txt";
    ledger::write_for_test(file, "precious");
    for (const std::filesystem::path& index : {file, file / "below" / "ledger.index"}) {
        scene.place.index = index;
        CHECK(scene.ids() == Ids{"i-1", "i-2"});
        REQUIRE(scene.told.size() == 1);
        CHECK(scene.told.front().starts_with("no index is kept"));
    }
    CHECK(ledger::read_for_test(file) == "precious");
}

TEST_CASE("a file that is not an index of ours is left alone, whatever its name and content") {
    Scene scene;
    (void)scene.ask();
    constexpr std::size_t application_id_at = 68;  // SOURCE: sqlite.org/fileformat.html, 1.3
    std::string of_another = ledger::read_for_test(scene.place.index);
    of_another.replace(application_id_at, 4, "GPKG");
    for (const std::string& content : {std::string("notes, and no database"), of_another}) {
        scene.place.index = scene.scratch.path() / "notes.index";
        ledger::write_for_test(scene.place.index, content);
        CHECK(scene.ids() == Ids{"i-1", "i-2"});
        REQUIRE(scene.told.size() == 1);
        CHECK(scene.told.front().starts_with("no index is kept"));
        CHECK(scene.told.front().contains("notes.index"));
        CHECK(ledger::read_for_test(scene.place.index) == content);
    }
}

TEST_CASE("a ledger that is not intact is no answer, with an index or without") {
    Scene scene;
    (void)scene.ask();
    std::string bytes = ledger::read_for_test(scene.scratch.segment(0));
    bytes.at(bytes.size() / 2) ^= 1;
    ledger::write_for_test(scene.scratch.segment(0), bytes);
    const Result<History> history = ask_history(scene.place, {}, [](std::string_view) {});
    REQUIRE_FALSE(history);
    CHECK(history.error().fault == Fault::corrupt);
}

TEST_CASE("what the ledger has dropped by age its index does not tell any longer") {
    Scene scene;
    constexpr std::int64_t day_ms = 86'400'000;
    scene.place.ledger = scene.scratch.path() / "dropping";
    ledger::Options options = ledger::options_for_test(scene.scratch);
    options.directory = scene.place.ledger.directory;
    options.segment_bytes_max = 1;  // A segment for each group.
    const auto append = [&](std::int64_t ms, const std::string& id) {
        ledger::LogForTest log(options);
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        for (const EntryGroup& group : incident_at(ms, id, SymptomKind::errors)) {
            REQUIRE(log.append(group));
        }
    };
    append(0, "i-1");
    append(40 * day_ms, "i-2");
    CHECK(scene.ask().incidents.size() == 2);
    options.keep = std::chrono::hours{24 * 31};
    options.clocks_for_test = [] {
        const EntryGroup now = group_of(41 * day_ms, {});
        return ledger::Moment{now.at, now.wall_at, {}};
    };
    append(41 * day_ms, "i-3");
    const History history = scene.ask();
    REQUIRE(history.incidents.size() == 2);
    CHECK(history.incidents.front().incident == IncidentId("i-2"));
    REQUIRE(scene.told.size() == 1);
    CHECK(scene.told.front().contains("has dropped its oldest records"));
    CHECK(scene.ask().incidents == history.incidents);
    CHECK(scene.told.empty());
    scene.place.index.clear();
    CHECK(scene.ask().incidents == history.incidents);
}

}  // namespace homeostat::app
