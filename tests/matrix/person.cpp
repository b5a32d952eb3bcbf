#include "person.hpp"

#include "homeostat/heal/approvers_for_test.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <utility>

namespace homeostat::matrix {

namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 200ms;
constexpr Duration astray_every = 3s;

bool is_about_strays(std::optional<PortFault> fault) {
    return fault == PortFault::error || fault == PortFault::wrong || fault == PortFault::flapping;
}

}  // namespace

Task<void> Person::look() {
    Instant astray_at{};
    while (true) {
        co_await stage_.clock.sleep_until(stage_.clock.now() + look_every);
        if (is_about_strays(stage_.spoiler.at(Port::approvals)) &&
            stage_.clock.now() >= astray_at) {
            astray_at = stage_.clock.now() + astray_every;
            co_await say_astray();
        }
        for (const heal::IncidentView& view : life_.executor().incidents()) {
            if (view.question && seen_.insert(view.question->id).second) {
                boost::asio::co_spawn(life_.context(), answer(view.incident, *view.question),
                                      boost::asio::detached);
            }
        }
    }
}

Duration Person::thinks_for(const heal::QuestionView& question) const {
    const std::optional<PortFault> fault = stage_.spoiler.at(Port::approvals);
    if (fault == PortFault::late) {
        return question.deadline_at - stage_.clock.now() + 1s;
    }
    if (stage_.spoiler.cell.port == Port::lease) {
        return 18s;  // By then a Lease that is not renewed is lost, and not yet another's.
    }
    return fault == PortFault::slow ? Duration{10s} : Duration{1s};
}

heal::Answer Person::yes_to(const heal::QuestionView& question, std::uint32_t signers_count) const {
    heal::Answer answer{heal::AnswerKind::approved, question.id, "alice", ""};
    if (question.to_sign) {
        const std::array people{heal::anna, heal::bert};
        for (std::uint32_t index = 0; index < signers_count; ++index) {
            answer.signatures.push_back(
                heal::sign_for_test(people.at(index), question.to_sign->text));
        }
    }
    return answer;
}

Task<bool> Person::say(IncidentId incident, heal::Answer answer) {
    const std::string what(homeostat::to_text(answer.kind));
    const Result<void> heard = co_await life_.executor().answer(incident, std::move(answer));
    stage_.say("person: " + what + " to " + incident.text() + ": " +
               (heard ? "heard" : heard.error().text));
    co_return heard.has_value();
}

/// A yes to what was answered before or never asked, and to an incident that there is not.
Task<void> Person::say_astray() {
    for (const std::string incident : {"i-1", "i-99"}) {
        for (const heal::AnswerKind kind : {heal::AnswerKind::approved, heal::AnswerKind::denied}) {
            heal::Answer stray{kind, answered_, "mallory", ""};
            const bool is_heard = co_await say(IncidentId(incident), std::move(stray));
            if (is_heard) {
                stage_.witness.accuse("P11: an answer to nothing that is asked was taken");
            }
        }
    }
}

Task<void> Person::answer(IncidentId incident, heal::QuestionView question) {
    co_await stage_.clock.sleep_until(stage_.clock.now() + thinks_for(question));
    const std::optional<PortFault> fault = stage_.spoiler.at(Port::approvals);
    if (fault == PortFault::stale) {
        stage_.say("somebody deploys v3 before the answer arrives");
        stage_.cluster.deploy("v3");
    }
    if (fault == PortFault::partial) {
        (void)co_await say(incident, yes_to(question, 1));
    }
    while (stage_.spoiler.at(Port::approvals) == PortFault::absent ||
           stage_.spoiler.at(Port::approvals) == PortFault::partial) {
        co_await stage_.clock.sleep_until(stage_.clock.now() + 1s);
    }
    if (fault == PortFault::error || fault == PortFault::wrong) {
        co_await say_astray();
    }
    stage_.witness.see_yes(incident);  // On its way.
    const bool is_heard = co_await say(incident, yes_to(question, 2));
    if (!is_heard) {
        stage_.witness.see_yes_refused(incident);
    }
    answered_ = question.id;
    if (fault == PortFault::flapping) {
        co_await say_astray();
    }
}

}  // namespace homeostat::matrix
