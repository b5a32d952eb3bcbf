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
        replay.decisions.push_back({{}, "verdict on x", kind, "permit", "refusal: a rule — why"});
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

}  // namespace homeostat::app
