#include "homeostat/heal/immune_role.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/guard/guard.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <iterator>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr std::size_t notes_max = 256;

/// Until a list goes on that has not told all. SOURCE: medallion forgets the place after 30 s.
constexpr Duration go_on_after = std::chrono::seconds{1};

template <NamedEnum E>
std::string name_of(std::size_t index) {
    return std::string(to_text(static_cast<E>(index)));
}

FeedView view_of(const std::string& name,
                 const immune::Feed& feed,
                 std::size_t polls_failed_max,
                 Instant now) {
    FeedView view;
    view.feed = name;
    view.sources = feed.sources_count;
    view.is_answering = feed.answered_at != Instant{} && feed.polls_failed < polls_failed_max;
    view.is_quarantined = now < feed.quarantined_until;
    view.skipped = feed.skipped;
    for (std::size_t index = 0; index < immune::objections_count; ++index) {
        view.refused.emplace(name_of<immune::Objection>(index), feed.objections[index]);
    }
    return view;
}

}  // namespace

ImmuneRole::ImmuneRole(asio::any_io_executor strand, ImmunePorts ports, ImmuneSettings settings)
    : strand_(std::move(strand)),
      ports_(std::move(ports)),
      settings_(std::move(settings)),
      state_(settings_.policy) {
    ensure(ports_.feeds.size() == settings_.policy.feeds.size(), "each feed has its settings");
}

Task<void> ImmuneRole::run() {
    for (std::size_t feed = 0; feed < ports_.feeds.size(); ++feed) {
        asio::co_spawn(strand_, watch_feed(feed), asio::detached);
    }
    while (!is_stopping_) {
        co_await look();
        co_await write_notes();
        co_await ports_.clock.sleep_until(ports_.clock.now() + settings_.look_every);
    }
}

Task<void> ImmuneRole::watch_feed(std::size_t feed) {
    const Duration poll_every = settings_.policy.feeds[feed].poll_every;
    while (!is_stopping_) {
        const bool is_whole = immune::wants_whole(state_, feed, ports_.clock.now());
        const Instant deadline = ports_.clock.now() + settings_.poll_for_max;
        const Result<FeedUpdate> update = co_await ports_.feeds[feed]->poll(is_whole, deadline);
        tell(update ? immune::take(state_, settings_.policy, feed, *update, ports_.clock.now())
                    : immune::miss(state_, settings_.policy, feed, update.error().text));
        const bool goes_on = update && update->has_more;
        const Duration pause = goes_on ? std::min(poll_every, go_on_after) : poll_every;
        co_await ports_.clock.sleep_until(ports_.clock.now() + pause);
    }
}

/// One look at the edge, and what follows of it.
Task<void> ImmuneRole::look() {
    if (ports_.kill_switch.is_engaged()) {
        report("suspended: no mark is put on, renewed or taken off");
        immune::let_go(state_, settings_.policy, ports_.clock.now());
        co_return;
    }
    const Instant deadline = ports_.clock.now() + settings_.look_for_max;
    const Result<MarkCounts> counts = co_await ports_.marker.count(deadline);
    if (!counts) {
        report("the edge does not say what it counts: " + counts.error().text);
        immune::let_go(state_, settings_.policy, ports_.clock.now());
        co_return;
    }
    counts_ = *counts;
    const immune::Orders orders =
        immune::judge(state_, settings_.policy, *counts, ports_.clock.now());
    tell(orders.news);
    if (ports_.clock.now() < retry_at_) {
        co_return;
    }
    for (const Marking& order : orders.markings) {
        Marking marking = order;
        const bool goes_on = co_await carry_out(std::move(marking));
        if (!goes_on || is_stopping_) {
            co_return;
        }
    }
    failures_ = 0;
    report({});
}

guard::MarkMatter ImmuneRole::matter_of(const Marking& marking) const {
    guard::MarkMatter matter;
    matter.is_suspended = ports_.kill_switch.is_engaged();
    matter.is_recording = settings_.unwitnessed().empty();
    matter.autonomy = settings_.autonomy;
    const auto has_mark = [](const immune::Suspect& one) { return one.mark != Mark::none; };
    const auto marked = std::ranges::count_if(
        state_.suspects, [&](const auto& one) { return has_mark(one.second); });
    const auto own = std::ranges::count_if(marking.sources, [&](const Network& source) {
        const auto found = state_.suspects.find(source);
        return found != state_.suspects.end() && has_mark(found->second);
    });
    matter.marked_count = static_cast<std::size_t>(marked - own);
    return matter;
}

/// Guard, intent, effect, read back, outcome. True: the next order may follow.
Task<bool> ImmuneRole::carry_out(Marking marking) {
    effects_count_ += 1;
    const EffectId effect(fmt::format("m{}.e{}", settings_.life, effects_count_));
    const guard::MarkMatter matter = matter_of(marking);
    std::expected<MarkPermit, Verdict> permit =
        guard::Gate::ask(marking, effect, settings_.limits, matter, pace_, ports_.clock.now());
    if (!permit) {
        refuse(effect, permit.error());
        co_return false;
    }
    std::vector<Entry> intent{record::marking(
        immune::body_of(state_, settings_.policy, marking, effect, ports_.clock.now()))};
    const bool is_announced = co_await settings_.keep(std::move(intent));
    if (!is_announced) {
        report("nothing can be recorded, so no mark is put on or taken off");
        co_return false;
    }
    Outcome outcome{OutcomeKind::refused, "Homeostat was suspended meanwhile"};
    if (!ports_.kill_switch.is_engaged()) {
        MarkRequest request(*std::move(permit));
        const Instant deadline = ports_.clock.now() + settings_.mark_for_max;
        outcome = co_await ports_.marker.mark(std::move(request), deadline);
    }
    immune::settle(state_, marking, outcome.kind, ports_.clock.now());
    const bool is_done = outcome.kind == OutcomeKind::done;
    if (!is_done) {
        report(outcome.because);
        put_off();
    }
    note(record::marked({effect, std::move(outcome), {}}));
    co_return is_done;
}

/// Each order is announced with all of its sources, so one that fails is not given at every look.
void ImmuneRole::put_off() {
    constexpr unsigned doublings_max = 7;
    failures_ = std::min(failures_ + 1, doublings_max);
    const Duration wait = settings_.look_every * (1U << failures_);
    retry_at_ = ports_.clock.now() + std::min(wait, settings_.retry_for_max);
}

void ImmuneRole::refuse(const EffectId& effect, const Verdict& verdict) {
    const std::string trouble = verdict.rule + ": " + verdict.because;
    if (trouble != trouble_) {
        note(record::marked({effect, {OutcomeKind::refused, verdict.because}, verdict.rule}));
    }
    report(trouble);
}

void ImmuneRole::tell(const std::vector<FeedBody>& news) {
    for (const FeedBody& one : news) {
        settings_.log(fmt::format("block_sources: {}{}{} ({} sources){}{}", one.feed,
                                  one.feed.empty() ? "" : ": ", to_text(one.event),
                                  one.sources_count, one.because.empty() ? "" : ": ", one.because));
        note(record::feed(one));
    }
}

void ImmuneRole::report(const std::string& trouble) {
    if (!trouble.empty() && trouble != trouble_) {
        settings_.log("block_sources: " + trouble);
    }
    trouble_ = trouble;
}

/// Nothing waits for these; where the ledger takes nothing for long, the oldest are lost.
void ImmuneRole::note(Entry entry) {
    notes_.push_back(std::move(entry));
    if (notes_.size() > notes_max) {
        notes_.pop_front();
    }
}

Task<void> ImmuneRole::write_notes() {
    if (notes_.empty()) {
        co_return;
    }
    const std::vector<Entry> taken(std::make_move_iterator(notes_.begin()),
                                   std::make_move_iterator(notes_.end()));
    notes_.clear();
    std::vector<Entry> entries = taken;
    const bool is_written = co_await settings_.keep(std::move(entries));
    if (!is_written) {
        notes_.insert(notes_.begin(), taken.begin(), taken.end());
        while (notes_.size() > notes_max) {
            notes_.pop_front();
        }
    }
}

ImmuneView ImmuneRole::view() const {
    ImmuneView view;
    const Instant now = ports_.clock.now();
    for (std::size_t feed = 0; feed < state_.feeds.size(); ++feed) {
        view.feeds.push_back(view_of(settings_.policy.feeds[feed].name, state_.feeds[feed],
                                     settings_.policy.limits.polls_failed_max, now));
    }
    const std::array<std::size_t, 4> marks = immune::marks_of(state_);
    for (const Mark mark : {Mark::watched, Mark::on_trial, Mark::denied}) {
        view.sources.emplace(to_text(mark), marks[static_cast<std::size_t>(mark)]);
    }
    view.requests = {{std::string(to_text(Mark::watched)), counts_.watched},
                     {std::string(to_text(Mark::on_trial)), counts_.on_trial},
                     {std::string(to_text(Mark::denied)), counts_.denied}};
    view.taken_back = state_.taken_back_count;
    view.trouble = trouble_;
    return view;
}

}  // namespace homeostat::heal
