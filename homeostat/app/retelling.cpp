#include "homeostat/app/retelling.hpp"

#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/app/choice_sentences.hpp"
#include "homeostat/app/recorded_leave.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

using Lines = std::vector<std::string>;

/// Behind what it is the reason of.
std::string reason(const std::string& because) {
    return because.empty() ? std::string() : ": " + plain(because);
}

std::string percent(double ratio) {
    return fmt::format("{:.1f} %", ratio * 100);
}

std::string measure(const Symptom& symptom) {
    switch (symptom.kind) {
        case SymptomKind::errors:
            return fmt::format("{} of requests failed (limit {})", percent(symptom.value),
                               percent(symptom.limit));
        case SymptomKind::latency:
            return fmt::format("answers took {:.0f} ms (limit {:.0f} ms)", symptom.value,
                               symptom.limit);
        case SymptomKind::instance_down:
            return "its process has ended";
        case SymptomKind::instance_not_answering:
            return "it runs, but does not answer its health probe";
        case SymptomKind::stale_cache:
            return fmt::format("{:.0f} of its copies differ from the source, and stay so",
                               symptom.value);
        case SymptomKind::check_failing:
            return fmt::format("its check has failed {:.0f} times in a row", symptom.value);
    }
    return {};
}

// --- the choice ----------------------------------------------------------------------------------

/// As much of a digest as tells two apart; the whole of it stands in the ledger and in `--json`.
std::string short_digest(const std::string& digest) {
    constexpr std::size_t digits_shown = 12;
    return digest.empty() ? "not recorded" : plain(digest.substr(0, digits_shown)) + "…";
}

/// What the model said of each kind, and by what it was asked.
void add_ranking(Lines& lines, const Choice& choice, const Evidence& evidence) {
    if (!choice.ranking) {
        return;
    }
    const Ranking& ranking = *choice.ranking;
    const bool is_twice = choice.notes && choice.notes->lambda > 0;  // Then it ranks the same.
    for (const RankedKind& kind : ranking.kinds) {
        lines.push_back(fmt::format(
            "          answer {}: log p {:.3f}{}, {:.3f} on no evidence", to_text(kind.kind),
            kind.log_probability,
            is_twice ? fmt::format(", {:.3f} without notes",
                                   ranked(*choice.notes->without, kind.kind).log_probability)
                     : "",
            kind.neutral_log_probability));
    }
    lines.push_back(fmt::format("          asked {}", plain(ranking.model)));
    const bool is_told = !ranking.evidence_digest.empty();
    const bool is_same = ranking.evidence_digest == adapters::llm::digest_of(evidence);
    lines.push_back(fmt::format(
        "          prompt {}, calibration {}, about {}", short_digest(ranking.prompt_digest),
        choice.calibration_digest.empty() ? "none" : short_digest(choice.calibration_digest),
        !is_told  ? "evidence without a recorded digest"
        : is_same ? "the evidence above"
                  : "OTHER evidence than above: " + short_digest(ranking.evidence_digest)));
}

/// "A = payments, B = fraud": the model reads no names, and a person nothing else.
void add_legend(Lines& lines, const std::vector<std::string>& names) {
    std::string legend;
    for (std::size_t place = 0; place < std::min(names.size(), services_told_max); ++place) {
        legend += fmt::format("{}{} = {}", legend.empty() ? "          " : ", ", handle_of(place),
                              plain(names[place]));
    }
    if (!legend.empty()) {
        lines.push_back(std::move(legend));
    }
}

/// Nobody has judged anything: there is no more to tell.
Lines lines_of_order(const Proposal& proposal) {
    return {fmt::format("order     of a person: take back what {} did about {}",
                        plain(proposal.undoes->text()), name_of(proposal.symptom))};
}

Lines lines_of(const Proposal& proposal) {
    if (proposal.undoes) {
        return lines_of_order(proposal);
    }
    Lines lines;
    const Symptom& symptom = proposal.symptom;
    lines.push_back(fmt::format("symptom   {}: {}, seen by {}, {:.1f} s old when noticed",
                                name_of(symptom), measure(symptom), to_text(symptom.observer),
                                to_seconds(symptom.noticed_at - symptom.began_at)));
    for (const Cause& cause : proposal.diagnosis.causes) {
        lines.push_back(fmt::format("cause     {:.2f} {}{}", cause.weight, to_text(cause.kind),
                                    reason(cause.because)));
    }
    for (const std::string& line : proposal.diagnosis.measured) {
        lines.push_back("measured  " + plain(line));
    }
    const Evidence& evidence = proposal.diagnosis.evidence;
    for (const std::string& line : evidence.lines) {
        lines.push_back("evidence  " + plain(line));
    }
    add_legend(lines, proposal.diagnosis.names);
    lines.push_back(fmt::format("          {} lines, digest {}", evidence.lines.size(),
                                short_digest(adapters::llm::digest_of(evidence))));
    for (const MenuItem& item : proposal.menu.items) {
        lines.push_back(fmt::format("menu      {:.2f} {}{}", item.prior,
                                    plain(describe(item.remedy)), reason(item.because)));
    }
    const Choice& choice = proposal.choice;
    lines.push_back(
        fmt::format("choice    {} (confidence {:.2f}, oracle {}), {:.0f} ms after "
                    "noticing",
                    plain(describe(choice.remedy)), choice.confidence, oracle_of(choice),
                    to_ms(proposal.judging_took)));
    for (const ScoredRemedy& scored : choice.scores) {
        lines.push_back(fmt::format("          score {:.3f} {} (prior {:.2f})", scored.score,
                                    plain(describe(scored.remedy)), scored.prior));
    }
    lines.push_back("          " + model_sentence(choice));
    if (choice.notes) {
        lines.push_back("          " + notes_sentence(*choice.notes));
    }
    if (choice.held_back) {
        lines.push_back("          " + hold_back_sentence(choice, *choice.held_back));
    }
    add_ranking(lines, choice, evidence);
    return lines;
}

// --- guard ---------------------------------------------------------------------------------------

std::string switch_text(const Facts& facts) {
    const std::string& why = facts.suspended_because;
    return !facts.is_suspended ? "released"
           : why.empty()       ? "ENGAGED"
                               : "ENGAGED (" + plain(why) + ")";
}

void add_grounds(Lines& lines, const std::optional<Grounds>& grounds) {
    if (!grounds) {
        lines.emplace_back("          on grounds that were not recorded");
        return;
    }
    const Facts& facts = grounds->facts;
    lines.push_back(fmt::format(
        "          on {} facts {:.0f} ms old: {} of {} serve, the switch is {}; attempt {}, {} "
        "entries known",
        facts.is_complete ? "complete" : "INCOMPLETE", to_ms(grounds->asked_at - facts.read_at),
        serving_count(facts), facts.instances.size(), switch_text(facts),
        grounds->attempts_count + 1, grounds->entries_known_count));
    for (const NeighbourWord& word : facts.neighbours.value_or(std::vector<NeighbourWord>{})) {
        lines.push_back(fmt::format("          neighbour {} says \"{}\", for {:.1f} s",
                                    plain(word.neighbour.text()), to_text(word.says),
                                    to_seconds(word.lasts)));
    }
}

Lines lines_of(const VerdictBody& body) {
    const std::string what = body.step ? describe(*body.step) : describe(body.remedy);
    const Verdict& verdict = body.verdict;
    Lines lines{fmt::format("verdict   {} for {}: {}{}", to_text(verdict.kind), plain(what),
                            plain(verdict.rule),
                            verdict.because.empty() ? "" : " — " + plain(verdict.because))};
    const bool has_rules = !verdict.agreed.empty() || !verdict.not_asked.empty();
    for (const std::string& rule : verdict.agreed) {
        lines.push_back("          agrees    " + plain(rule));
    }
    if (verdict.kind != VerdictKind::permit && has_rules) {
        lines.push_back("          OBJECTS   " + plain(verdict.rule));
    }
    for (const std::string& rule : verdict.not_asked) {
        lines.push_back("          not asked " + plain(rule));
    }
    add_grounds(lines, body.grounds);
    return lines;
}

// --- the effect ----------------------------------------------------------------------------------

Lines lines_of(const IntentBody& body) {
    Lines lines{fmt::format("intent    {} {}{} ({} serving)", plain(body.effect.text()),
                            body.is_undo ? "undo: " : "", plain(describe(body.step)),
                            body.serving_count)};
    lines.push_back("          precondition: " + plain(precondition_of(body.step)));
    if (body.target) {
        const RuntimeInstance& target = body.target->runtime;
        lines.push_back(
            fmt::format("          seen: {}, {}, {}, rotation {}", plain(target.instance.text()),
                        !target.is_alive      ? "ended"
                        : target.is_answering ? "answering"
                                              : "not answering",
                        plain(describe(target.identity)), to_text(body.target->rotation)));
    }
    lines.push_back(fmt::format(
        "          {}with guard's permit: every rule agreed{}",
        body.is_reflex ? "by a reflex, " : "",
        body.approved_by.empty() ? std::string() : ", and so did " + plain(body.approved_by)));
    add_grounds(lines, body.grounds);
    return lines;
}

/// `is_of_it`: what was signed is what the record says.
void add_signatures(Lines& lines, const SignedLeave& leave, bool is_of_it) {
    for (const ApprovalSignature& one : leave.signatures) {
        const bool is_held = is_of_it && holds(leave.form, one);
        lines.push_back(fmt::format(
            "          signed by {} with the key {}: {}", plain(one.approver), plain(one.key),
            is_held ? "it holds for just this" : "IT DOES NOT HOLD, whatever the record says"));
    }
}

Lines lines_of(const AnsweredBody& body) {
    Lines lines{fmt::format("answer    {} {} {}{}", plain(body.by), to_text(body.says),
                            plain(describe(body.remedy)), reason(body.because))};
    const Preconditions& told = body.preconditions;
    std::string pids;
    for (const ProcessIdentity& process : told.processes) {
        pids += ", " + plain(describe(process));
    }
    // What has no versions, and what a task does to none of them, is for none.
    const std::string version =
        told.version.empty() ? "" : ", for version " + plain(told.version.text());
    const std::string config =
        told.config.empty()
            ? ""
            : (version.empty() ? ", for configuration " : " with ") + plain(told.config.text());
    lines.push_back(
        fmt::format("          question {}{}{}{}", plain(body.question), version, config, pids));
    if (body.leave) {
        add_signatures(lines, *body.leave, is_of(body));
    }
    return lines;
}

Lines lines_of(const OutcomeBody& body) {
    return {
        fmt::format("outcome   {} {}{}{}", plain(body.effect.text()), to_text(body.outcome.kind),
                    body.is_read_back ? ", as the world was found after a restart or no reply" : "",
                    body.outcome.because.empty() ? "" : ": " + plain(body.outcome.because))};
}

Lines lines_of(const ProofBody& body) {
    std::string observers;
    for (const Observer observer : body.proof.observers) {
        observers += (observers.empty() ? "" : ", ") + std::string(to_text(observer));
    }
    return {fmt::format("proof     {} ({}): {} of {} samples good, by {}{}",
                        to_text(body.proof.kind), to_text(body.proof.strength),
                        percent(body.proof.good_ratio), body.proof.samples_count,
                        observers.empty() ? "nobody" : observers,
                        body.proof.because.empty() ? "" : " — " + plain(body.proof.because))};
}

Lines lines_of(const UndoBody& body) {
    if (body.by.empty()) {
        return {fmt::format("undo      {} did not help: {}", plain(describe(body.remedy)),
                            plain(describe(body.inverse)))};
    }
    const std::string where = body.undoes ? " of " + plain(body.undoes->text()) : "";
    Lines lines{fmt::format("undo      {} takes back {}{}: {}{}", plain(body.by),
                            plain(describe(body.remedy)), where, plain(describe(body.inverse)),
                            reason(body.because))};
    if (body.leave) {
        add_signatures(lines, *body.leave, is_of(body));
    }
    return lines;
}

Lines lines_of(const HeldBody& body) {
    return {fmt::format(
        "held      {} {}", plain(describe(body.remedy)),
        body.is_residue ? "is left of a remedy that was given up" : "stays in force for now")};
}

Lines lines_of(const GivenBackBody& body) {
    return {fmt::format("give back {}: {}", plain(describe(body.inverse)), plain(body.because))};
}

Lines lines_of(const EscalatedBody& body) {
    Lines lines{"escalated a person is needed: " + plain(body.because)};
    if (body.is_told_already) {
        lines.emplace_back("          told shortly before, and not again");
    }
    return lines;
}

Lines lines_of(const ClosedBody& body) {
    if (body.how == CloseKind::by_person) {
        return {fmt::format("closed    by {}{}", plain(body.by), reason(body.because))};
    }
    return {fmt::format("closed    {}", to_text(body.how))};
}

Lines lines_of(const Demotion& body) {
    const std::string who = body.by.empty() ? "" : ", as " + plain(body.by) + " took it back";
    return {fmt::format("demoted   {} asks a person from now on{}{}", plain(describe(body)), who,
                        reason(body.because))};
}

Lines lines_of(const PromotedBody& body) {
    const Demotion lifted{.remedy = body.remedy, .task = body.task};
    return {fmt::format("promoted  {} by {}{}", plain(describe(lifted)), plain(body.by),
                        reason(body.because))};
}

Lines lines_of(const AftermathBody& body) {
    const Facts& facts = body.facts;
    return {fmt::format(
        "aftermath {} of {} serve, {} is current", serving_count(facts), facts.instances.size(),
        facts.versions.deploy.current.empty() ? "no version"
                                              : plain(facts.versions.deploy.current.text()))};
}

template <class Body>
Lines retell_as(const Entry& entry) {
    const Result<Body> body = from_json<Body>(entry.body);
    return body ? lines_of(*body)
                : Lines{"(an entry that this version cannot read: " + plain(body.error().text) +
                        ")"};
}

/// What a person said or did: whoever it was stands in `by` or `who`, their words in `because`.
Lines lines_of_person(const Entry& entry) {
    if (!entry.body.is_object()) {
        return {};
    }
    const auto text_of = [&entry](const char* name) {
        const json::value* member = entry.body.get_object().if_contains(name);
        return member != nullptr && member->is_string() ? plain(member->get_string())
                                                        : std::string();
    };
    const std::string by = text_of("by").empty() ? text_of("who") : text_of("by");
    const std::string because = text_of("because");
    return by.empty() ? Lines{}
                      : Lines{fmt::format("{:<9} by {}{}", to_text(entry.kind), by,
                                          because.empty() ? "" : ": " + because)};
}

}  // namespace

std::string name_of(const Symptom& symptom) {
    return fmt::format("{} on {}", to_text(symptom.kind), plain(symptom.subject.name));
}

std::string sentence_of(const Symptom& symptom) {
    return name_of(symptom) + ": " + measure(symptom);
}

std::vector<std::string> retell(const Entry& entry) {
    switch (entry.kind) {
        case EntryKind::opened:
        case EntryKind::proposed:
            return retell_as<Proposal>(entry);
        case EntryKind::verdict:
            return retell_as<VerdictBody>(entry);
        case EntryKind::answered:
            return retell_as<AnsweredBody>(entry);
        case EntryKind::intent:
            return retell_as<IntentBody>(entry);
        case EntryKind::outcome:
            return retell_as<OutcomeBody>(entry);
        case EntryKind::proof:
            return retell_as<ProofBody>(entry);
        case EntryKind::undo:
            return retell_as<UndoBody>(entry);
        case EntryKind::held:
            return retell_as<HeldBody>(entry);
        case EntryKind::given_back:
            return retell_as<GivenBackBody>(entry);
        case EntryKind::escalated:
            return retell_as<EscalatedBody>(entry);
        case EntryKind::closed:
            return retell_as<ClosedBody>(entry);
        case EntryKind::demoted:
            return retell_as<Demotion>(entry);
        case EntryKind::promoted:
            return retell_as<PromotedBody>(entry);
        case EntryKind::aftermath:
            return retell_as<AftermathBody>(entry);
        case EntryKind::checkpoint:
            return {};
        default:
            return lines_of_person(entry);
    }
}

}  // namespace homeostat::app
