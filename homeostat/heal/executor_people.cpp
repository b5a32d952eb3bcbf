// What people say to the executor: answers, the end of an incident, the kill switch.

#include "homeostat/heal/executor_role.hpp"
#include "homeostat/record/record.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::heal {

namespace {

constexpr Duration heard_within =
    std::chrono::seconds{4};  ///< Whoever calls waits a little longer.
constexpr Duration look_every = std::chrono::milliseconds{2};

Error no_such_incident(const IncidentId& incident) {
    return {Fault::absent,
            "there is no open incident " + incident.text() + " (`homeostat status` lists them)"};
}

/// `question`: null: nothing is asked.
Error another_question(const IncidentId& incident, const HealingQuestion* question) {
    const std::string now = question == nullptr ? " asks nothing now; it may have been answered"
                                                : " asks something else now (`homeostat status`)";
    return {Fault::refused, incident.text() + now};
}

/// `is_left`: nobody has the answer in hand any more.
Result<void> told_fate(const std::optional<Result<void>>& fate,
                       bool is_left,
                       const IncidentId& incident) {
    const auto untold =
        is_left ? fail(Fault::busy, "the answer to " + incident.text() + " was not taken")
                : fail(Fault::late, "whether the answer to " + incident.text() +
                                        " is recorded is not known yet (`homeostat status`)");
    return fate.value_or(untold);
}

}  // namespace

/// Of what a thread asks now: there is a form while it asks, and only then.
void ExecutorRole::keep_form(const HealingThread& thread) {
    const IncidentId incident(thread.id);
    const HealingQuestion* question = question_of(thread);
    if (question == nullptr) {
        desk_.close(incident);
        return;
    }
    const Duration left = std::max(question->deadline_at - ports_.clock.now(), Duration{});
    const WallTime expires_at =
        ports_.clock.wall_now() + std::chrono::duration_cast<std::chrono::milliseconds>(left);
    desk_.ask(incident, id_of(*question), question->question, expires_at);
}

Task<Result<bool>> ExecutorRole::take_signatures(IncidentId incident, Answer answer) {
    const auto checked = desk_.check(incident, answer.signatures, ports_.clock.wall_now());
    if (!checked) {
        co_return std::unexpected(checked.error());
    }
    const ApprovalForm form = desk_.find(incident)->form;
    if (!desk_.is_enough(incident, *checked)) {
        std::vector<Entry> entries{
            record::answered(incident, {.question = form.question,
                                        .remedy = form.remedy,
                                        .preconditions = form.preconditions,
                                        .says = PersonSays::agreed_in_part,
                                        .by = names_of_signers(*checked),
                                        .because = std::move(answer.because),
                                        .leave = SignedLeave{form, *checked}})};
        const bool is_written = co_await append(std::move(entries), ports::Durability::synced);
        if (!is_written) {
            co_return fail(Fault::full, "nothing can be recorded: " + ledger_trouble_);
        }
    }
    // Meanwhile others may have signed, and the question may be another.
    if (const Result<void> taken = desk_.take(incident, form.nonce, *checked); !taken) {
        co_return std::unexpected(taken.error());
    }
    co_return desk_.is_enough(incident, {});
}

Task<Result<void>> ExecutorRole::answer(IncidentId incident, Answer answer) {
    answer.leave.reset();  // Whatever the channel says: it is what is signed here.
    const auto found = slots_.find(incident.text());
    if (found == slots_.end()) {
        co_return std::unexpected(no_such_incident(incident));
    }
    const HealingQuestion* question = question_of(found->second->thread);
    if (question == nullptr || id_of(*question) != answer.question) {
        co_return std::unexpected(another_question(incident, question));
    }
    const Instant until = ports_.clock.now() + heard_within;
    const auto fate = std::make_shared<ExecutorFate>();
    std::string id = question->id;
    if (answer.kind == AnswerKind::approved && desk_.is_open()) {
        const Result<bool> is_enough = co_await take_signatures(incident, answer);
        if (!is_enough || !*is_enough) {
            co_return is_enough ? Result<void>() : std::unexpected(is_enough.error());
        }
        answer.leave = *desk_.find(incident);
        answer.by = names_of_signers(answer.leave->signatures);
    }
    post(incident.text(), {graph::Reply<Incident>{std::move(answer), std::move(id)}, fate});
    while (!*fate && fate.use_count() > 1 && ports_.clock.now() < until) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_every);
    }
    co_return told_fate(*fate, fate.use_count() == 1, incident);
}

Task<Result<void>> ExecutorRole::close(IncidentId incident, std::string by, std::string because) {
    const std::string& id = incident.text();
    const Instant until = ports_.clock.now() + heard_within;
    auto found = slots_.find(id);
    while (found != slots_.end() && found->second->is_pumping && ports_.clock.now() < until) {
        co_await ports_.clock.sleep_until(ports_.clock.now() + look_every);
        found = slots_.find(id);
    }
    if (found == slots_.end()) {
        co_return std::unexpected(no_such_incident(incident));
    }
    const HealingThread& thread = found->second->thread;
    const std::string node = node_of(thread);
    const std::optional<act::Held>& held = incident_of(thread).held;
    const bool is_residue =
        node == "hold" && held && held->is_residue &&
        std::ranges::all_of(incident_of(thread).held_beside, &act::Held::is_residue);
    if (node != "parked" && node != "stand_by" && !is_residue) {
        co_return fail(Fault::refused,
                       id + " is in hand (at " + node +
                           "): only one that is parked, stands by or holds what a given-up "
                           "remedy left is a person's to close");
    }
    if (found->second->is_pumping) {
        co_return fail(Fault::busy, id + " is being looked at; say it again");
    }
    Entry closed = record::closed_by_person(
        incident,
        {.tried = incident_of(thread).tried, .by = std::move(by), .because = std::move(because)});
    const bool is_closed = co_await close_as(id, std::move(closed));
    co_return is_closed ? Result<void>()
                        : fail(Fault::full, "nothing can be recorded: " + ledger_trouble_);
}

/// REQUIRES: no pump is at the thread. False: the ledger did not take it, and it stays open.
Task<bool> ExecutorRole::close_as(std::string id, Entry closed) {
    const auto found = slots_.find(id);
    if (found == slots_.end() || found->second->is_pumping) {
        co_return false;
    }
    found->second->is_pumping = true;  // So that none begins while this is written.
    std::vector<Entry> entries{std::move(closed)};
    const bool is_written = co_await append(std::move(entries), ports::Durability::synced);
    if (is_written) {
        slots_.erase(id);
    } else {
        found->second->is_pumping = false;
        begin_pump(id);
    }
    co_return is_written;
}

Task<Result<void>> ExecutorRole::flip_switch(bool engage, SwitchBody body) {
    const Result<void> flipped =
        engage ? ports_.kill_switch.engage() : ports_.kill_switch.release();
    if (!flipped) {
        co_return fail("kill switch", flipped.error());
    }
    std::vector<Entry> entries{engage ? record::suspended(body) : record::resumed(body)};
    // The switch itself is durable already; a ledger that is full must not keep it from working.
    (void)co_await append_or_keep(std::move(entries), ports::Durability::synced);
    // They look of themselves as well, but rarely once it has lasted for long.
    std::vector<std::string> suspended;
    for (const auto& [id, slot] : slots_) {
        if (!engage && incident_of(slot->thread).suspended_since) {
            suspended.push_back(id);
        }
    }
    for (const std::string& id : suspended) {
        tell(id, Nudged{});
    }
    co_return Result<void>{};
}

Task<Result<void>> ExecutorRole::promote(PromotedBody body) {
    if (history_.demotions().find(body.remedy, body.task) == nullptr) {
        const Demotion asked{.remedy = body.remedy, .task = body.task};
        co_return fail(Fault::absent,
                       describe(asked) + " is not demoted (`homeostat autonomy` says what is)");
    }
    std::vector<Entry> entries{record::promoted(std::move(body))};
    const bool is_written = co_await append(std::move(entries), ports::Durability::synced);
    co_return is_written ? Result<void>()
                         : fail(Fault::full, "nothing can be recorded: " + ledger_trouble_);
}

}  // namespace homeostat::heal
