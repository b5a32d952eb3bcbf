#include "homeostat/app/matter.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/fnv1a.hpp"
#include "homeostat/console/link_token.hpp"
#include "homeostat/heal/question.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>
#include <variant>

namespace homeostat::app {

namespace {

/// Which instances the remedy replaces, takes out or starts.
std::vector<std::string> instances_touched(const Remedy& remedy, const Facts& facts) {
    std::vector<std::string> names;
    if (const InstanceId* instance = instance_of(remedy)) {
        names.push_back(instance->text());
    }
    const auto* rollback = std::get_if<Rollback>(&remedy);
    const bool is_for_all = rollback != nullptr ? is_started_with(rollback->artifact)
                                                : std::holds_alternative<RollingRestart>(remedy);
    if (is_for_all) {
        for (const InstanceFacts& instance : facts.instances) {
            if (rollback == nullptr ||
                instance.runtime.version_of(rollback->artifact) != rollback->to) {
                names.push_back(instance.runtime.instance.text());
            }
        }
    }
    return names;
}

/// What is touched besides instances, or instead.
struct Elsewhere {
    std::string operator()(const OpenCircuit& remedy) const {
        return "All calls to " + remedy.neighbour.text() +
               " get the declared fallback while it is in force.";
    }
    std::string operator()(const Reroute& remedy) const {
        return "All reads of the cache " + remedy.cache.text() +
               " go to its source while it is in force, and its keys are dropped.";
    }
    std::string operator()(const InvalidateCache& remedy) const {
        return "The declared keys of the cache " + remedy.cache.text() + " are dropped.";
    }
    std::string operator()(const Scale& remedy) const {
        return fmt::format("{} runs {} instances instead of {}.", remedy.service.text(), remedy.to,
                           remedy.from);
    }
    std::string operator()(const Rollback& remedy) const {
        if (remedy.artifact == Artifact::flag) {
            return fmt::format(
                "The flags of {} that changed from {} to {} become what they were. "
                "Others stay as they are, and no instance is replaced.",
                remedy.service.text(), remedy.to.text(), remedy.from.text());
        }
        return fmt::format("{} becomes the current {} of {} again.", remedy.to.text(),
                           remedy.artifact == Artifact::config ? "configuration" : "version",
                           remedy.service.text());
    }
    std::string operator()(const RunTask& remedy) const {
        return sentence_of(remedy.of, "runs what its operator has declared") +
               (remedy.of.is_destructive ? " Nothing brings back what it removes." : "") +
               (remedy.of.keeps_capacity ? "" : " It may take instances out meanwhile.");
    }
    std::string operator()(const TakeBackTask& remedy) const {
        return sentence_of(remedy.of, "is taken back as its operator has declared");
    }
    std::string operator()(const Resize& remedy) const {
        return fmt::format("{} may use {} of memory instead of {}, and is not ended for it.",
                           remedy.instance.text(), memory_text(remedy.to_bytes),
                           memory_text(remedy.from_bytes));
    }
    std::string operator()(const PauseRollout& remedy) const {
        return fmt::format(
            "{} of {} comes to no more instances while it is in force; those that "
            "run it stay, and so do the old ones.",
            remedy.version.text(), remedy.service.text());
    }
    std::string operator()(const ResumeRollout& remedy) const {
        return fmt::format("{} comes to all instances of {}.", remedy.version.text(),
                           remedy.service.text());
    }
    std::string operator()(const auto& /*remedy*/) const { return {}; }

  private:
    static std::string sentence_of(const DeclaredTask& task, std::string_view does) {
        constexpr std::size_t digits_shown = 12;
        return fmt::format("The task {} {} (declaration {}).", task.task.text(), does,
                           task.declaration.substr(0, digits_shown));
    }
};

std::string joined(const std::vector<std::string>& words) {
    return fmt::format("{}", fmt::join(words, ", "));
}

/// Of what is temporary: a rollout that stands goes on by proof or by somebody's hand alone.
bool ends_by_clock(const Remedy& remedy) {
    return !std::holds_alternative<PauseRollout>(remedy);
}

bool gives_back(RemedyKind kind) {
    using enum RemedyKind;
    return kind == readmit || kind == close_circuit || kind == route_back ||
           kind == take_back_task || kind == resume_rollout;
}

std::string inverse_sentence(const Remedy& remedy) {
    const std::optional<Remedy> inverse = inverse_of(remedy);
    if (!inverse) {
        // Whoever takes something back must not read that it could not be.
        return gives_back(kind_of(remedy)) ? "What is taken back is not done again by this."
                                           : "It cannot be taken back.";
    }
    const bool is_temporary = traits_of(kind_of(remedy)).is_temporary;
    if (is_temporary && !ends_by_clock(remedy)) {
        return "It stands until it is seen to be well, or somebody lets it go on: " +
               describe(*inverse) + ".";
    }
    return is_temporary
               ? "It is for a time only: " + describe(*inverse) + " takes it back by itself."
               : "It can be taken back: " + describe(*inverse) + ".";
}

std::vector<std::string> sentences_of(const std::vector<Cause>& causes) {
    std::vector<std::string> lines;
    for (const Cause& cause : causes) {
        lines.push_back(fmt::format("{} (weight {:.2f}){}{}", to_text(cause.kind), cause.weight,
                                    cause.because.empty() ? "" : ": ", cause.because));
    }
    return lines;
}

std::vector<console::Option> options_of(const Proposal& proposal) {
    std::vector<console::Option> options;
    for (const MenuItem& item : proposal.menu.items) {
        options.push_back({describe(item.remedy), item.because, item.prior,
                           item.remedy == proposal.choice.remedy});
    }
    return options;
}

/// The same incident, told of for the same reason, is the same message.
std::string id_for(const IncidentId& incident, std::string_view what, std::string_view detail) {
    return fmt::format("{}.{}.{:016x}", incident.text(), what, fnv1a(detail));
}

/// Names just this act of the incident in a link: what it holds may be another thing by then.
std::string act_of(const heal::UndoableView& view) {
    return fmt::format("{}{}-{:016x}", console::undo_prefix, view.is_held ? "held" : "done",
                       fnv1a(describe(view.remedy)));
}

/// Of what may be taken back. A rollout that stands heals nothing by itself.
std::string_view state_of(const heal::UndoableView& view) {
    if (!ends_by_clock(view.remedy)) {
        return ": it is in force, and heals nothing by itself";
    }
    return view.is_held ? ": it helped, and is in force for now" : ": it helped";
}

void add_bounded(std::vector<std::string>& out, const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        if (out.size() < console::notice_details_max) {
            out.push_back(line);
        }
    }
}

}  // namespace

std::vector<std::string> touches_of(const Remedy& remedy,
                                    const Facts& facts,
                                    const guard::Limits& limits) {
    std::vector<std::string> lines;
    const std::vector<std::string> names = instances_touched(remedy, facts);
    if (!names.empty()) {
        lines.push_back(fmt::format("{} of {} instances: {}{}.", names.size(),
                                    facts.instances.size(), joined(names),
                                    names.size() > 1 ? ", one after the other" : ""));
    }
    if (std::string elsewhere = std::visit(Elsewhere{}, remedy); !elsewhere.empty()) {
        lines.push_back(std::move(elsewhere));
    }
    lines.push_back(
        fmt::format("{} of {} instances serve now{}; the floor is {} (guard.min_healthy).",
                    serving_count(facts), facts.instances.size(),
                    facts.is_complete ? "" : ", as far as can be seen", limits.min_healthy));
    lines.push_back(inverse_sentence(remedy));
    return lines;
}

std::optional<console::Matter> matter_of(const heal::IncidentView& view,
                                         const Proposal& proposal,
                                         const Facts& facts,
                                         const guard::Limits& limits,
                                         WallTime until) {
    const Remedy& remedy = proposal.choice.remedy;
    // The question's own text names its remedy: another proposal's evidence would mislead.
    if (!view.question || !view.question->text.contains(": may I " + describe(remedy))) {
        return std::nullopt;
    }
    const heal::QuestionView& question = *view.question;
    console::Matter matter;
    matter.service = proposal.service;
    matter.incident = view.incident;
    matter.question = question.id;
    matter.asks = question.text.substr(question.text.find(": may I ") + 2);
    matter.asks.front() = 'M';
    matter.symptom = sentence_of(proposal.symptom);
    matter.touches = touches_of(remedy, facts, limits);
    matter.causes = sentences_of(proposal.diagnosis.causes);
    matter.measured = proposal.diagnosis.measured;
    matter.options = options_of(proposal);
    matter.exactly = to_text(to_json(heal::Question{remedy, question.preconditions}));
    matter.until = until;
    if (question.to_sign) {
        matter.exactly = question.to_sign->text;
        matter.takes_yes = false;
        matter.command = fmt::format("homeostat approve {} --question {} --key YOUR.key",
                                     view.incident.text(), question.id);
        matter.signers = question.to_sign->agreed;
        matter.signers_needed = question.to_sign->quorum;
    }
    return matter;
}

console::Notice asks_notice(const console::Matter& matter, WallTime at) {
    console::Notice notice;
    notice.id = id_for(matter.incident, "asks", matter.question);
    notice.kind = console::NoticeKind::asks;
    notice.service = matter.service;
    notice.incident = matter.incident;
    notice.question = matter.question;
    notice.answers = matter.question;
    notice.text = matter.asks;
    notice.details.push_back(matter.symptom);
    add_bounded(notice.details, matter.touches);
    add_bounded(notice.details, matter.causes);
    notice.advice =
        matter.takes_yes
            ? fmt::format(
                  "On the machine: homeostat approve {0} --question {1}, or "
                  "homeostat deny {0} --question {1}",
                  matter.incident.text(), matter.question)
            : fmt::format(
                  "A yes has to be signed: {}, or `homeostat sign` where your key is. A link "
                  "alone can only say no.",
                  matter.command);
    notice.at = at;
    notice.until = matter.until;
    return notice;
}

console::Notice needs_person_notice(const ServiceId& service,
                                    const heal::IncidentView& view,
                                    bool may_undo,
                                    WallTime at) {
    console::Notice notice;
    notice.id = id_for(view.incident, "needs", view.trouble);
    notice.kind = console::NoticeKind::needs_person;
    notice.service = service;
    notice.incident = view.incident;
    notice.text = "a person is needed: " + view.trouble;
    notice.details.push_back(sentence_of(view.symptom));
    for (const Remedy& remedy : view.tried) {
        add_bounded(notice.details, {"done so far: " + describe(remedy)});
    }
    const std::string& id = view.incident.text();
    notice.advice = "homeostat explain " + id + " says all of it";
    if (view.node != "hold") {
        notice.advice += "; homeostat close " + id + " once it is over";
    } else if (may_undo) {
        notice.advice += "; homeostat undo " + id + " gives back what it holds";
    }
    notice.at = at;
    return notice;
}

bool is_newly_needed(const heal::IncidentView& view,
                     std::optional<std::uint64_t> call,
                     const ToldOfIncident& told) {
    const bool is_at_rest = view.node == "stand_by" || view.node == "hold" || view.node == "parked";
    if (!is_at_rest || view.trouble.empty()) {
        return false;
    }
    return call ? *call != 0 && *call != told.call : view.trouble != told.trouble;
}

console::Notice closed_notice(const ServiceId& service, const ClosedCase& closed, WallTime at) {
    console::Notice notice;
    notice.id = id_for(closed.incident, "closed", "");
    notice.kind = console::NoticeKind::closed;
    notice.service = service;
    notice.incident = closed.incident;
    switch (closed.body.how) {
        case CloseKind::healed:
            notice.text = "over: a remedy helped, and that is proven";
            break;
        case CloseKind::passed:
            notice.text = "over: what was wrong has gone";
            break;
        case CloseKind::by_person:
            notice.text = "over, says " + closed.body.by;
            break;
    }
    for (const Remedy& remedy : closed.body.tried) {
        add_bounded(notice.details, {"done: " + describe(remedy)});
    }
    notice.at = at;
    return notice;
}

console::Notice acted_notice(const ServiceId& service,
                             const heal::UndoableView& view,
                             WallTime until,
                             WallTime at,
                             bool must_sign) {
    console::Notice notice;
    const std::string what = describe(view.remedy);
    notice.id = id_for(view.incident, "acted", (view.is_held ? "held: " : "") + what);
    notice.kind = console::NoticeKind::acted;
    notice.service = service;
    notice.incident = view.incident;
    notice.answers = act_of(view);
    notice.text = what + std::string(state_of(view));
    notice.advice = "To take it back, on the machine: homeostat undo " + view.incident.text() +
                    (must_sign && !view.is_held ? " --key FILE (it has to be signed)" : "");
    notice.at = at;
    notice.until = until;
    return notice;
}

console::UndoMatter undo_matter(const ServiceId& service,
                                const heal::UndoableView& view,
                                std::vector<std::string> touches,
                                WallTime until,
                                bool must_sign) {
    console::UndoMatter matter;
    matter.service = service;
    matter.incident = view.incident;
    matter.act = act_of(view);
    matter.did = describe(view.remedy);
    matter.undoes = describe(*inverse_of(view.remedy));
    matter.touches = std::move(touches);
    matter.is_held = view.is_held;
    matter.ends_by_clock = ends_by_clock(view.remedy);
    matter.until = until;
    matter.takes_it = !must_sign;
    matter.command = fmt::format("homeostat undo {}{}", view.incident.text(),
                                 must_sign && !view.is_held ? " --key YOUR.key" : "");
    return matter;
}

console::Notice test_notice(const ServiceId& service, WallTime at) {
    console::Notice notice;
    notice.id = fmt::format("test-{}", at.time_since_epoch().count());
    notice.kind = console::NoticeKind::test;
    notice.service = service;
    notice.text = "this is a test of `homeostat notify --test`; nothing has happened";
    notice.at = at;
    return notice;
}

}  // namespace homeostat::app
