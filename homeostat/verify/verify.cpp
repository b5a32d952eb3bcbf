#include "homeostat/verify/verify.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/verify/samples.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

namespace homeostat::verify {

namespace {

/// Who may judge a service, best first: as a user meets it, as users met it, as one instance says.
constexpr std::array judges_of_service{Observer::journey, Observer::edge, Observer::probe};

struct View {
    const State& state;
    const Symptom& symptom;
    const Limits& limits;
    Instant now;

    [[nodiscard]] Instant window_began_at() const { return now - limits.window; }
    [[nodiscard]] Instant grace_ended_at() const { return state.ended_at + limits.grace; }
    [[nodiscard]] bool is_after(Duration deadline) const {
        return now - state.ended_at >= deadline;
    }
};

Proof proof_of(const View& view, Observer observer, const Tally& sum) {
    Proof proof;
    proof.strength =
        observer == view.symptom.observer ? ProofStrength::weak : ProofStrength::strong;
    proof.observers = {observer};
    proof.samples_count = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(sum.all_count, std::numeric_limits<std::uint32_t>::max()));
    proof.good_ratio = sum.good_ratio();
    return proof;
}

Proof decided(Proof proof, ProofKind kind, std::string because) {
    proof.kind = kind;
    proof.because = std::move(because);
    return proof;
}

/// Undecided until the deadline; then what is missing is the reason.
Proof not_before(Duration deadline, const View& view, Proof proof, std::string because) {
    if (view.is_after(deadline)) {
        because = fmt::format("after {:.1f} s: {}", to_seconds(deadline), because);
        return decided(std::move(proof), ProofKind::not_helped, std::move(because));
    }
    return decided(std::move(proof), ProofKind::undecided, std::move(because));
}

Proof not_yet(const View& view, Proof proof, std::string because) {
    return not_before(view.limits.deadline, view, std::move(proof), std::move(because));
}

/// Good answers that come slowly, as from a service that works at its limit, are given more time.
Proof too_few(const View& view, Proof proof, const Tally& seen) {
    const bool is_good_so_far = seen.all_count > 0 && seen.bad_count == 0;
    return not_before(
        is_good_so_far ? view.limits.deadline_of_few : view.limits.deadline, view, std::move(proof),
        fmt::format("only {} fresh samples in {:.1f} s", seen.all_count, to_seconds(seen.span())));
}

std::string describe(Observer observer, const Tally& sum) {
    return fmt::format("{} of {} fresh {} samples are good", sum.all_count - sum.bad_count,
                       sum.all_count, to_text(observer));
}

// --- A service ---------------------------------------------------------------------------------

/// The edge gives a mean of many requests, a few times a second or fewer.
bool is_of_means(const View& view, Observer observer) {
    return observer == Observer::edge && view.symptom.kind == SymptomKind::latency;
}

std::uint32_t samples_min(const View& view, Observer judge) {
    const bool is_of_looks = view.symptom.kind == SymptomKind::stale_cache;
    return is_of_means(view, judge) || is_of_looks ? view.limits.instance_samples_min
                                                   : view.limits.samples_min;
}

/// What share of the judge's samples may be bad, and which is too bad to wait.
struct Tolerance {
    double good_ratio_min{0};
    double bad_ratio_max{0};
};

Tolerance tolerance_of(const View& view, Observer judge) {
    const Limits& limits = view.limits;
    const bool is_of_single_times =
        view.symptom.kind == SymptomKind::latency && !is_of_means(view, judge);
    return is_of_single_times ? Tolerance{1 - limits.slow_ratio_max, 1 - 2 * limits.slow_ratio_max}
                              : Tolerance{limits.good_ratio_min, limits.bad_ratio_max};
}

/// The first judge that had no part in the choice and says anything; once the grace is over without
/// one, the observer of the symptom itself.
std::optional<Observer> judge_of_service(const View& view) {
    for (const Observer observer : judges_of_service) {
        const bool has_said = tally(view.state, observer, view.window_began_at()).all_count > 0;
        if (observer != view.symptom.observer && has_said) {
            return observer;
        }
    }
    const bool has_own =
        tally(view.state, view.symptom.observer, view.window_began_at()).all_count > 0;
    return has_own && view.now >= view.grace_ended_at() ? std::optional(view.symptom.observer)
                                                        : std::nullopt;
}

/// What the observer of the symptom still says against us; nothing if it is content or silent.
std::optional<std::string> own_objection(const View& view) {
    if (view.symptom.kind == SymptomKind::stale_cache) {
        return std::nullopt;  // What is in the cache is no matter while its readers go elsewhere.
    }
    if (is_of_means(view, view.symptom.observer)) {
        if (view.state.is_in_rotation == false) {
            return std::nullopt;  // What it measured is of requests that came before.
        }
        const double mean = view.state.mean_ms.value_or(0);
        return mean > view.symptom.limit
                   ? std::optional(fmt::format("the edge still measures {:.0f} ms", mean))
                   : std::nullopt;
    }
    const Tally own = tally(view.state, view.symptom.observer, view.now - view.limits.own_window);
    const double strict = 1 - view.limits.good_ratio_min;
    const bool has_ratio = view.symptom.kind == SymptomKind::errors && view.symptom.limit > 0;
    const double allowed = has_ratio ? std::min(view.symptom.limit, strict) : strict;
    const bool is_bad =
        own.all_count >= view.limits.own_requests_min && 1 - own.good_ratio() > allowed;
    return is_bad ? std::optional(fmt::format("the {} still counts {} bad of {}",
                                              to_text(view.symptom.observer), own.bad_count,
                                              own.all_count))
                  : std::nullopt;
}

Proof judge_service(const View& view) {
    const std::optional<Observer> judge = judge_of_service(view);
    if (!judge) {
        return not_yet(view, {}, "no fresh samples");
    }
    const Limits& limits = view.limits;
    const std::uint32_t needed = samples_min(view, *judge);
    const Tolerance tolerance = tolerance_of(view, *judge);
    const Tally recent = latest(view.state, *judge, view.window_began_at(), needed);
    const Tally settled =
        tally(view.state, *judge, std::max(view.window_began_at(), view.grace_ended_at()));
    Proof proof = proof_of(view, *judge, recent);
    std::string seen = describe(*judge, recent);
    if (settled.all_count >= needed && settled.good_ratio() < tolerance.bad_ratio_max) {
        return decided(std::move(proof), ProofKind::not_helped, std::move(seen));
    }
    if (recent.all_count < needed || recent.span() < limits.span_min) {
        return too_few(view, std::move(proof), recent);
    }
    if (recent.good_ratio() < tolerance.good_ratio_min) {
        return not_yet(view, std::move(proof), std::move(seen));
    }
    if (std::optional<std::string> objection = own_objection(view)) {
        return not_yet(view, std::move(proof), std::move(*objection));
    }
    return decided(std::move(proof), ProofKind::helped, std::move(seen));
}

// --- One instance ------------------------------------------------------------------------------

/// Everybody who had a say, the main judge first.
Proof proof_of_instance(const View& view, Observer judge) {
    Proof proof = proof_of(view, judge, tally(view.state, judge, view.window_began_at()));
    if (view.state.is_alive && judge != Observer::process) {
        proof.observers.push_back(Observer::process);
    }
    if (view.state.is_in_rotation) {
        proof.observers.push_back(Observer::edge);
        // Its checks are requests of another party, on connections of their own.
        proof.strength =
            view.symptom.observer == Observer::edge ? proof.strength : ProofStrength::strong;
    }
    return proof;
}

Proof judge_instance(const View& view) {
    const Limits& limits = view.limits;
    const bool is_probed = tally(view.state, Observer::probe, view.window_began_at()).all_count > 0;
    const Observer judge = is_probed ? Observer::probe : Observer::process;
    const Tally run = trailing_good(view.state, judge);
    const Tally settled =
        tally(view.state, judge, std::max(view.window_began_at(), view.grace_ended_at()));
    Proof proof = proof_of_instance(view, judge);
    const bool is_over_grace = view.now >= view.grace_ended_at();
    if (is_over_grace && view.state.is_alive == false) {
        return decided(std::move(proof), ProofKind::not_helped, "its process has ended again");
    }
    if (settled.all_count >= limits.instance_samples_min &&
        settled.good_ratio() < limits.bad_ratio_max && run.all_count == 0) {
        return decided(std::move(proof), ProofKind::not_helped, describe(judge, settled));
    }
    if (view.state.is_alive == false) {
        return not_yet(view, std::move(proof), "its process does not run");
    }
    if (run.all_count < limits.instance_samples_min || run.span() < limits.span_min) {
        return not_yet(view, std::move(proof),
                       fmt::format("{} good {} samples in a row", run.all_count, to_text(judge)));
    }
    if (view.state.is_in_rotation == false) {
        return not_yet(view, std::move(proof), "the edge sends it no requests");
    }
    return decided(
        std::move(proof), ProofKind::helped,
        fmt::format("it runs; {} good {} samples in a row", run.all_count, to_text(judge)));
}

// --- A declared task -----------------------------------------------------------------------------

/// What users meet by somebody who had no part in the choice; nothing if all of them are content.
std::optional<std::string> objection_of_others(const View& view) {
    const Limits& limits = view.limits;
    for (const Observer observer : judges_of_service) {
        const Tally seen = tally(view.state, observer, view.window_began_at());
        const std::uint32_t needed =
            observer == Observer::edge ? limits.own_requests_min : limits.instance_samples_min;
        if (seen.all_count >= needed && seen.good_ratio() < limits.bad_ratio_max) {
            return describe(observer, seen);
        }
    }
    return std::nullopt;
}

/// The check, and everybody else who has said anything.
Proof proof_of_task(const View& view) {
    Proof proof =
        proof_of(view, Observer::check, tally(view.state, Observer::check, view.state.ended_at));
    for (const Observer observer : judges_of_service) {
        if (tally(view.state, observer, view.window_began_at()).all_count > 0) {
            proof.observers.push_back(observer);
            proof.strength = ProofStrength::strong;
        }
    }
    return proof;
}

/// A check is a program that takes its time, so that as much is given as to what is slow; and so is
/// a service that has to come round.
Proof judge_task(const View& view) {
    const Tally run = trailing_good(view.state, Observer::check);
    Proof proof = proof_of_task(view);
    const Duration deadline = view.limits.deadline_of_few;
    if (run.all_count < view.limits.checks_min || run.span() < view.limits.span_min) {
        return not_before(deadline, view, std::move(proof),
                          fmt::format("{} checks in a row found it well", run.all_count));
    }
    if (std::optional<std::string> objection = objection_of_others(view)) {
        return not_before(deadline, view, std::move(proof), std::move(*objection));
    }
    return decided(std::move(proof), ProofKind::helped,
                   fmt::format("{} checks in a row found it well", run.all_count));
}

bool is_about_instance(const Symptom& symptom) {
    return symptom.kind == SymptomKind::instance_down ||
           symptom.kind == SymptomKind::instance_not_answering;
}

}  // namespace

Proof judge(State& state,
            const Symptom& symptom,
            std::span<const Signal> signals,
            const Limits& limits,
            Instant now) {
    for (const Signal& signal : signals) {
        take_in(state, symptom, signal, now);
    }
    forget_before(state, now - limits.window, limits.samples_min);
    const View view{state, symptom, limits, now};
    if (symptom.kind == SymptomKind::check_failing) {
        return judge_task(view);
    }
    return is_about_instance(symptom) ? judge_instance(view) : judge_service(view);
}

}  // namespace homeostat::verify
