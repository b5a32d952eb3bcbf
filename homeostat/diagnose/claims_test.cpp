#include "homeostat/diagnose/claims.hpp"

#include "homeostat/base/named_enum.hpp"
#include "homeostat/diagnose/evidence.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

constexpr Instant began_at{1h};

Symptom symptom_of(SymptomKind kind) {
    return {.kind = kind,
            .subject = {SubjectKind::service, "payments"},
            .began_at = began_at,
            .noticed_at = began_at + 2s};
}

void claim(State& state, Trouble trouble, Instant at, double lines = 1) {
    Signal signal;
    signal.kind = SignalKind::lines_count;
    signal.observer = Observer::logs;
    signal.subject = {SubjectKind::instance, "payments-0"};
    signal.value = lines;
    signal.at = at;
    signal.trouble = trouble;
    remember(state, signal);
}

/// It has been watched for an hour.
State watched() {
    State state;
    state.watched_since = began_at - 1h;
    return state;
}

State claiming_all() {
    State state = watched();
    for (std::size_t at = 0; at < troubles_count; ++at) {
        claim(state, static_cast<Trouble>(at), began_at);
    }
    return state;
}

Look with_a_neighbour(const Failing& failing, const Pace& pace) {
    Look look;
    look.neighbours.emplace_back(ServiceId("fraud"), failing);
    look.neighbour_paces.emplace_back(ServiceId("fraud"), pace);
    return look;
}

std::vector<Trouble> told(const State& state,
                          const Look& look,
                          SymptomKind kind = SymptomKind::errors) {
    return confirmed_claims(state, look, symptom_of(kind), {});
}

const Failing failing{100, 30};
const Pace slowed{10.0, 500.0};

}  // namespace

TEST_CASE("where no number fits no claim counts, whoever wrote it") {
    CHECK(told(claiming_all(), {}).empty());
}

TEST_CASE("each class of claim needs numbers of its own") {
    using enum Trouble;
    const std::vector<Trouble> of_others{connection_refused, timeout, certificate, credentials,
                                         rate_limited};
    const State state = claiming_all();
    CHECK(told(state, with_a_neighbour(failing, {})) == of_others);
    CHECK(told(state, with_a_neighbour({}, slowed)) == of_others);
    CHECK(told(state, with_a_neighbour({}, {})).empty());

    Look look;
    look.leaks = {{InstanceId("payments-0"), 1e6, 9e6}};
    CHECK(told(state, look) == std::vector{out_of_memory});
    CHECK(told(state, {}, SymptomKind::instance_down) == std::vector{out_of_memory});

    look = {};
    look.load.waiting = waiting_usual_max;
    CHECK(told(state, look).empty());
    look.load.waiting += 1;
    CHECK(told(state, look) == std::vector{deadlock, pool_exhausted, overload});
    look = {};
    look.own_pace = slowed;
    CHECK(told(state, look) == std::vector{deadlock});

    look = {};
    look.suspects = {Change{}};
    CHECK(told(state, look) == std::vector{config_error});
    look = {};
    look.own = failing;
    CHECK(told(state, look) == std::vector{exception, bad_data});
}

TEST_CASE("what was claimed before the symptom explains nothing, until a minute went by without") {
    Look look;
    look.own = failing;
    State state;
    for (Instant at = began_at - 5min; at <= began_at; at += 30s) {
        claim(state, Trouble::exception, at);
    }
    CHECK(told(state, look).empty());

    State quiet = watched();
    claim(quiet, Trouble::exception, began_at - 5min);
    claim(quiet, Trouble::exception, began_at + 1s);
    CHECK(told(quiet, look) == std::vector{Trouble::exception});
}

TEST_CASE("whoever has begun to watch within a minute of the symptom tells no claim") {
    Look look;
    look.own = failing;
    for (const auto& [watched_for, is_told] :
         {std::pair{59s, false}, std::pair{60s, true}, std::pair{0s, false}}) {
        State state;
        state.watched_since = began_at - watched_for;
        claim(state, Trouble::exception, began_at);
        CHECK(told(state, look).empty() == !is_told);
    }
}

TEST_CASE("the loudest claim comes first, and what it was once does not count") {
    Look look;
    look.own = failing;
    State state;
    claim(state, Trouble::exception, began_at - 1h, 1000);
    claim(state, Trouble::exception, began_at, 2);
    claim(state, Trouble::bad_data, began_at, 3);
    CHECK(told(state, look) == std::vector{Trouble::bad_data, Trouble::exception});
}

TEST_CASE("lines that claim nothing are remembered as nothing") {
    State state;
    Signal signal;
    signal.kind = SignalKind::lines_count;
    signal.observer = Observer::logs;
    signal.value = 9;
    signal.at = began_at;
    remember(state, signal);
    CHECK(state.claims.empty());
}

TEST_CASE("a confirmed claim is a line of the evidence") {
    Inventory inventory;
    inventory.service = ServiceId("payments");
    inventory.instances = {InstanceId("payments-0")};
    State state = watched();
    const auto count = [&](SignalKind kind, double value) {
        Signal signal;
        signal.kind = kind;
        signal.observer = Observer::edge;
        signal.subject = {SubjectKind::service, "payments"};
        signal.value = value;
        signal.at = began_at + 1s;
        remember(state, signal);
    };
    claim(state, Trouble::bad_data, began_at + 1s);
    const auto lines = [&] {
        Diagnosis diagnosis;
        const Symptom symptom = symptom_of(SymptomKind::errors);
        write_evidence(diagnosis, look_at(state, symptom, inventory, {}), symptom, inventory, {});
        return diagnosis.evidence.lines;
    };
    const auto tells = [&] {
        return std::ranges::any_of(lines(), [](const std::string& line) {
            return line.find("bad data") != std::string::npos;
        });
    };
    CHECK_FALSE(tells());
    count(SignalKind::requests_count, 100);
    count(SignalKind::errors_count, 30);
    CHECK(tells());
}

}  // namespace homeostat::diagnose
