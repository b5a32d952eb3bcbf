#include "homeostat/heal/replay.hpp"

#include "homeostat/act/act.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/demotion.hpp"
#include "homeostat/domain/dropped.hpp"
#include "homeostat/domain/entry_bodies.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/guard/rules.hpp"
#include "homeostat/heal/choice_difference.hpp"
#include "homeostat/heal/earlier_boots.hpp"
#include "homeostat/record/record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

namespace homeostat::heal {

namespace {

constexpr std::string_view before_grounds = "recorded before the ledger kept what guard saw";
constexpr std::string_view before_settings = "recorded before the ledger kept the settings";
constexpr std::string_view start_dropped =
    "the agent that decided began before what the ledger still keeps: its settings were dropped";
constexpr std::string_view memory_dropped =
    "what guard remembered then stood in records that were dropped by age";
/// Guard's longest memory: its limits take no longer span (config_limit_keys.hpp).
constexpr Duration remembers_for_max = std::chrono::hours{24};

/// One process of ours, by its `started` entry: it remembers what the ledger held when it began.
struct Run {
    std::size_t first_group{0};
    std::string boot_id;
    StartedBody started;
    std::optional<DecisionSettings> settings;
};

/// Of a group, as guard counts the ledger's entries.
std::uint64_t counted_in(const EntryGroup& group) {
    const auto dropped = std::ranges::count(group.entries, EntryKind::dropped, &Entry::kind);
    return group.entries.size() - static_cast<std::uint64_t>(dropped);
}

/// Entries that stood before the first of `groups` and were dropped: what the record of it counts,
/// less those that are there.
std::uint64_t dropped_count_of(std::span<const EntryGroup> groups) {
    std::uint64_t there_count = 0;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            const Result<DroppedBody> body = entry.kind == EntryKind::dropped
                                                 ? from_json<DroppedBody>(entry.body)
                                                 : fail(Fault::absent, "of another kind");
            if (body && body->entries_count >= there_count) {
                return body->entries_count - there_count;
            }
        }
        there_count += counted_in(group);
    }
    return 0;
}

/// The kinds that were demoted before the first of `groups`: what the record of the dropping knew,
/// less those of which the groups before it tell themselves.
std::vector<Demotion> dropped_demotions_of(std::span<const EntryGroup> groups) {
    Demotions told;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.kind != EntryKind::dropped) {
                told.learn(entry);
                continue;
            }
            Demotions known;
            known.learn(entry);
            std::erase_if(known.all, [&](const Demotion& one) {
                return std::ranges::find(told.all, one) != told.all.end();
            });
            return std::move(known.all);
        }
    }
    return {};
}

/// Guard's memory as it was, for one run after the other.
class Past {
  public:
    Past(std::span<const EntryGroup> groups, std::uint64_t dropped_count)
        : groups_(groups),
          dropped_count_(dropped_count),
          dropped_demotions_(dropped_demotions_of(groups)) {
        begin_history();
    }

    /// The history of `run` after the first `count` entries of the ledger. REQUIRES: so many.
    const guard::History& history(const Run& run, std::uint64_t count) {
        if (run.first_group != first_group_ || count < history_.entries_count()) {
            begin_history();
            boots_ = EarlierBoots(run.boot_id, run.started.recovered_at.value_or(Instant::max()));
            first_group_ = run.first_group;
            group_ = entry_ = 0;
        }
        while (history_.entries_count() < count) {
            const EntryGroup& group = groups_[group_];
            if (entry_ == 0) {
                at_ = instant_of(group);
            }
            if (entry_ < group.entries.size()) {
                history_.learn(group.entries[entry_++], at_);
            } else {
                group_ += 1;
                entry_ = 0;
            }
        }
        return history_;
    }

  private:
    void begin_history() {
        history_ = {};
        for (const Demotion& demotion : dropped_demotions_) {
            history_.learn(record::demoted(demotion), Instant{});
        }
        history_.skip_to(dropped_count_);
    }

    /// As ExecutorRole takes it: what it read in `recover`, and what it wrote from then on.
    Instant instant_of(const EntryGroup& group) {
        if (group_ < first_group_) {
            return boots_.instant_of(group, history_);
        }
        boots_.reach_present(history_);
        return group.at;
    }

    std::span<const EntryGroup> groups_;
    std::uint64_t dropped_count_;  ///< Entries that stood before the first group.
    std::vector<Demotion> dropped_demotions_;
    guard::History history_;
    EarlierBoots boots_{"", Instant::max()};
    std::size_t first_group_{0};
    std::size_t group_{0};
    std::size_t entry_{0};
    Instant at_{};  ///< Of the group that is being learnt.
};

// --- the choice ----------------------------------------------------------------------------------

/// What `choose` was told, from what it wrote down. An answer with a ranking is judged anew.
decide::Opinion opinion_of(const Choice& choice) {
    const bool is_out =
        choice.model_answer == ModelAnswer::late || choice.model_answer == ModelAnswer::absent;
    const bool is_judged = choice.ranking && !is_out;
    decide::Opinion opinion{is_judged ? ModelAnswer::recorded : choice.model_answer, choice.ranking,
                            choice.model_trouble};
    if (choice.notes) {
        opinion.without_notes = {choice.notes->without, choice.notes->trouble};
    }
    return opinion;
}

// --- the verdict ---------------------------------------------------------------------------------

std::string text_of(const Verdict& verdict) {
    return fmt::format("{}: {} — {}", to_text(verdict.kind), verdict.rule, verdict.because);
}

std::string again_text(const Verdict& verdict) {
    return verdict.again_at ? fmt::format("to be asked again at {} ns", to_ns(*verdict.again_at))
                            : std::string("not to be asked again");
}

/// What an intent repeats of its grounds has to be what they say. REQUIRES: grounds.
Difference difference(const IntentBody& body, const Symptom& symptom) {
    const Facts& facts = body.grounds->facts;
    if (body.serving_count != serving_count(facts)) {
        return std::pair{fmt::format("{} serving", body.serving_count),
                         fmt::format("{} serving in its facts", serving_count(facts))};
    }
    const InstanceId* instance = instance_of(body.step);
    const InstanceFacts* target = instance == nullptr ? nullptr : find_instance(facts, *instance);
    const auto in_facts = target == nullptr ? std::nullopt : std::optional(*target);
    if (body.target != in_facts) {
        const auto text = [](const std::optional<InstanceFacts>& seen) {
            return seen ? to_text(to_json(*seen)) : std::string("none");
        };
        return std::pair{"target " + text(body.target), "target " + text(in_facts)};
    }
    const bool was_undo = body.grounds->is_undo;
    const bool was_reflex = !was_undo && is_reflex(symptom, body.remedy);
    if (body.is_undo != was_undo || body.is_reflex != was_reflex) {
        return std::pair{fmt::format("undo {}, reflex {}", body.is_undo, body.is_reflex),
                         fmt::format("undo {}, reflex {}", was_undo, was_reflex)};
    }
    return std::nullopt;
}

/// Walks the ledger once and makes the decisions of one incident again on the way.
class Replayer {
  public:
    Replayer(std::span<const EntryGroup> groups, IncidentId incident)
        : groups_(groups),
          entries_before_(dropped_count_of(groups)),
          past_(groups, entries_before_),
          incident_(std::move(incident)) {}

    Result<IncidentReplay> replay() {
        for (std::size_t index = 0; index < groups_.size(); ++index) {
            const EntryGroup& group = groups_[index];
            for (const Entry& entry : group.entries) {
                if (entry.kind == EntryKind::started) {
                    begin_run(entry, index);
                } else if (entry.incident == incident_) {
                    is_found_ = true;
                    take(entry, group);
                }
            }
            entries_before_ += counted_in(group);
        }
        if (!is_found_) {
            return fail(Fault::absent, "there is no incident " + incident_.text());
        }
        return std::move(result_);
    }

  private:
    /// What a verdict or an intent was asked about.
    struct Asked {
        std::string decision;
        Remedy remedy;
        const Step* step{nullptr};
        EffectId effect;
        const std::optional<Grounds>& grounds;
    };

    void begin_run(const Entry& entry, std::size_t index) {
        if (run_ && run_->boot_id != groups_[index].boot_id) {
            // Whoever holds something over a reboot holds it anew, by another clock.
            std::ranges::for_each(held_, [](HeldBody& one) { one.until = Instant::max(); });
        }
        run_ = Run{.first_group = index, .boot_id = groups_[index].boot_id};
        Result<StartedBody> started = from_json<StartedBody>(entry.body);
        if (!started) {
            return;  // Without its settings nothing of this run can be replayed; each line says so.
        }
        run_->started = std::move(*started);
        if (run_->started.settings) {
            auto settings = from_json<DecisionSettings>(*run_->started.settings);
            run_->settings = settings ? std::optional(std::move(*settings)) : std::nullopt;
        }
    }

    void take(const Entry& entry, const EntryGroup& group) {
        at_ = group.at;
        wall_at_ = group.wall_at;
        group_ = group.index;
        switch (entry.kind) {
            case EntryKind::opened:
            case EntryKind::proposed:
                take_body<Proposal>(entry);
                break;
            case EntryKind::verdict:
                take_body<VerdictBody>(entry);
                break;
            case EntryKind::intent:
                take_body<IntentBody>(entry);
                break;
            case EntryKind::held:
                take_body<HeldBody>(entry);
                break;
            case EntryKind::given_back:
                take_body<GivenBackBody>(entry);
                break;
            default:
                break;  // No decision.
        }
    }

    template <class Body>
    void take_body(const Entry& entry) {
        if (const Result<Body> body = from_json<Body>(entry.body)) {
            redecide(*body);
        } else {
            tell(std::string(to_text(entry.kind)), Replay::not_recorded, "",
                 "cannot be read by this version: " + body.error().text);
        }
    }

    void redecide(const Proposal& proposal) {
        symptom_ = proposal.symptom;
        is_held_back_ = proposal.choice.held_back.has_value();
        chosen_ = proposal.choice.remedy;
        if (proposal.undoes) {
            return;  // A person's order: nobody has chosen anything.
        }
        const std::string decision = "choice among " + std::to_string(proposal.menu.items.size());
        const std::string recorded = words_of(proposal.choice);
        if (settings() == nullptr) {
            tell(decision, Replay::not_recorded, recorded, why_no_settings());
            return;
        }
        if (proposal.menu.items.empty()) {
            tell(decision, Replay::differs, recorded, "no choice: the menu is empty");
            return;
        }
        const Choice again =
            decide::choose(proposal.menu, opinion_of(proposal.choice), settings()->decide);
        const auto differs = choice_difference(proposal.choice, again);
        tell(decision, differs ? Replay::differs : Replay::same,
             differs ? differs->first : recorded, differs ? differs->second : words_of(again));
    }

    void redecide(const VerdictBody& body) {
        const std::string what = body.step ? describe(*body.step) : describe(body.remedy);
        // A step that was turned down never got its effect: the id it would have had is fresh.
        const EffectId effect(incident_.text() + ".e" + std::to_string(effects_count_ + 1));
        compare({"verdict on " + what, body.remedy, body.step ? &*body.step : nullptr, effect,
                 body.grounds},
                body.verdict);
    }

    void redecide(const IntentBody& body) {
        effects_count_ += 1;
        compare({"permit of " + body.effect.text() + " for " + describe(body.step), body.remedy,
                 &body.step, body.effect, body.grounds},
                std::nullopt);
        Redecision& told = result_.decisions.back();
        const bool is_same = told.replay == Replay::same;
        if (const auto differs = is_same ? difference_in(body) : std::nullopt) {
            told.replay = Replay::differs;
            std::tie(told.recorded, told.replayed) = *differs;
        }
    }

    /// A stopgap that guard let go first is nobody's choice, and so held back by nobody.
    [[nodiscard]] bool is_held_back(const Remedy& remedy) const {
        return is_held_back_ && remedy == chosen_;
    }

    /// REQUIRES: grounds, settings and a symptom.
    Difference difference_in(const IntentBody& body) {
        const guard::History& history = past_.history(*run_, body.grounds->entries_known_count);
        const guard::Case its_case{
            .incident = incident_,
            .symptom = *symptom_,
            .remedy = body.remedy,
            .is_reflex = !body.grounds->is_undo && is_reflex(*symptom_, body.remedy),
            .is_undo = body.grounds->is_undo,
            .is_held_back = is_held_back(body.remedy) && !body.grounds->is_undo};
        const std::string approver = guard::approver_of(its_case, history, settings()->guard);
        const auto text = [](const std::string& by) {
            return "approved by " + (by.empty() ? std::string("nobody") : by);
        };
        return body.approved_by == approver ? difference(body, *symptom_)
                                            : std::pair{text(body.approved_by), text(approver)};
    }

    /// That it is held follows from a proof, which is taken as given: no decision.
    void redecide(const HeldBody& body) {
        std::erase_if(held_, [&](const HeldBody& one) { return one.remedy == body.remedy; });
        held_.push_back(body);
    }

    void redecide(const GivenBackBody& body) {
        const std::string decision = "give-back of " + describe(body.remedy);
        if (!body.grounds) {
            tell(decision, Replay::not_recorded, body.because, std::string(before_grounds));
            return;
        }
        const HoldGrounds& grounds = *body.grounds;
        const auto held = std::ranges::find(held_, body.remedy, &HeldBody::remedy);
        const bool is_moved = held != held_.end() && held->until == Instant::max();
        if (held == held_.end() || (!is_moved && held->until != grounds.until)) {
            tell(decision, Replay::differs, body.because, "it is not what the ledger says is held");
            return;
        }
        const act::HoldAdvice again = act::advise({.remedy = body.remedy,
                                                   .since = grounds.since,
                                                   .until = grounds.until,
                                                   .well_looks_count = grounds.well_looks_count,
                                                   .is_residue = held->is_residue,
                                                   .is_ordered = grounds.is_ordered},
                                                  grounds.facts, grounds.asked_at);
        const bool is_given_back = std::holds_alternative<act::GiveBack>(again);
        const std::string again_words =
            (is_given_back ? "" : "not yet: ") +
            std::visit([](const auto& one) { return one.because; }, again);
        const std::optional<Remedy> inverse = inverse_of(body.remedy);
        if (inverse != body.inverse) {
            tell(decision, Replay::differs, "by " + describe(body.inverse),
                 inverse ? "by " + describe(*inverse) : "by nothing");
            return;
        }
        const bool is_same = again_words == body.because;
        tell(decision, is_same ? Replay::same : Replay::differs, body.because, again_words);
    }

    /// `recorded`: nothing for an intent, which stands for a permit whose words nobody wrote down.
    void compare(const Asked& asked, const std::optional<Verdict>& recorded) {
        const std::string recorded_text = recorded ? text_of(*recorded) : std::string("permit");
        const bool has_all = asked.grounds && settings() != nullptr && symptom_;
        if (!has_all) {
            tell(asked.decision, Replay::not_recorded, recorded_text,
                 asked.grounds ? why_no_settings() : std::string(before_grounds));
            return;
        }
        if (is_memory_dropped()) {
            tell(asked.decision, Replay::not_recorded, recorded_text, std::string(memory_dropped));
            return;
        }
        if (asked.grounds->entries_known_count > entries_before_) {
            tell(asked.decision, Replay::differs,
                 fmt::format("guard knew {} entries", asked.grounds->entries_known_count),
                 fmt::format("{} stand before it", entries_before_));
            return;
        }
        const Verdict again = ask_guard(asked);
        const bool is_same = recorded ? *recorded == again : again.kind == VerdictKind::permit;
        std::string again_words = recorded || !is_same ? text_of(again) : std::string("permit");
        std::string recorded_words = recorded_text;
        if (!is_same && recorded_words == again_words) {
            recorded_words = again_text(*recorded);
            again_words = again_text(again);
        }
        tell(asked.decision, is_same ? Replay::same : Replay::differs, std::move(recorded_words),
             std::move(again_words));
    }

    Verdict ask_guard(const Asked& asked) {
        const Grounds& grounds = *asked.grounds;
        const guard::Case its_case{
            .incident = incident_,
            .symptom = *symptom_,
            .remedy = asked.remedy,
            .attempts_count = grounds.attempts_count,
            .is_reflex = !grounds.is_undo && is_reflex(*symptom_, asked.remedy),
            .is_undo = grounds.is_undo,
            .is_held_back = is_held_back(asked.remedy) && !grounds.is_undo,
            .is_contained = grounds.is_contained,
            .edge_errors_at_open = grounds.edge_errors_at_open,
            .edge_requests_at_open = grounds.edge_requests_at_open,
            .silence = grounds.silence,
            .refused_since = grounds.refused_since,
            .heed_until = grounds.heed_until,
            .leave_trouble = grounds.leave_trouble};
        const guard::History& history = past_.history(*run_, grounds.entries_known_count);
        return guard::verdict_on({its_case, asked.step,
                                  asked.step == nullptr ? nullptr : &asked.effect, grounds.facts,
                                  history, settings()->guard, grounds.asked_at});
    }

    [[nodiscard]] const DecisionSettings* settings() const {
        return run_ && run_->settings ? &*run_->settings : nullptr;
    }

    [[nodiscard]] std::string why_no_settings() const {
        return std::string(!run_ && groups_.front().index > 0 ? start_dropped : before_settings);
    }

    [[nodiscard]] bool is_memory_dropped() const {
        return groups_.front().index > 0 && wall_at_ - groups_.front().wall_at < remembers_for_max;
    }

    void tell(std::string decision, Replay replay, std::string recorded, std::string replayed) {
        if (result_.decisions.empty() && run_) {
            result_.version = run_->started.version;
        }
        result_.decisions.push_back(
            {group_, at_, std::move(decision), replay, std::move(recorded), std::move(replayed)});
    }

    std::span<const EntryGroup> groups_;
    std::uint64_t entries_before_;
    Past past_;
    IncidentId incident_;
    IncidentReplay result_;
    std::optional<Run> run_;
    std::optional<Symptom> symptom_;  ///< Of the latest proposal.
    bool is_held_back_{false};        ///< As well.
    Remedy chosen_;                   ///< Likewise.
    std::vector<HeldBody> held_;      ///< What the incident held, each remedy once.
    std::uint32_t effects_count_{0};
    std::uint64_t group_{0};
    Instant at_{};
    WallTime wall_at_{};
    bool is_found_{false};
};

}  // namespace

Result<IncidentReplay> replay(std::span<const EntryGroup> groups, const IncidentId& incident) {
    return Replayer(groups, incident).replay();
}

}  // namespace homeostat::heal
