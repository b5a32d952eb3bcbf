// A change of flags is suspected as a deploy is, and says nothing of what the flags are called.

#include "homeostat/diagnose/diagnose.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace homeostat::diagnose {

namespace {

using namespace std::chrono_literals;

const Instant began_at = instant_of_ns(10'000'000'000'000);
const ServiceId payments("payments");

Change change_of_flags(std::string from, std::string to, Duration before) {
    Change change;
    change.id = ChangeId("change-" + to);
    change.kind = ChangeKind::flag;
    change.service = payments;
    change.from = VersionId(std::move(from));
    change.to = VersionId(std::move(to));
    change.is_first_hand = true;
    change.reference = "flag.restart-everything";
    change.at = began_at - before;
    return change;
}

Finding find(const std::vector<Change>& changes, bool has_flags = true) {
    State state;
    for (const Change& change : changes) {
        note(state, change);
    }
    std::vector<Signal> signals;
    for (const auto& [kind, value] : {std::pair{SignalKind::requests_count, 300.0},
                                      std::pair{SignalKind::errors_count, 90.0}}) {
        Signal signal;
        signal.kind = kind;
        signal.observer = Observer::edge;
        signal.subject = {SubjectKind::service, "payments"};
        signal.value = value;
        signal.at = began_at + 1s;
        signals.push_back(signal);
    }
    observe(state, signals, began_at + 1s);
    Inventory inventory;
    inventory.service = payments;
    inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
    inventory.has_flags = has_flags;
    inventory.has_edge = true;
    Symptom symptom{SymptomKind::errors,
                    {SubjectKind::service, "payments"},
                    Observer::edge,
                    0.3,
                    0.005,
                    began_at,
                    began_at + 2s};
    return diagnose(state, symptom, inventory, {}, {});
}

Remedy back(const std::string& from, const std::string& to) {
    return Rollback{payments, VersionId(from), VersionId(to), Artifact::flag};
}

bool offers(const Finding& finding, const Remedy& remedy) {
    return std::ranges::any_of(finding.menu.items,
                               [&](const MenuItem& item) { return item.remedy == remedy; });
}

}  // namespace

TEST_CASE("errors after a change of flags point at it, and its rollback comes first") {
    const Finding finding = find({change_of_flags("f1", "f2", 3s)});
    CHECK(finding.diagnosis.causes.front().kind == CauseKind::bad_flag);
    CHECK(finding.diagnosis.causes.front().because.starts_with(
        "flags were changed, to f2 3 s before it began"));
    CHECK(finding.menu.items.front().remedy == back("f2", "f1"));
    const std::vector<std::string>& measured = finding.diagnosis.measured;
    CHECK(std::ranges::find(measured, "change of flags of payments to f2 3 s before the symptom") !=
          measured.end());
    const std::vector<std::string>& lines = finding.diagnosis.evidence.lines;
    CHECK(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("change of a flag of A 3 s before the symptom");
    }));
}

TEST_CASE("what a flag is called stands nowhere in what is judged by") {
    const Finding finding = find({change_of_flags("f1", "f2", 3s)});
    const auto is_named = [](const std::string& text) { return text.contains("restart-every"); };
    CHECK(std::ranges::none_of(finding.diagnosis.evidence.lines, is_named));
    CHECK(std::ranges::none_of(finding.diagnosis.measured, is_named));
    CHECK(std::ranges::none_of(finding.diagnosis.causes, is_named, &Cause::because));
    CHECK(std::ranges::none_of(finding.menu.items, is_named, &MenuItem::because));
}

TEST_CASE("of flags an edit after the symptom does not hide the one before it") {
    CHECK(offers(find({change_of_flags("f1", "f2", 3s), change_of_flags("f2", "f3", -4s)}),
                 back("f2", "f1")));
    Change ours = change_of_flags("f2", "f1", -4s);
    ours.is_ours = true;
    CHECK(!offers(find({change_of_flags("f1", "f2", 3s), ours}), back("f2", "f1")));
}

TEST_CASE("flags that are innocent, or are not ours to change, are left alone") {
    Change told = change_of_flags("f1", "f2", 3s);
    told.is_first_hand = false;
    for (const Change& change : {told, change_of_flags("f1", "f2", 11min),
                                 change_of_flags("f1", "f2", -4s), change_of_flags("", "f2", 3s)}) {
        CHECK(!offers(find({change}), back("f2", change.from.text())));
    }
    CHECK(!offers(find({change_of_flags("f1", "f2", 3s)}, false), back("f2", "f1")));
}

}  // namespace homeostat::diagnose
