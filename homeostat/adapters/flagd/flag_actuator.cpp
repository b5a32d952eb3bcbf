#include "homeostat/adapters/flagd/flag_actuator.hpp"

#include "homeostat/adapters/flagd/ofrep.hpp"
#include "homeostat/base/id.hpp"

#include <algorithm>
#include <variant>

namespace homeostat::adapters::flagd {

namespace {

constexpr Duration ask_again_after = std::chrono::milliseconds{50};

Outcome refused(std::string because) {
    return Outcome{OutcomeKind::refused, std::move(because)};
}

Outcome unknown(std::string because) {
    return Outcome{OutcomeKind::unknown, std::move(because)};
}

}  // namespace

bool FlagActuator::performs(const Step& step) const {
    const auto* swapped = std::get_if<SwapVersion>(&step);
    return swapped != nullptr && swapped->artifact == Artifact::flag;
}

Task<Outcome> FlagActuator::perform(Request request, Instant deadline) {
    const auto* step = std::get_if<SwapVersion>(&request.step());
    const EffectId& effect = request.effect();
    if (step == nullptr || step->artifact != Artifact::flag ||
        step->service != flags_.options().service) {
        co_return refused("those are no flags of ours");
    }
    if (!is_plain_name(effect.text())) {
        co_return refused("the effect's id '" + effect.text() + "' is not a plain name");
    }
    if (clock_.now() >= deadline) {
        co_return refused("the deadline had passed before anything was done");
    }
    const Result<FlagRevert> revert = prepare(*step, effect);
    if (!revert) {
        co_return refused(revert.error().text);
    }
    reach(Phase::checked);
    Outcome outcome = write(*revert);
    if (outcome.kind != OutcomeKind::done || !flags_.options().evaluates) {
        co_return outcome;
    }
    const Instant confirm_by = std::min(deadline, clock_.now() + confirm_within);
    Outcome confirmed = co_await confirm(revert->version, confirm_by);
    co_return confirmed;
}

Result<FlagRevert> FlagActuator::prepare(const SwapVersion& step, const EffectId& effect) {
    const Result<const FlagFile*> file = flags_.look();
    if (!file) {
        return std::unexpected(file.error());
    }
    if (effect_of(**file) == effect) {
        return fail(Fault::refused, "the effect " + effect.text() + " has been performed already");
    }
    return revert_of(step, effect, **file, flags_.history());
}

Outcome FlagActuator::write(const FlagRevert& revert) {
    const auto on_phase = [this](Phase phase) { reach(phase); };
    Outcome outcome =
        replace_flag_file(flags_.options().file, flags_.text(), revert.text, on_phase);
    if (outcome.kind == OutcomeKind::done) {
        outcome.because = revert.version.text() + " is in force";
    }
    return outcome;
}

/// Asks until flagd evaluates by it.
Task<Outcome> FlagActuator::confirm(VersionId version, Instant deadline) {
    std::string because = "flagd was not asked in time";
    while (clock_.now() < deadline) {
        const Result<const FlagFile*> file = flags_.look();
        if (!file || (*file)->version != version) {
            co_return unknown("the file was edited before flagd had confirmed what it said");
        }
        because = co_await objection(deadline);
        if (because.empty()) {
            reach(Phase::confirmed);
            co_return Outcome{OutcomeKind::done,
                              version.text() + " is in force, and flagd evaluates by it"};
        }
        const Instant again_at = std::min(clock_.now() + ask_again_after, deadline);
        co_await clock_.sleep_until(again_at);
    }
    co_return unknown("the file says " + version.text() + ", but " + because);
}

/// Why what flagd evaluates is not what our own write says; empty: it is, or the file is not ours.
Task<std::string> FlagActuator::objection(Instant deadline) {
    const Result<const FlagFile*> file = flags_.look();
    const std::optional<net::Endpoint>& place = flags_.options().evaluates;
    if (!file || !place || effect_of(**file).empty() || (*file)->mark == confirmed_) {
        co_return std::string();
    }
    net::Endpoint endpoint = *place;
    const Instant answer_by = std::min(deadline, clock_.now() + ask_within);
    const Result<Evaluations> seen =
        co_await evaluate_all(executor_, std::move(endpoint), answer_by);
    if (!seen) {
        co_return seen.error().text;
    }
    const Result<const FlagFile*> after = flags_.look();
    if (!after || effect_of(**after).empty()) {
        co_return std::string();
    }
    std::string objection = objection_to(*seen, **after, flags_.history());
    if (objection.empty()) {
        confirmed_ = (*after)->mark;
    }
    co_return objection;
}

FlagFacts FlagActuator::facts() {
    FlagFacts facts;
    if (const Result<const FlagFile*> file = flags_.look()) {
        facts.versions = facts_of(**file, flags_.history());
    }
    facts.read_at = clock_.now();
    return facts;
}

Task<Result<FactsPart>> FlagActuator::read(Instant deadline) {
    const std::string because = co_await objection(deadline);
    FlagFacts seen = facts();
    if (!because.empty()) {
        seen.versions.current = VersionId();
        seen.versions.parts.clear();
    }
    co_return FactsPart{std::move(seen)};
}

Task<Result<FactsPart>> FlagActuator::glance(Instant /*deadline*/) {
    co_return FactsPart{facts()};
}

void FlagActuator::reach(Phase phase) const {
    if (flags_.options().on_phase_for_test) {
        flags_.options().on_phase_for_test(phase);
    }
}

}  // namespace homeostat::adapters::flagd
