#include "api_port.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <utility>

namespace homeostat::matrix {

namespace {

using kubernetes::ApiReply;
using kubernetes::ApiWrite;
using namespace std::chrono_literals;

constexpr Duration way_takes = 2ms;
constexpr Duration slow_by = 200ms;
constexpr Duration late_by = 500ms;

std::unexpected<Error> nobody() {
    return fail(Fault::unreachable, "connection refused");
}

/// What a kubelet that has lost its network leaves of a pod.
void say_unready(ApiReply& reply) {
    json::value* items = reply.body.as_object().if_contains("items");
    for (json::value& pod : items->as_array()) {
        json::value* conditions = pod.at("status").as_object().if_contains("conditions");
        if (conditions != nullptr) {
            conditions->as_array().at(0).as_object()["status"] = "False";
        }
    }
}

void halve(ApiReply& reply) {
    if (json::value* items = reply.body.as_object().if_contains("items")) {
        items->as_array().resize(items->as_array().size() / 2);
    }
}

}  // namespace

ApiReply refusal(int status) {
    ApiReply reply = kubernetes::status_reply(status, "Reason", "the words of the server");
    reply.retry_after = status == 429 || status == 503 ? Duration{2s} : Duration{};
    return reply;
}

ApiReply ApiPort::say_no(int status) {
    ApiReply reply = refusal(status);
    patient_until_ = std::max(patient_until_, clock_.now() + reply.retry_after);
    return reply;
}

Task<Result<ApiReply>> ApiPort::get(std::string path, Instant deadline) {
    co_await clock_.sleep_until(clock_.now() + way_takes);
    constexpr std::array noes{500, 429, 503};
    const std::optional<PortFault> fault = spoiler_.at(Port::api_server);
    const bool is_away =
        fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0);
    if (is_away) {
        co_return nobody();
    }
    if (fault == PortFault::error) {
        co_return say_no(noes.at(spoiler_.turn(noes.size())));
    }
    if (fault == PortFault::slow) {
        co_await clock_.sleep_until(clock_.now() + slow_by);
    }
    Result<ApiReply> reply = co_await cluster_.api.get(path, deadline);
    if (!fault) {
        last_[path] = *reply;
    } else if (fault == PortFault::stale) {
        reply = last_.try_emplace(path, *reply).first->second;
    } else if (fault == PortFault::partial) {
        halve(*reply);
    } else if (fault == PortFault::wrong && path.starts_with(Cluster::pods)) {
        say_unready(*reply);
    } else if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return reply;
}

Task<Result<ApiReply>> ApiPort::carry_out(ApiWrite write, Instant deadline) {
    (void)cluster_.counters();  // What was until now.
    Result<ApiReply> reply = co_await cluster_.api.write(write, deadline);
    if (!write.is_dry_run && reply && reply->is_ok()) {
        cluster_.note_change();
        on_effect(write);
    }
    co_return reply;
}

Task<Result<ApiReply>> ApiPort::write(ApiWrite write, Instant deadline) {
    co_await clock_.sleep_until(clock_.now() + way_takes);
    constexpr std::array noes{409, 422, 429, 500, 504};
    if (!write.is_dry_run) {
        on_sent(write);
    }
    if (clock_.now() < patient_until_) {
        on_impatience();
    }
    const std::optional<PortFault> fault = spoiler_.at(Port::api_server);
    const bool is_away =
        fault == PortFault::absent || (fault == PortFault::flapping && spoiler_.turn(2) == 0);
    if (is_away) {
        co_return nobody();
    }
    const int no = fault == PortFault::error ? noes.at(spoiler_.turn(noes.size())) : 0;
    if (no != 0 && no != 504) {
        co_return say_no(no);
    }
    if (fault == PortFault::wrong) {
        std::string path = write.path.substr(0, write.path.find('?'));
        Result<ApiReply> unchanged = co_await cluster_.api.get(std::move(path), deadline);
        co_return unchanged;
    }
    if (fault == PortFault::slow) {
        co_await clock_.sleep_until(clock_.now() + slow_by);
    }
    Result<ApiReply> reply = co_await carry_out(std::move(write), deadline);
    if (no == 504) {
        co_return refusal(no);  // Whoever stands before the server gave it up; it did not.
    }
    if (fault == PortFault::partial) {
        reply->body.as_object().erase("spec");
    } else if (fault == PortFault::late) {
        co_await clock_.sleep_until(deadline + late_by);
    }
    co_return reply;
}

}  // namespace homeostat::matrix
