#include "homeostat/heal/judge.hpp"

#include "homeostat/base/fields.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

namespace homeostat::heal {

namespace {

diagnose::Finding finding_with(std::vector<std::string> notes) {
    JudgeSettings settings;
    settings.inventory.service = ServiceId("payments");
    settings.inventory.instances = {InstanceId("payments-0"), InstanceId("payments-1")};
    settings.notes = std::move(notes);
    const Judge judge(std::move(settings));
    const Symptom symptom{.subject = {SubjectKind::service, "payments"}};
    return judge.diagnose(symptom, {});
}

}  // namespace

TEST_CASE("the operator's notes stand before all evidence, and offer nothing themselves") {
    const std::string words = "a restart takes four minutes here; prefer rollback";
    const diagnose::Finding without = finding_with({});
    const diagnose::Finding with = finding_with({words, "nightly export at two"});
    std::vector<std::string> expected{"note: " + words, "note: nightly export at two"};
    expected.insert(expected.end(), without.diagnosis.evidence.lines.begin(),
                    without.diagnosis.evidence.lines.end());
    CHECK(with.diagnosis.evidence.lines == expected);
    CHECK(with.diagnosis.causes == without.diagnosis.causes);
    CHECK(with.menu == without.menu);
}

TEST_CASE("the longest notes are whole lines of evidence and leave room for all that is measured") {
    const std::vector<std::string> notes(notes_max, std::string(note_bytes_max, 'x'));
    const diagnose::Finding finding = finding_with(notes);
    CHECK(finding.diagnosis.evidence.lines.front().size() == evidence_line_bytes_max);
    CHECK(evidence_lines_max - notes_max >= 16);
}

}  // namespace homeostat::heal
