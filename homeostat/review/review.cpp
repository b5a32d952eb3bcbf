#include "homeostat/review/review.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/review/median.hpp"
#include "homeostat/review/shadow.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::review {

namespace {

void count_shadow(Evidence& evidence, const PastIncident& incident) {
    switch (course_of(*incident.shadow)) {
        case Course::same:
            evidence.shadow_same += 1;
            break;
        case Course::otherwise:
            evidence.shadow_otherwise += 1;
            break;
        case Course::alone:
            evidence.shadow_alone += 1;
            break;
        case Course::undecided:
            evidence.shadow_undecided += 1;
            break;
    }
}

void count_asked(Evidence& evidence, const Asked& asked) {
    evidence.asked += 1;
    if (!asked.says) {
        evidence.silent += 1;
    } else if (*asked.says == PersonSays::approved) {
        evidence.approved += 1;
    } else {
        evidence.denied += 1;
    }
}

void count_attempt(Evidence& evidence,
                   const Attempt& attempt,
                   const std::optional<WallTime>& since) {
    if (attempt.is_reflex) {
        evidence.reflexes += 1;
        return;
    }
    evidence.undone += attempt.is_undone ? 1 : 0;
    if (!attempt.proof) {
        evidence.unproven += 1;
    } else if (*attempt.proof == ProofKind::helped) {
        (attempt.is_approved ? evidence.approved_helped : evidence.acted_helped) += 1;
    } else {
        (attempt.is_approved ? evidence.approved_not_helped : evidence.acted_not_helped) += 1;
        const bool is_forgiven = since && attempt.at && *attempt.at <= *since;
        evidence.harmed += is_forgiven ? 0 : 1;
    }
}

std::vector<std::string> missing_for_ask(const Evidence& evidence, const Thresholds& thresholds) {
    std::vector<std::string> missing;
    const std::uint32_t agreements = evidence.agreements();
    const std::uint32_t decided = agreements + evidence.disagreements();
    if (agreements < thresholds.agreements_min) {
        missing.push_back(fmt::format(
            "{} more agreements ({} of {}): the symptom named it, and a "
            "person did just that or said yes",
            thresholds.agreements_min - agreements, agreements, thresholds.agreements_min));
    }
    if (decided > 0 && static_cast<double>(agreements) < thresholds.agreement_ratio_min * decided) {
        missing.push_back(fmt::format(
            "agreement in {:.0f} % of what can be told ({} of {} now: {} otherwise, {} gone "
            "alone, {} denied)",
            thresholds.agreement_ratio_min * 100, agreements, decided, evidence.shadow_otherwise,
            evidence.shadow_alone, evidence.denied));
    }
    return missing;
}

std::vector<std::string> missing_for_act(const Evidence& evidence, const Thresholds& thresholds) {
    std::vector<std::string> missing = missing_for_ask(evidence, thresholds);
    if (evidence.approved_helped < thresholds.verified_min) {
        missing.push_back(
            fmt::format("{} more successes with a person's leave and a proof ({} of "
                        "{})",
                        thresholds.verified_min - evidence.approved_helped,
                        evidence.approved_helped, thresholds.verified_min));
    }
    if (evidence.harmed > 0) {
        missing.push_back(fmt::format(
            "none that did not help since a person last promoted it ({} now)", evidence.harmed));
    }
    if (evidence.taken_back > 0) {
        missing.push_back(
            fmt::format("none that somebody else took back ({} incidents)", evidence.taken_back));
    }
    return missing;
}

struct Counted {
    Evidence evidence;
    std::vector<Duration> alone_after;
};

void count_incident(Counted& counted,
                    const PastIncident& incident,
                    RemedyKind kind,
                    std::optional<WallTime> since) {
    Evidence& evidence = counted.evidence;
    if (incident.shadow && kind_of(incident.shadow->remedy) == kind) {
        count_shadow(evidence, incident);
        if (course_of(*incident.shadow) == Course::alone) {
            counted.alone_after.push_back(incident.closed_at - incident.opened_at);
        }
    }
    for (const Asked& asked : incident.asked) {
        if (kind_of(asked.remedy) == kind) {
            count_asked(evidence, asked);
        }
    }
    for (const Attempt& attempt : incident.attempts) {
        if (kind_of(attempt.remedy) == kind) {
            count_attempt(evidence, attempt, since);
        }
    }
    const bool is_about_it = kind_of(incident.named) == kind;
    evidence.taken_back += is_about_it && incident.taken_back_count > 0 ? 1 : 0;
}

}  // namespace

Evidence evidence_of(RemedyKind kind,
                     std::span<const PastIncident> incidents,
                     const std::optional<Promotion>& promotion) {
    Counted counted;
    const auto since = promotion ? std::optional(promotion->at) : std::nullopt;
    for (const PastIncident& incident : incidents) {
        count_incident(counted, incident, kind, since);
    }
    counted.evidence.alone_after_median = median_of(std::move(counted.alone_after));
    return std::move(counted.evidence);
}

KindReview review_of(RemedyKind kind,
                     Autonomy configured,
                     bool demotes,
                     const Past& past,
                     const Thresholds& thresholds) {
    KindReview review{.remedy = kind, .configured = configured, .now = configured};
    const auto promotion = std::ranges::find_if(
        past.promotions, [&](const Promotion& one) { return one.body.remedy == kind; });
    if (promotion != past.promotions.end()) {
        review.promotion = *promotion;
    }
    review.evidence = evidence_of(kind, past.closed, review.promotion);
    const Demotion* demotion = nullptr;
    for (const Demotion& one : past.demotions.all) {
        if (!demotes || one.remedy != kind) {
            continue;
        }
        if (one.relapse) {
            review.relapses.push_back(one);
        } else if (demotion == nullptr) {
            demotion = &one;
        }
    }
    if (demotion != nullptr) {
        review.demotion = *demotion;
        review.now = std::min(configured, Autonomy::ask);
    }
    if (configured < Autonomy::ask) {
        review.next = Autonomy::ask;
        review.missing = missing_for_ask(review.evidence, thresholds);
    } else if (configured == Autonomy::ask) {
        review.next = Autonomy::act;
        review.missing = missing_for_act(review.evidence, thresholds);
    } else if (demotion != nullptr) {
        review.next = Autonomy::act;
        review.missing.push_back(
            fmt::format("a person's word that it may act again: homeostat autonomy promote {} "
                        "--because WHY",
                        to_text(kind)));
    }
    return review;
}

}  // namespace homeostat::review
