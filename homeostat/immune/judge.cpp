// What the edge counts, judged; and the orders that follow.

#include "homeostat/immune/immune.hpp"
#include "homeostat/immune/suspects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <span>
#include <utility>

namespace homeostat::immune {

namespace {

/// What was counted from one moment to another.
MarkCounts between(const MarkCounts& before, const MarkCounts& after) {
    MarkCounts counts;
    counts.requests = after.requests - before.requests;
    counts.watched = after.watched - before.watched;
    counts.on_trial = after.on_trial - before.on_trial;
    counts.denied = after.denied - before.denied;
    counts.critical = after.critical - before.critical;
    counts.critical_on_trial = after.critical_on_trial - before.critical_on_trial;
    counts.critical_denied = after.critical_denied - before.critical_denied;
    return counts;
}

/// A counter went back: the edge has started anew, or somebody cleared its tables.
bool is_reset(const MarkCounts& before, const MarkCounts& after) {
    return after.requests < before.requests || after.watched < before.watched ||
           after.on_trial < before.on_trial || after.denied < before.denied ||
           after.critical < before.critical || after.critical_on_trial < before.critical_on_trial ||
           after.critical_denied < before.critical_denied;
}

bool is_over(std::uint64_t part, std::uint64_t whole, std::uint64_t permille) {
    return part * permille_max > whole * permille;
}

/// Its marks are gone with its counters. What has passed its trial has passed it.
void forget_edge(State& state) {
    for (auto& [source, suspect] : state.suspects) {
        suspect.mark = Mark::none;
        suspect.trial = 0;
    }
    state.trials.clear();
    state.samples.clear();
}

void sample(State& state, const Limits& limits, const MarkCounts& counts, Instant now) {
    if (!state.samples.empty() && is_reset(state.samples.back().counts, counts)) {
        forget_edge(state);
    }
    while (!state.samples.empty() && state.samples.front().at < now - limits.watch_for) {
        state.samples.pop_front();
    }
    state.samples.push_back({now, counts});
}

/// What is in the way of those that are denied; empty: nothing.
std::string trouble_with_denials(const State& state, const Limits& limits) {
    const MarkCounts lately = between(state.samples.front().counts, state.samples.back().counts);
    if (is_over(lately.denied, std::max(lately.requests, limits.requests_min),
                limits.denied_permille_max)) {
        return fmt::format("{} of {} requests were denied", lately.denied, lately.requests);
    }
    if (is_over(lately.critical_denied, std::max(lately.critical, limits.requests_min),
                limits.critical_permille_max)) {
        return fmt::format("{} of {} critical requests were denied", lately.critical_denied,
                           lately.critical);
    }
    return {};
}

/// What was counted up to now is answered for.
void count_anew(State& state) {
    const Sample last = state.samples.back();
    state.samples.assign(1, last);
}

/// Those that are denied since a short while go first; if there are none, all of them.
void take_back(State& state,
               const Settings& settings,
               const std::string& because,
               Instant now,
               std::vector<FeedBody>& news) {
    const Instant lately = now - settings.limits.watch_for;
    const bool are_young_to_blame = std::ranges::any_of(state.suspects, [lately](const auto& one) {
        return one.second.has_passed && one.second.denied_at > lately;
    });
    const Instant held_until = now + settings.limits.quarantine_for;
    std::set<std::size_t> to_blame;
    std::uint64_t count = 0;
    for (auto& [source, suspect] : state.suspects) {
        if (!suspect.has_passed || (are_young_to_blame && suspect.denied_at <= lately)) {
            continue;
        }
        suspect.has_passed = false;
        suspect.held_until = held_until;
        ++count;
        for (std::size_t feed = 0; feed < state.feeds.size(); ++feed) {
            if (is_listed_by(suspect, feed)) {
                to_blame.insert(feed);
            }
        }
    }
    for (const std::size_t feed : to_blame) {
        state.feeds[feed].quarantined_until = held_until;
        state.feeds[feed].wants_whole = true;
        news.push_back({FeedEvent::taken_back, settings.feeds[feed].name, count, because});
    }
    ++state.taken_back_count;
    state.is_taking_back = true;
    count_anew(state);
}

/// Denials are judged once the edge has carried out what was taken back: those it counts until then
/// are answered for.
void judge_denials(State& state,
                   const Settings& settings,
                   Instant now,
                   std::vector<FeedBody>& news) {
    if (state.is_taking_back) {
        state.is_taking_back = std::ranges::any_of(state.suspects, [](const auto& one) {
            return one.second.mark == Mark::denied && !one.second.has_passed;
        });
        count_anew(state);
        return;
    }
    const std::string because = trouble_with_denials(state, settings.limits);
    if (!because.empty()) {
        take_back(state, settings, because, now, news);
    }
}

enum class TrialEnd : std::uint8_t { not_yet, passed, failed };

TrialEnd end_of(const Trial& trial, const Limits& limits, const Sample& now) {
    const MarkCounts since = between(trial.counts, now.counts);
    const std::uint64_t requests = std::max(since.requests, limits.trial_requests);
    if (since.critical_on_trial > 0 ||
        is_over(since.on_trial, requests, limits.on_trial_permille_max)) {
        return TrialEnd::failed;
    }
    // Where nothing was counted nothing was tried: the edge may not count at all.
    const bool is_over_now = since.requests > 0 && (now.at - trial.began_at >= limits.trial_for ||
                                                    since.requests >= limits.trial_requests);
    return is_over_now ? TrialEnd::passed : TrialEnd::not_yet;
}

/// Ends trials. Where one fails all of them do: nobody knows whose requests it were.
void end_trials(State& state, const Settings& settings, Instant now, std::vector<FeedBody>& news) {
    std::set<std::uint32_t> passed;
    bool has_failed = false;
    MarkCounts counted;
    for (const auto& [number, trial] : state.trials) {
        const TrialEnd end = end_of(trial, settings.limits, state.samples.back());
        if (end == TrialEnd::failed && !has_failed) {
            has_failed = true;
            counted = between(trial.counts, state.samples.back().counts);
        }
        if (end == TrialEnd::passed) {
            passed.insert(number);
        }
    }
    if (!has_failed && passed.empty()) {
        return;
    }
    std::uint64_t held_count = 0;
    for (auto& [source, suspect] : state.suspects) {
        if (suspect.trial != 0 && has_failed) {
            suspect.trial = 0;
            suspect.held_until = now + settings.limits.quarantine_for;
            ++held_count;
        } else if (passed.contains(suspect.trial)) {
            suspect.trial = 0;
            suspect.has_passed = true;
            suspect.denied_at = now;
        }
    }
    std::erase_if(state.trials,
                  [&](const auto& one) { return has_failed || passed.contains(one.first); });
    if (has_failed) {
        news.push_back(
            {FeedEvent::trial_ended, "", held_count,
             fmt::format("{} of {} requests came from sources on trial, {} of them "
                         "critical",
                         counted.on_trial, counted.requests, counted.critical_on_trial)});
    }
}

Mark wanted(const Suspect& suspect, const Settings& settings, Instant now) {
    if (!is_listed(suspect)) {
        return Mark::none;
    }
    if (suspect.held_until > now || !is_believed(suspect, settings)) {
        return Mark::watched;
    }
    if (!suspect.has_passed) {
        return Mark::on_trial;
    }
    // Nor does it stay on trial: its requests would count against those that are new.
    return settings.may_deny ? Mark::denied : Mark::watched;
}

/// What has ended meanwhile, on the list and at the edge.
void expire(State& state, const Limits& limits, Suspect& suspect, Instant now) {
    for (std::size_t feed = 0; feed < state.feeds.size(); ++feed) {
        if (suspect.listed_until[feed] <= now) {
            unlist(state, suspect, feed);
        }
    }
    if (suspect.mark != Mark::none && suspect.marked_until + limits.table_lasts_max < now) {
        suspect.mark = Mark::none;
    }
}

/// Orders of one kind: at most so many sources in each, and so many orders.
class Pile {
  public:
    Pile(const Limits& limits, Marking like) : limits_(limits), like_(std::move(like)) {}

    void add(const Network& source) {
        const std::size_t room = limits_.marking_sources_max * limits_.markings_max;
        if (sources_.size() < room) {
            sources_.push_back(source);
        }
    }

    void give(std::vector<Marking>& markings) const {
        const std::size_t step = limits_.marking_sources_max;
        for (std::size_t begin = 0; begin < sources_.size(); begin += step) {
            if (markings.size() == limits_.markings_max) {
                return;
            }
            Marking& marking = markings.emplace_back(like_);
            const std::span part =
                std::span(sources_).subspan(begin, std::min(step, sources_.size() - begin));
            marking.sources.assign(part.begin(), part.end());
        }
    }

  private:
    const Limits& limits_;
    Marking like_;
    std::vector<Network> sources_;
};

std::vector<Marking> orders(const State& state, const Settings& settings, Instant now) {
    const Limits& limits = settings.limits;
    const Instant until = now + limits.lease;
    const auto pile = [&](Mark mark, bool is_renewal) {
        return Pile(limits,
                    {.mark = mark, .sources = {}, .until = until, .is_renewal = is_renewal});
    };
    // Taken off first; renewed last, for which there is half a lease of time.
    std::array changes{pile(Mark::none, false), pile(Mark::watched, false),
                       pile(Mark::on_trial, false), pile(Mark::denied, false)};
    std::array renewals{pile(Mark::none, true), pile(Mark::watched, true),
                        pile(Mark::on_trial, true), pile(Mark::denied, true)};
    std::array<bool, 4> is_due{};
    for (const auto& [source, suspect] : state.suspects) {
        const auto mark = static_cast<std::size_t>(wanted(suspect, settings, now));
        if (mark != static_cast<std::size_t>(suspect.mark)) {
            changes[mark].add(source);
        } else {
            is_due[mark] = is_due[mark] || suspect.marked_until - now < limits.lease / 2;
        }
    }
    // Where one is due, those that soon are go along: sources that came one by one would else cost
    // an order each for as long as they are listed.
    for (const auto& [source, suspect] : state.suspects) {
        const auto mark = static_cast<std::size_t>(suspect.mark);
        if (is_due[mark] && suspect.marked_until - now < limits.lease * 3 / 4 &&
            wanted(suspect, settings, now) == suspect.mark) {
            renewals[mark].add(source);
        }
    }
    std::vector<Marking> markings;
    for (const Pile& one : changes) {
        one.give(markings);
    }
    for (const Pile& one : renewals) {
        one.give(markings);
    }
    return markings;
}

}  // namespace

void let_go(State& state, const Settings& settings, Instant now) {
    for (auto one = state.suspects.begin(); one != state.suspects.end();) {
        Suspect& suspect = one->second;
        expire(state, settings.limits, suspect, now);
        const bool has_ended = suspect.mark == Mark::none && !is_listed(suspect);
        one = has_ended ? state.suspects.erase(one) : std::next(one);
    }
}

Orders judge(State& state, const Settings& settings, const MarkCounts& counts, Instant now) {
    Orders result;
    sample(state, settings.limits, counts, now);
    judge_denials(state, settings, now, result.news);
    end_trials(state, settings, now, result.news);
    let_go(state, settings, now);
    result.markings = orders(state, settings, now);
    return result;
}

namespace {

bool begins_trial(const Suspect& suspect) {
    return suspect.mark == Mark::on_trial && suspect.trial == 0 && !suspect.has_passed;
}

/// True: a trial begins with it.
bool settle_one(Suspect& suspect, const Marking& marking, bool is_done, Instant now) {
    suspect.mark = marking.mark;
    suspect.marked_until = is_done ? marking.until : now;
    if (marking.mark != Mark::on_trial) {
        suspect.trial = 0;
    }
    return is_done && begins_trial(suspect);
}

}  // namespace

void settle(State& state, const Marking& marking, OutcomeKind outcome, Instant now) {
    const bool is_put_on = marking.mark != Mark::none && outcome != OutcomeKind::refused;
    const bool is_taken_off = marking.mark == Mark::none && outcome == OutcomeKind::done;
    if (!is_put_on && !is_taken_off) {
        return;
    }
    const std::uint32_t trial = state.trials_count + 1;
    bool has_begun = false;
    for (const Network& source : marking.sources) {
        const auto found = state.suspects.find(source);
        if (found == state.suspects.end()) {
            continue;
        }
        if (is_taken_off && !is_listed(found->second)) {
            state.suspects.erase(found);
            continue;
        }
        if (settle_one(found->second, marking, outcome == OutcomeKind::done, now)) {
            found->second.trial = trial;
            has_begun = true;
        }
    }
    if (has_begun) {
        state.trials_count = trial;
    }
    if (has_begun && !state.samples.empty()) {
        state.trials.emplace(trial, Trial{now, state.samples.back().counts});
    }
}

MarkingBody body_of(const State& state,
                    const Settings& settings,
                    const Marking& marking,
                    EffectId effect,
                    Instant now) {
    MarkingBody body{.effect = std::move(effect),
                     .mark = marking.mark,
                     .sources_count = marking.sources.size(),
                     .sources = {},
                     .until = marking.until};
    if (marking.is_renewal) {
        return body;
    }
    for (const Network& source : marking.sources) {
        const auto found = state.suspects.find(source);
        MarkedSource& marked = body.sources.emplace_back();
        marked.source = to_text(source);
        if (found == state.suspects.end()) {
            continue;
        }
        const Suspect& suspect = found->second;
        marked.reason = state.reasons[suspect.reason];
        for (std::size_t feed = 0; feed < settings.feeds.size(); ++feed) {
            if (is_listed_by(suspect, feed)) {
                marked.feeds.append(marked.feeds.empty() ? "" : ",");
                marked.feeds.append(settings.feeds[feed].name);
                marked.lasts = std::max(marked.lasts, suspect.listed_until[feed] - now);
            }
        }
    }
    return body;
}

std::array<std::size_t, 4> marks_of(const State& state) {
    std::array<std::size_t, 4> counts{};
    for (const auto& [source, suspect] : state.suspects) {
        ++counts[static_cast<std::size_t>(suspect.mark)];
    }
    return counts;
}

}  // namespace homeostat::immune
