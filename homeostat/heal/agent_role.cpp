#include "homeostat/heal/agent_role.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <algorithm>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr Duration judge_every = std::chrono::milliseconds{100};
/// While each source is at its turn for longer than its interval nobody knows when the next one is.
constexpr Duration wake_apart_max = std::chrono::minutes{1};
constexpr Duration read_for_max = std::chrono::milliseconds{900};
/// A source may be patient for as long as its interval, and is asked a moment after we said until
/// when: what is cut short of its patience would say nothing, of what hangs for ever least of all.
constexpr Duration own_delay = std::chrono::milliseconds{100};

ModelAnswer answer_of(const Error& error) {
    switch (error.fault) {
        case Fault::late:
            return ModelAnswer::late;
        case Fault::broken:
        case Fault::invalid:
            return ModelAnswer::refused;
        default:
            return ModelAnswer::absent;
    }
}

}  // namespace

AgentRole::AgentRole(asio::any_io_executor strand, AgentPorts ports, AgentSettings settings)
    : strand_(std::move(strand)),
      ports_(std::move(ports)),
      settings_(std::move(settings)),
      calls_(strand_, ports_.clock, settings_.log),
      judge_(settings_.judge) {}

Task<void> AgentRole::run() {
    started_at_ = ports_.clock.now();
    for (ports::Telemetry* source : ports_.sources) {
        watches_.push_back({.source = source, .due = started_at_});
    }
    asio::co_spawn(strand_, watch_all(), asio::detached);
    while (!is_stopping_) {
        co_await judge_once();
        co_await ports_.clock.sleep_until(ports_.clock.now() + judge_every);
    }
}

void AgentRole::report(ports::Telemetry& source, const std::string& trouble) {
    const std::string name(source.name());
    const auto known = source_troubles_.find(name);
    const bool was_in_trouble = known != source_troubles_.end();
    if (trouble.empty() && was_in_trouble) {
        settings_.log(name + " answers again");
        source_troubles_.erase(known);
    } else if (!trouble.empty()) {
        if (!was_in_trouble) {
            settings_.log(name + " does not answer: " + trouble);
        }
        source_troubles_[name] = trouble;
    }
}

std::vector<std::string> AgentRole::standstills(Instant now) const {
    if (!judged_at_) {
        return {"the agent does not watch yet"};
    }
    std::vector<std::string> found;
    if (now - *judged_at_ > standstill_after) {
        found.emplace_back("the agent does not judge any more");
    }
    for (const ports::Telemetry* source : ports_.sources) {
        const auto look = looked_at_.find(source);
        const Instant last = look == looked_at_.end() ? started_at_ : look->second;
        if (now - last > source->interval() + standstill_after) {
            found.push_back("nobody looks at " + std::string(source->name()) + " any more");
        }
    }
    return found;
}

Task<void> AgentRole::watch_all() {
    while (!is_stopping_) {
        const Instant now = ports_.clock.now();
        for (Watch& one : watches_) {
            if (!one.is_read && one.due <= now) {
                one.is_read = true;
                one.due = now + one.source->interval();
                asio::co_spawn(strand_, watch(one), asio::detached);
            }
        }
        wakes_at_ = now + wake_apart_max;
        for (const Watch& one : watches_) {
            wakes_at_ = one.due > now ? std::min(wakes_at_, one.due) : wakes_at_;
        }
        co_await ports_.clock.sleep_until(wakes_at_);
    }
}

/// One turn of a source that is due. More than one where it took so long that whoever waits for all
/// would be late for the next: they do not know of it yet.
Task<void> AgentRole::watch(Watch& watch) {
    co_await take_from(*watch.source);
    while (!is_stopping_ && watch.due < wakes_at_) {
        co_await ports_.clock.sleep_until(watch.due);
        watch.due = ports_.clock.now() + watch.source->interval();
        co_await take_from(*watch.source);
    }
    watch.is_read = false;
}

Task<void> AgentRole::take_from(ports::Telemetry& source) {
    const Instant until =
        ports_.clock.now() + std::max(read_for_max, source.interval() + own_delay);
    const Result<std::vector<Reading>> readings = co_await calls_.read(source, until);
    looked_at_[&source] = ports_.clock.now();
    report(source, readings ? std::string() : readings.error().text);
    if (!readings) {
        co_return;
    }
    const std::vector<Change> changes = judge_.take(*readings, ports_.clock.now());
    for (const Change& change : changes) {
        (void)co_await note(change);
    }
}

Task<void> AgentRole::look(ports::Telemetry& source) {
    co_await take_from(source);
    co_await judge_once();
}

Task<Result<Change>> AgentRole::note(Change change) {
    Result<Change> noted = co_await ports_.executor.note(change);
    // Without a ledger the change still explains what is seen; it only is not recorded.
    judge_.note(noted ? *noted : change);
    co_return noted;
}

Task<void> AgentRole::judge_once() {
    judged_at_ = ports_.clock.now();
    symptoms_now_ = judge_.symptoms(*judged_at_);
    const std::vector<Symptom> present = symptoms_now_;
    std::erase_if(held_up_at_, [&](const auto& item) {
        return std::ranges::find(present, item.first, [](const Symptom& symptom) {
                   return std::pair(symptom.kind, symptom.subject);
               }) == present.end();
    });
    for (const Symptom& symptom : present) {
        if (is_for_reflex(symptom, settings_.judge.inventory)) {
            co_await deal_with(symptom);
        } else if (is_waited_for(symptom) && !is_judging_) {
            // The model may take its time; a reflex must not wait for it.
            is_judging_ = true;
            asio::co_spawn(strand_, judge_alone(symptom), asio::detached);
        }
    }
    if (ports_.clock.now() - started_at_ > settings_.settle_for) {
        co_await clear_gone();
    }
}

/// A symptom that needs no opinion now must not take the turn of one that does. Nor has one that
/// may be cured already: it was there while a remedy was in hand, and what it is made of is older
/// than that remedy's proof. Whatever is still there in a moment is a fault of its own.
bool AgentRole::is_waited_for(const Symptom& symptom) {
    const std::optional<Standing> standing = ports_.executor.standing(symptom);
    const std::pair which{symptom.kind, symptom.subject};
    const Instant now = ports_.clock.now();
    if (standing) {
        held_up_at_[which] = {now, symptom.value};
        return standing->wants_proposal || sees_more(*standing);
    }
    const auto held_up = held_up_at_.find(which);
    if (held_up == held_up_at_.end()) {
        return true;
    }
    const auto& [at, value] = held_up->second;
    // A check may be run twice an hour: until it has failed once more nothing is known of it.
    const bool is_news = symptom.kind != SymptomKind::check_failing || symptom.value > value;
    return is_news && (!ports_.executor.open_symptoms().empty() ||
                       now >= at + settings_.judge.detect.clear_after);
}

/// One that was never looked at has not answered yet; one that there is no more is not missed.
bool AgentRole::is_seen(const std::string& source) const {
    return !source_troubles_.contains(source) &&
           std::ranges::all_of(ports_.sources, [&](const ports::Telemetry* one) {
               return one->name() != source || looked_at_.contains(one);
           });
}

bool AgentRole::sees_more(const Standing& standing) const {
    return standing.unseen &&
           std::ranges::any_of(*standing.unseen,
                               [this](const std::string& source) { return is_seen(source); });
}

std::optional<std::vector<std::string>> AgentRole::unseen() const {
    std::vector<std::string> names;
    for (const auto& [name, trouble] : source_troubles_) {
        if (names.size() < unseen_max) {
            names.push_back(name);
        }
    }
    return names.empty() ? std::nullopt : std::optional(std::move(names));
}

Task<void> AgentRole::clear_gone() {
    const std::vector<Symptom> open = ports_.executor.open_symptoms();
    for (const Symptom& symptom : open) {
        const bool is_present = std::ranges::any_of(symptoms_now_, [&](const Symptom& present) {
            return present.kind == symptom.kind && present.subject == symptom.subject;
        });
        if (!is_present) {
            co_await ports_.executor.clear(symptom);
        }
    }
}

Task<void> AgentRole::judge_alone(Symptom symptom) {
    co_await deal_with(symptom);
    is_judging_ = false;
}

Task<void> AgentRole::deal_with(Symptom symptom) {
    const std::optional<Standing> standing = ports_.executor.standing(symptom);
    if (standing && !standing->wants_proposal && !sees_more(*standing)) {
        co_return;
    }
    const std::vector<RemedyKind> tried = standing ? standing->tried : std::vector<RemedyKind>{};
    diagnose::Finding finding = judge_.diagnose(symptom, tried);
    decide::Opinion opinion{ModelAnswer::not_asked, std::nullopt, {}};
    // What follows upon a reflex is a judgement. That we see again is news, whatever is chosen:
    // what to do is asked once the executor has read the world.
    const bool is_judged =
        standing ? standing->wants_proposal : !is_for_reflex(symptom, settings_.judge.inventory);
    if (is_judged) {
        opinion = co_await ask_oracle(finding);
    }
    Proposal proposal;
    proposal.unseen = unseen();
    proposal.service = settings_.judge.inventory.service;
    proposal.symptom = symptom;
    proposal.choice = decide::choose(finding.menu, opinion, settings_.decide);
    proposal.diagnosis = std::move(finding.diagnosis);
    proposal.menu = std::move(finding.menu);
    proposal.judged_at = ports_.clock.now();
    proposal.judging_took = proposal.judged_at - symptom.noticed_at;
    const Result<Standing> submitted = co_await ports_.executor.submit(std::move(proposal));
    if (submitted) {
        refusal_.clear();
    } else if (submitted.error().fault != Fault::busy && submitted.error().text != refusal_) {
        refusal_ = submitted.error().text;
        settings_.log("a proposal was not taken: " + refusal_);
    }
}

Task<decide::Opinion> AgentRole::ask_oracle(const diagnose::Finding& finding) {
    decide::Opinion opinion{ModelAnswer::not_asked, std::nullopt, {}};
    const std::vector<RemedyKind> kinds = decide::kinds_to_rank(finding.menu);
    const bool is_worth_asking = kinds.size() > 1 && settings_.decide.mode != OracleMode::rules;
    if (!is_worth_asking) {
        co_return opinion;
    }
    if (ports_.oracle == nullptr) {
        co_return decide::Opinion{ModelAnswer::absent, std::nullopt, "no model is configured"};
    }
    const Instant deadline = ports_.clock.now() + settings_.model_for_max;
    Result<Ranking> ranking =
        co_await calls_.rank(*ports_.oracle, finding.diagnosis.evidence, kinds, deadline);
    if (!ranking) {
        opinion.answer = answer_of(ranking.error());
        opinion.trouble = ranking.error().text;
        co_return opinion;
    }
    opinion.answer = ModelAnswer::recorded;
    opinion.ranking = std::move(*ranking);
    std::optional<Evidence> again =
        decide::question_without_notes(finding.diagnosis.evidence, *opinion.ranking,
                                       settings_.decide.calibration, decide::Beside::rules);
    if (again && settings_.decide.mode == OracleMode::both) {
        // By the deadline of both: what is late leaves the first answer as it is.
        Result<Ranking> without =
            co_await calls_.rank(*ports_.oracle, *std::move(again), kinds, deadline);
        opinion.without_notes =
            without ? decide::WithoutNotes{std::move(*without), ""}
                    : decide::WithoutNotes{std::nullopt, std::move(without.error().text)};
    }
    co_return opinion;
}

}  // namespace homeostat::heal
