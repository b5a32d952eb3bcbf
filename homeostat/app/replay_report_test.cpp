#include "homeostat/app/replay_report.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string>

namespace homeostat::app {

namespace {

using heal::Replay;

heal::IncidentReplay replay_of(std::initializer_list<Replay> kinds) {
    heal::IncidentReplay replay;
    for (const Replay kind : kinds) {
        replay.decisions.push_back({7 + replay.decisions.size(),
                                    {},
                                    "verdict on x",
                                    kind,
                                    "permit",
                                    "refusal: a rule — why"});
    }
    return replay;
}

ExitStatus status_of(std::initializer_list<Replay> kinds) {
    return app::status_of(result_of(replay_of(kinds)));
}

}  // namespace

TEST_CASE("a difference is never hidden by what cannot be replayed, and nothing is not the same") {
    CHECK(status_of({Replay::same, Replay::same}) == ExitStatus::ok);
    CHECK(status_of({Replay::not_recorded, Replay::differs}) == ExitStatus::unexpected);
    CHECK(status_of({Replay::same, Replay::not_recorded}) == ExitStatus::usage);
    CHECK(status_of({}) == ExitStatus::usage);
}

TEST_CASE("a decision that differs is printed with both sides, escaped") {
    heal::IncidentReplay replay = replay_of({Replay::differs});
    replay.decisions.front().recorded = "permit\x1b[31m";
    const std::string text = to_lines(IncidentId("i-1"), replay);
    CHECK(text.contains("DIFFERS  verdict on x\n"));
    CHECK(text.contains("recorded: permit\\x1b[31m\n"));
    CHECK(text.contains("replayed: refusal: a rule — why\n"));
}

TEST_CASE("the report ends with the first difference and its place in the ledger") {
    heal::IncidentReplay replay = replay_of({Replay::same, Replay::differs, Replay::differs});
    replay.decisions[1].decision = "choice among 3";
    replay.decisions[2].recorded = "another";
    const std::string text = to_lines(IncidentId("i-1"), replay);
    CAPTURE(text);
    CHECK(
        text.ends_with("first difference: choice among 3, in group 8 of the ledger\n"
                       "  recorded: permit\n  replayed: refusal: a rule — why\n"));
    const json::value document = to_document(IncidentId("i-1"), replay);
    CHECK(document.at("first_difference").at("group").to_number<int>() == 8);
    const heal::IncidentReplay same = replay_of({Replay::same});
    CHECK_FALSE(to_lines(IncidentId("i-1"), same).contains("first difference"));
    CHECK(to_document(IncidentId("i-1"), same).at("first_difference").is_null());
}

}  // namespace homeostat::app
