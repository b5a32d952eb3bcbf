#include "homeostat/heal/proposal_for_test.hpp"

#include <cmath>
#include <utility>
#include <vector>

namespace homeostat::heal {

Symptom errors_for_test(Instant now) {
    return {.kind = SymptomKind::errors,
            .subject = {SubjectKind::service, "payments"},
            .observer = Observer::edge,
            .value = 0.31,
            .limit = 0.005,
            .began_at = now,
            .noticed_at = now};
}

Symptom about_instance_for_test(SymptomKind kind, const std::string& instance, Instant now) {
    return {.kind = kind,
            .subject = {SubjectKind::instance, instance},
            .observer = Observer::process,
            .value = 1,
            .limit = 1,
            .began_at = now,
            .noticed_at = now};
}

Symptom stale_for_test(Instant now) {
    return {.kind = SymptomKind::stale_cache,
            .subject = {SubjectKind::cache, "quotes"},
            .observer = Observer::cache,
            .value = 5,
            .limit = 0,
            .began_at = now,
            .noticed_at = now};
}

decide::Opinion opinion_for_test(const Menu& menu, const decide::Settings& settings) {
    if (!settings.calibration) {
        return {};
    }
    Ranking ranking{.kinds = {}, .model = "toy", .prompt_digest = "00"};
    const std::vector<RemedyKind> kinds = decide::kinds_to_rank(menu);
    const double even = -std::log(static_cast<double>(kinds.size()));
    for (const RemedyKind kind : kinds) {
        ranking.kinds.push_back({kind, even, even});
    }
    return {ModelAnswer::recorded, std::move(ranking), {}};
}

decide::Settings bar_for_test(RemedyKind kind, double confidence_min) {
    decide::Calibration calibration{"toy", "00", 1};
    calibration.beside = decide::Beside::rules;
    calibration.acts.emplace().bars = {{kind, confidence_min}};
    return {OracleMode::both, std::move(calibration), true};
}

Proposal proposal_for_test(Symptom symptom, Remedy remedy, const decide::Settings& settings) {
    Proposal proposal;
    proposal.service = ServiceId("payments");
    proposal.judged_at = symptom.noticed_at;
    proposal.symptom = std::move(symptom);
    proposal.diagnosis.causes.push_back({});
    proposal.menu.items = {{std::move(remedy), 0.9, {}}, {Observe{}, 0.1, {}}};
    proposal.choice =
        decide::choose(proposal.menu, opinion_for_test(proposal.menu, settings), settings);
    return proposal;
}

Remedy rollback_for_test() {
    return Rollback{ServiceId("payments"), VersionId("v2"), VersionId("v1")};
}

Proposal with_other_for_test(Proposal proposal, Remedy other) {
    proposal.menu.items.insert(proposal.menu.items.begin() + 1,
                               MenuItem{std::move(other), 0.2, {}});
    return proposal;
}

Remedy flag_rollback_for_test() {
    return Rollback{ServiceId("payments"), VersionId("f2"), VersionId("f1"), Artifact::flag};
}

Remedy pause_for_test() {
    return PauseRollout{ServiceId("payments"), VersionId("v2")};
}

Remedy config_rollback_for_test() {
    return Rollback{ServiceId("payments"), VersionId("c2"), VersionId("c1"), Artifact::config};
}

Remedy rolling_restart_for_test() {
    return RollingRestart{ServiceId("payments")};
}

Remedy restart_for_test(const std::string& instance) {
    return Restart{InstanceId(instance)};
}

Remedy open_circuit_for_test() {
    return OpenCircuit{ServiceId("fraud")};
}

Remedy reroute_for_test() {
    return Reroute{CacheId("quotes")};
}

Remedy invalidate_for_test() {
    return InvalidateCache{CacheId("quotes")};
}

Remedy scale_for_test(std::uint32_t from, std::uint32_t to) {
    return Scale{ServiceId("payments"), from, to};
}

Remedy eject_for_test(const std::string& instance) {
    return Eject{InstanceId(instance)};
}

}  // namespace homeostat::heal
