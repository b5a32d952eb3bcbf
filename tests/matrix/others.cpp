#include "others.hpp"

#include "homeostat/base/json.hpp"

#include "api_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

namespace homeostat::matrix {

namespace {

using adapters::kubernetes::ApiReply;
using adapters::kubernetes::ApiWrite;
using namespace std::chrono_literals;

constexpr Duration way_takes = 2ms;
constexpr Duration late_by = 500ms;
constexpr Duration lease_lasts_for = 30s;  ///< As LeaseLimits has it.

std::unexpected<Error> nobody() {
    return fail(Fault::unreachable, "connection refused");
}

json::value parsed(const std::string& text) {
    return parse_json(text).value();
}

}  // namespace

// --- The Lease -----------------------------------------------------------------------------------

ApiReply LeasePort::object() const {
    if (version_ == 0) {
        return refusal(404);
    }
    return {.status = 200,
            .body = parsed(fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"spec":)"
                                       R"({{"holderIdentity":"{}","leaseTransitions":0}}}})",
                                       version_, holder_))};
}

bool LeasePort::is_ours_to_act() const {
    constexpr Duration act_for = 21s;  // As LeaseLimits has it, and an effect takes a while, too.
    return holder_ == "ours" && clock_.now() - renewed_at_ <= act_for;
}

void LeasePort::pass() {
    const bool is_on = spoiler_.at(Port::lease).has_value();
    const bool has_run_out = clock_.now() - renewed_at_ >= lease_lasts_for;
    const bool takes = is_on && version_ > 0 && holder_ != "another" && has_run_out;
    const bool gives_back = !is_on && holder_ == "another";
    if (takes || gives_back) {
        holder_ = takes ? "another" : "";
        version_ += 1;
    }
}

/// What comes instead of what the server would say; nothing: it says it.
Task<std::optional<ApiReply>> LeasePort::meet(bool is_write) {
    constexpr std::array noes{409, 500, 429};
    const std::optional<PortFault> fault = spoiler_.at(Port::lease);
    const Duration takes = fault == PortFault::slow ? Duration{3s} : way_takes;
    co_await clock_.sleep_until(clock_.now() + takes);
    old_ = fault ? old_ : std::nullopt;
    if (fault && !old_) {
        old_ = object();
    }
    std::optional<ApiReply> instead;
    if (fault == PortFault::error) {
        instead = refusal(noes.at(spoiler_.turn(noes.size())));
    } else if (fault == PortFault::stale && !is_write) {
        instead = old_;
    }
    co_return instead;
}

void LeasePort::spoil(ApiReply& reply) const {
    const std::optional<PortFault> fault = spoiler_.at(Port::lease);
    if (!reply.is_ok()) {
        return;
    }
    if (fault == PortFault::wrong) {
        reply.body.at("spec").as_object()["holderIdentity"] = "somebody";
    } else if (fault == PortFault::partial) {
        reply.body.as_object().erase("metadata");
    } else if (fault == PortFault::stale) {
        reply = *old_;
    }
}

Task<Result<ApiReply>> LeasePort::get(std::string /*path*/, Instant deadline) {
    std::optional<ApiReply> reply = co_await meet(false);
    const std::optional<PortFault> fault = spoiler_.at(Port::lease);
    if (fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0)) {
        co_return nobody();
    }
    if (!reply) {
        reply = object();
        spoil(*reply);
    }
    if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return *std::move(reply);
}

ApiReply LeasePort::take(const ApiWrite& write) {
    const json::value body = parsed(write.body);
    const json::object& metadata = body.at("metadata").as_object();
    const json::value* expected = metadata.if_contains("resourceVersion");
    const std::string text = expected == nullptr ? "0" : std::string(expected->as_string());
    if (text != std::to_string(version_)) {
        return refusal(409);
    }
    holder_ = std::string(body.at("spec").at("holderIdentity").as_string());
    version_ += 1;
    renewed_at_ = clock_.now();
    return object();
}

Task<Result<ApiReply>> LeasePort::write(ApiWrite write, Instant deadline) {
    std::optional<ApiReply> reply = co_await meet(true);
    const std::optional<PortFault> fault = spoiler_.at(Port::lease);
    if (fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0)) {
        co_return nobody();
    }
    if (!reply) {
        reply = take(write);
        spoil(*reply);
    }
    if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return *std::move(reply);
}

// --- The sink ------------------------------------------------------------------------------------

void SinkPort::pass() {
    const std::optional<PortFault> fault = spoiler_.at(Port::sinks);
    old_count_ = fault ? std::optional(old_count_.value_or(held_count_)) : std::nullopt;
    if (fault == PortFault::absent || fault == PortFault::error || fault == PortFault::wrong) {
        return;  // Nothing reaches them.
    }
    const Duration behind = fault == PortFault::slow   ? Duration{1500ms}
                            : fault == PortFault::late ? Duration{4s}
                                                       : Duration{50ms};
    const std::size_t left_out = fault == PortFault::partial ? 1 : 0;
    while (held_count_ + left_out < taken_.size() &&
           taken_[held_count_].at + behind <= clock_.now()) {
        held_count_ += 1;
    }
}

Result<ports::HeldOutside> SinkPort::last_word(const std::string& /*from*/) const {
    const std::optional<PortFault> fault = spoiler_.at(Port::sinks);
    if (fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0)) {
        return nobody();
    }
    if (fault == PortFault::error) {
        return fail(Fault::broken, "what they say is no JSON");
    }
    if (fault == PortFault::wrong && !taken_.empty()) {
        return ports::HeldOutside{taken_.back().position.index, std::string(64, '0'), {}};
    }
    const std::size_t count =
        fault == PortFault::stale ? old_count_.value_or(held_count_) : held_count_;
    if (count == 0) {
        return fail(Fault::absent, "it has confirmed nothing yet");
    }
    const ports::Position& last = taken_[count - 1].position;
    return ports::HeldOutside{last.index, last.hash, {}};
}

// --- The budget ----------------------------------------------------------------------------------

std::size_t BudgetPort::in_hand() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        places_, [&](const auto& one) { return one.second.ends_at > clock_.now(); }));
}

bool BudgetPort::is_in_hand(const EffectId& place) const {
    const auto found = places_.find(place.text());
    return found != places_.end() && found->second.ends_at > clock_.now();
}

FleetWord BudgetPort::grant(const FleetAsk& ask) {
    const Instant now = clock_.now();
    const auto begun = std::ranges::count_if(places_, [&](const auto& one) {
        return one.second.began_at > now - ask.limits.window && one.first != ask.place.text();
    });
    const bool has_room = (is_in_hand(ask.place) || in_hand() < ask.limits.at_once_max) &&
                          static_cast<std::size_t>(begun) < ask.limits.remedies_max;
    if (!has_room) {
        return {.place = ask.place, .says = FleetSays::full, .because = "no more may be"};
    }
    places_[ask.place.text()] = {now, now + ask.holds_for, ++tickets_count_};
    in_hand_max_ = std::max(in_hand_max_, in_hand());
    return {.place = ask.place, .says = FleetSays::granted, .ticket = tickets_count_};
}

Task<Result<FleetWord>> BudgetPort::take(FleetAsk ask, Instant deadline) {
    const std::optional<PortFault> fault = spoiler_.at(Port::budget_store);
    const Duration takes = fault == PortFault::slow ? Duration{1s} : way_takes;
    co_await clock_.sleep_until(clock_.now() + takes);
    if (fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0)) {
        co_return nobody();
    }
    if (fault == PortFault::error) {
        co_return fail(Fault::broken, "the store says no");
    }
    if (fault == PortFault::wrong) {
        co_return FleetWord{.place = EffectId("i-99.e1"), .says = FleetSays::granted, .ticket = 1};
    }
    if (fault == PortFault::stale) {
        co_return FleetWord{
            .place = ask.place, .says = FleetSays::full, .because = "as it was before"};
    }
    FleetWord word = grant(ask);
    if (fault == PortFault::partial) {
        word.ticket = 0;
    } else if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return word;
}

Task<Result<void>> BudgetPort::give_back(FleetWord granted, bool was_used, Instant deadline) {
    const std::optional<PortFault> fault = spoiler_.at(Port::budget_store);
    co_await clock_.sleep_until(clock_.now() + way_takes);
    if (fault == PortFault::absent || fault == PortFault::error) {
        co_return nobody();
    }
    const auto found = places_.find(granted.place.text());
    if (found != places_.end() && found->second.ticket == granted.ticket) {
        if (was_used) {
            found->second.ends_at = clock_.now();
        } else {
            places_.erase(found);
        }
    }
    if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return Result<void>{};
}

}  // namespace homeostat::matrix
