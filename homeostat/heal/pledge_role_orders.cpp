// What the role does at the edge, and what it writes down.

#include "homeostat/guard/guard.hpp"
#include "homeostat/heal/pledge_role.hpp"
#include "homeostat/heal/service_load.hpp"
#include "homeostat/record/record.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace homeostat::heal {

namespace {

namespace asio = boost::asio;

constexpr std::uint32_t percent_max = 100;

}  // namespace

void PledgeRole::obey(const mesh::EnterMode& order) {
    Route& route = routes_.at(order.route);
    const mesh::RouteSettings& of = agent_.providers.at(order.route).route;
    route.mode = order;
    const std::uint32_t permille =
        route.is_found ? route.permille
                       : permille_over(order.terms.rps_max, route.calls.most_rps(), of.floor_rps);
    begin(order.route, permille, order.until, order.number);
}

/// Of what was held back when the promise ended. An end that we have slept through is another one:
/// the edge may be as usual long since, and there is no way back from that.
void PledgeRole::obey(const mesh::Ramp& order) {
    constexpr Duration late_max = std::chrono::milliseconds{500};
    Route& route = routes_.at(order.route);
    if (route.mode) {
        const bool is_in_force = ports_.clock.now() < route.permille_until + late_max;
        route.permille_held = is_in_force ? route.permille : 0;
        route.mode.reset();
        route.is_found = false;
    }
    const std::uint32_t share = std::min(order.share_percent, percent_max);
    begin(order.route, route.permille_held * (percent_max - share) / percent_max, order.until,
          std::nullopt);
}

void PledgeRole::obey(const mesh::Restore& order) {
    Route& route = routes_.at(order.route);
    route.mode.reset();
    route.is_found = false;
    begin(order.route, 0, ports_.clock.now(), std::nullopt);
}

void PledgeRole::obey(const mesh::Throttle& order) {
    begin(order.route, order.drop_permille, order.until, std::nullopt);
}

void PledgeRole::obey(const mesh::NoteOutcome& order) {
    PledgeBody body;
    body.event = PledgeEvent::reported;
    body.route = order.outcome.route.text();
    body.neighbour = order.from.text();
    body.thread = order.thread.incident.text();
    body.traceparent = order.thread.traceparent;
    body.calls_rps = order.outcome.goodput_rps;
    body.errors_permille = order.outcome.errors_permille;
    note(body);
}

void PledgeRole::begin(const mesh::RouteId& route,
                       std::uint32_t permille,
                       Instant until,
                       std::optional<std::uint64_t> order) {
    permille = within_floor(route, permille);
    ports::ModeNotice notice{
        .route = route.text(), .mode = {}, .permille = permille, .rps_max = 0, .until = until};
    if (const std::optional<mesh::EnterMode>& mode = routes_.at(route).mode) {
        notice.mode = mode->terms.mode.text();
        notice.rps_max = mode->terms.rps_max;
    }
    // What waits for the same dimmer is overtaken; a mode that was to be entered is still answered.
    std::erase_if(works_, [&route](const Work& one) { return one.route == route && !one.order; });
    works_.push_back({.route = route,
                      .dim = {settings_.neighbours.at(route), permille, until},
                      .order = order,
                      .notice = std::move(notice)});
    if (!is_working_) {
        is_working_ = true;
        asio::co_spawn(strand_, carry_out_all(), asio::detached);
    }
}

/// The floor holds by what is certain: the fewer calls of the last two windows. What was found in
/// force is left as it is.
std::uint32_t PledgeRole::within_floor(const mesh::RouteId& id, std::uint32_t permille) const {
    const Route& route = routes_.at(id);
    const std::uint32_t floor_rps = agent_.providers.at(id).route.floor_rps;
    const std::uint32_t most = guard::permille_above(floor_rps, route.calls.least_rps());
    return route.is_found ? permille : std::min(permille, most);
}

Task<void> PledgeRole::carry_out_all() {
    while (!works_.empty()) {
        const Work work = std::move(works_.front());
        works_.pop_front();
        const bool is_in_force = co_await carry_out(work);
        if (work.order) {
            take(mesh::RouteApplied{work.route, {*work.order, is_in_force}});
        }
    }
    is_working_ = false;
}

/// Nothing is held back, and nothing is to be. Or it was found, and is left as it is: the edge
/// keeps it for as long as anybody may count on it, and how many calls there are is not known yet.
bool PledgeRole::is_needless(const Work& work) const {
    const Route& route = routes_.at(work.route);
    const bool is_kept = work.order && route.is_found && work.dim.permille == route.permille;
    return is_kept || (work.dim.permille == 0 && route.permille == 0);
}

std::expected<DimPermit, Verdict> PledgeRole::permit_for(const Work& work, EffectId effect) {
    guard::DimmerMatter matter;
    matter.is_suspended = ports_.kill_switch.is_engaged();
    matter.is_recording = settings_.unwitnessed().empty();
    matter.autonomy = settings_.autonomy;
    matter.calls_rps = routes_.at(work.route).calls.least_rps();
    return guard::Gate::ask(work.dim, std::move(effect), settings_.dimmers, matter, pace_,
                            ports_.clock.now());
}

/// Guard, intent, effect, read back, outcome. True: the edge reports it.
Task<bool> PledgeRole::carry_out(Work work) {
    Route& route = routes_.at(work.route);
    if (is_needless(work)) {
        show(work.notice);
        co_return true;
    }
    effects_count_ += 1;
    const EffectId effect(fmt::format("p{}.e{}", agent_.outbox.epoch(), effects_count_));
    std::expected<DimPermit, Verdict> permit = permit_for(work, effect);
    if (!permit) {
        refuse(effect, permit.error());
        co_return false;
    }
    std::vector<Entry> intent{
        record::dimming({effect, work.dim, work.route.text(), route.calls.least_rps()})};
    const bool is_announced = co_await settings_.keep(std::move(intent));
    if (!is_announced) {
        report("nothing can be recorded, so no mode is entered or left");
        co_return false;
    }
    Outcome outcome{OutcomeKind::refused, "Homeostat was suspended meanwhile"};
    if (!ports_.kill_switch.is_engaged()) {
        DimRequest request(*std::move(permit));
        const Instant deadline = ports_.clock.now() + settings_.dim_for_max;
        outcome = co_await ports_.dimmer.dim(std::move(request), deadline);
    }
    // What nobody knows counts as in force: the edge ends it.
    if (outcome.kind != OutcomeKind::refused) {
        route.permille = work.dim.permille;
        route.permille_until = work.dim.until;
        route.calls.turn(work.dim.permille, work.dim.until, ports_.clock.now());
        show(work.notice);
    }
    report(outcome.kind == OutcomeKind::done ? std::string() : outcome.because);
    const bool is_in_force = outcome.kind == OutcomeKind::done;
    note(record::dimmed({effect, std::move(outcome), {}}));
    co_return is_in_force;
}

void PledgeRole::refuse(const EffectId& effect, const Verdict& verdict) {
    const std::string trouble = verdict.rule + ": " + verdict.because;
    if (trouble != trouble_) {
        note(record::dimmed({effect, {OutcomeKind::refused, verdict.because}, verdict.rule}));
    }
    report(trouble);
}

void PledgeRole::show(const ports::ModeNotice& notice) {
    if (ports_.board != nullptr) {
        ports_.board->show(notice);
    }
}

void PledgeRole::report(const std::string& trouble) {
    if (!trouble.empty() && trouble != trouble_) {
        settings_.log("pledges: " + trouble);
    }
    trouble_ = trouble;
}

void PledgeRole::tell_changes() {
    for (const auto& [id, provider] : agent_.providers) {
        tell_change(told_.at(id), provider);
    }
    for (const auto& [key, relier] : agent_.reliers) {
        tell_change(told_of_callers_.at(key), relier);
    }
}

void PledgeRole::tell_change(Told& told, const mesh::Provider& provider) {
    using mesh::Phase;
    const std::optional<mesh::Terms> terms =
        provider.held ? std::optional(provider.held->terms) : std::nullopt;
    if (told.terms && !terms) {
        note(PledgeEvent::ended, provider);
    }
    const bool is_found = provider.held && provider.held->pledge == 0;  // Promised by nobody now.
    if (terms && told.terms != terms && !is_found) {
        note(PledgeEvent::promised, provider);
    }
    if (told.phase != provider.phase) {
        switch (provider.phase) {
            case Phase::asking:
                note(PledgeEvent::asked, provider);
                break;
            case Phase::leaving:
                note(PledgeEvent::leaving, provider);
                break;
            case Phase::local_fallback:
                note(PledgeEvent::helped_self, provider);
                break;
            case Phase::frozen:
                note(PledgeEvent::frozen, provider);
                break;
            case Phase::normal:
                if (told.phase != Phase::suspect) {
                    note(PledgeEvent::returned, provider);
                }
                break;
            case Phase::suspect:
            case Phase::degraded:
            case Phase::probation:
                break;
        }
    }
    told = {provider.phase, terms};
}

void PledgeRole::tell_change(ToldOfCaller& told, const mesh::Relier& relier) {
    using mesh::RelierPhase;
    const bool has_offered = relier.phase == RelierPhase::offered &&
                             (told.phase != relier.phase || told.pledge != relier.pledge);
    const bool relies = relier.phase == RelierPhase::relying;
    if (has_offered) {
        note(PledgeEvent::offered, relier);
    }
    if (relies && (told.phase != relier.phase || told.relied != relier.relied)) {
        note(PledgeEvent::relied_on, relier);
    }
    if (told.phase == RelierPhase::relying && !relies) {
        note(PledgeEvent::let_go, relier);
    }
    told = {relier.phase, relier.pledge, relier.relied};
}

void PledgeRole::note(PledgeEvent event, const mesh::Provider& provider) {
    const Route& route = routes_.at(provider.route.route);
    PledgeBody body;
    body.event = event;
    body.route = provider.route.route.text();
    body.neighbour = provider.route.callee.text();
    body.thread = provider.thread.incident.text();
    body.traceparent = provider.thread.traceparent;
    body.permille = route.permille;
    body.calls_rps = route.calls.rps();
    body.errors_permille = provider.looked.errors_permille;
    body.wait_ms = provider.looked.queue_ms;
    if (provider.held) {
        body.mode = provider.held->terms.mode.text();
        body.rps_max = provider.held->terms.rps_max;
        body.lasts = provider.held->until - ports_.clock.now();
    }
    note(body);
}

void PledgeRole::note(PledgeEvent event, const mesh::Relier& relier) {
    const bool relies = relier.phase == mesh::RelierPhase::relying;
    const mesh::Terms& terms = relies ? relier.relied : relier.asked;
    PledgeBody body;
    body.event = event;
    body.route = relier.caller.route.text();
    body.neighbour = relier.caller.caller.text();
    body.thread = relier.thread.incident.text();
    body.traceparent = relier.thread.traceparent;
    body.mode = terms.mode.text();
    body.rps_max = terms.rps_max;
    body.lasts = relies ? relier.relies_until - ports_.clock.now() : Duration{};
    note(body);
}

/// For the ledger alone: nothing was agreed on, so nobody outside asks how it goes.
void PledgeRole::note(PledgeEvent event, const NeighbourWord& word, const mesh::Thread& thread) {
    PledgeBody body;
    body.event = event;
    body.neighbour = word.neighbour.text();
    body.thread = thread.incident.text();
    body.traceparent = thread.traceparent;
    body.says = to_text(word.says);
    body.lasts = word.lasts;
    note(record::pledge(body));
}

/// That somebody waits for us is told here as well: a look at one ledger has to show why. Once a
/// second for each neighbour, who asks again after two: one that asks without end fills no ledger.
void PledgeRole::note_answer(const mesh::Message& message) {
    constexpr Duration told_again_after = std::chrono::seconds{1};
    const auto* word = std::get_if<mesh::Word>(&message.body);
    if (word == nullptr || !mesh::objects(word->says)) {
        return;
    }
    const Instant now = ports_.clock.now();
    const auto [told, is_first] = held_up_at_.try_emplace(message.to, now);
    if (is_first || now >= told->second + told_again_after) {
        told->second = now;
        note(PledgeEvent::held_up,
             {ServiceId(message.to.text()), word->says, std::chrono::milliseconds{word->lasts_ms}},
             message.thread);
    }
}

void PledgeRole::note(const PledgeBody& body) {
    moments_.push_back({ports_.clock.wall_now(), body});
    if (moments_.size() > moments_max) {
        moments_.pop_front();
    }
    note(record::pledge(body));
}

/// Nothing waits for these; where the ledger takes nothing for long, the oldest are lost.
void PledgeRole::note(Entry entry) {
    notes_.push_back(std::move(entry));
    if (notes_.size() > notes_max) {
        notes_.pop_front();
    }
    if (!is_writing_) {
        is_writing_ = true;
        asio::co_spawn(strand_, write_notes(), asio::detached);
    }
}

Task<void> PledgeRole::write_notes() {
    constexpr Duration again_after = std::chrono::seconds{1};
    while (!notes_.empty() && !is_stopping_) {
        const std::vector<Entry> taken(std::make_move_iterator(notes_.begin()),
                                       std::make_move_iterator(notes_.end()));
        notes_.clear();
        std::vector<Entry> entries = taken;
        const bool is_written = co_await settings_.keep(std::move(entries));
        if (!is_written) {
            notes_.insert(notes_.begin(), taken.begin(), taken.end());
            co_await ports_.clock.sleep_until(ports_.clock.now() + again_after);
        }
    }
    is_writing_ = false;
}

}  // namespace homeostat::heal
