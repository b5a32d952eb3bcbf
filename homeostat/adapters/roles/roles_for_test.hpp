#pragma once

// What stands at both ends of the door in tests: an executor that writes down what it is told, a
// clock that is set by hand or runs ahead, letters as an agent writes them.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/executor.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

using namespace std::chrono_literals;

/// Real time, or a moment that stands still.
class ClockForTest final : public ports::Clock {
  public:
    std::optional<Instant> stands_at{};
    Duration ahead{};  ///< Of the other side's.

    [[nodiscard]] Instant now() const override {
        return (stands_at ? *stands_at : net::now_for_test()) + ahead;
    }
    [[nodiscard]] WallTime wall_now() const override { return WallTime{}; }
    Task<void> sleep_until(Instant) override { co_return; }
};

[[nodiscard]] inline Symptom symptom_for_test(SymptomKind kind, std::string name, Instant at) {
    const auto subject = name == "payments" ? SubjectKind::service : SubjectKind::instance;
    return {.kind = kind,
            .subject = {subject, std::move(name)},
            .observer = Observer::edge,
            .value = 0.5,
            .limit = 0.01,
            .began_at = at,
            .noticed_at = at};
}

[[nodiscard]] inline Proposal proposal_for_test(Symptom symptom) {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.judged_at = symptom.noticed_at;
    proposal.symptom = std::move(symptom);
    proposal.diagnosis.causes = {{CauseKind::bad_deploy, 0.9, "a deploy came first"}};
    proposal.diagnosis.evidence.lines = {"errors: half of all requests"};
    const Remedy rollback =
        Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1"), Artifact::deploy};
    proposal.menu.items = {{rollback, 0.7, "it came after a deploy"}, {Observe{}, 0.3, "always"}};
    proposal.choice.remedy = rollback;
    proposal.choice.confidence = 0.7;
    proposal.choice.scores = {{rollback, 0.7, -0.36}, {Observe{}, 0.3, -1.2}};
    return proposal;
}

/// Opens an incident for each proposal, and keeps what it was told.
class WrittenExecutor final : public ports::Executor {
  public:
    std::vector<Proposal> proposals;
    std::vector<Symptom> cleared;
    std::vector<Change> notes;
    std::vector<std::pair<Symptom, Standing>> open;
    std::optional<Error> refusal;
    std::optional<Error> notes_refusal;

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override {
        for (const auto& [known, standing] : open) {
            if (known.kind == symptom.kind && known.subject == symptom.subject) {
                return standing;
            }
        }
        return std::nullopt;
    }
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override {
        std::vector<Symptom> symptoms;
        for (const auto& one : open) {
            symptoms.push_back(one.first);
        }
        return symptoms;
    }
    Task<Result<Standing>> submit(Proposal proposal) override {
        if (refusal) {
            co_return std::unexpected(*refusal);
        }
        proposals.push_back(proposal);
        Standing standing{IncidentId("i-" + std::to_string(proposals.size())), false, {}};
        std::erase_if(open, [&](const auto& one) {
            return one.first.kind == proposal.symptom.kind &&
                   one.first.subject == proposal.symptom.subject;
        });
        open.emplace_back(proposal.symptom, standing);
        co_return standing;
    }
    Task<void> clear(Symptom symptom) override {
        cleared.push_back(std::move(symptom));
        co_return;
    }
    Task<Result<Change>> note(Change change) override {
        if (notes_refusal) {
            co_return std::unexpected(*notes_refusal);
        }
        notes.push_back(change);
        change.id = ChangeId("change-" + std::to_string(notes.size()));
        co_return change;
    }
};

constexpr mesh::SigningSeed seed_for_test{1, 2, 3};
constexpr mesh::SigningSeed other_seed_for_test{9, 9, 9};
const std::string life_for_test = "life-1";
const std::string boot_for_test = "boot-1";

constexpr mesh::SigningSeed pods_seed_for_test{7, 7, 7};

[[nodiscard]] inline DeskSettings desk_settings_for_test(std::string life,
                                                         std::vector<std::string>* lines) {
    DeskSettings settings;
    settings.service = ServiceId("payments");
    settings.agents = {{mesh::public_key_of(seed_for_test), ScopeKind::whole}};
    settings.life = std::move(life);
    settings.boot_id = boot_for_test;
    settings.draw = [count = 0] mutable { return "stamp-" + std::to_string(++count); };
    settings.latency_limit_ms_min = 50;
    settings.versions_seen = [] { return PerArtifact<VersionId>{VersionId("v2"), VersionId()}; };
    settings.places = [] { return std::vector<Place>{{InstanceId("payments-0"), "uid-7", true}}; };
    settings.log = [lines](const std::string& line) {
        if (lines != nullptr) {
            lines->push_back(line);
        }
    };
    return settings;
}

/// An agent that numbers its letters itself.
struct Pen {
    mesh::SigningSeed seed{seed_for_test};
    std::string life{life_for_test};
    std::string stamp{"stamp-1"};  ///< The first of a desk.
    std::uint64_t epoch{1};
    std::uint64_t sequence{0};
    std::string service{"payments"};
    std::optional<Scope> scope{};

    [[nodiscard]] Letter letter(LetterBody body) {
        Letter letter;
        letter.service = ServiceId(service);
        letter.agent = to_hex(mesh::public_key_of(seed));
        letter.life = life;
        letter.stamp = stamp;
        letter.epoch = epoch;
        letter.sequence = ++sequence;
        letter.scope = scope;
        letter.body = std::move(body);
        return letter;
    }
    [[nodiscard]] std::string write(LetterBody body) {
        return seal(letter(std::move(body)), seed).value_or("");
    }
};

}  // namespace homeostat::adapters::roles
