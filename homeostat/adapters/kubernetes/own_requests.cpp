#include "homeostat/adapters/kubernetes/own_requests.hpp"

#include "homeostat/net/connection_refused.hpp"

#include <algorithm>
#include <chrono>

namespace homeostat::adapters::kubernetes {

namespace {

// As HttpProbe: a timer this much too late says that we were not running.
constexpr Duration own_delay_max = std::chrono::milliseconds{250};

}  // namespace

std::optional<OwnRequest> own_request_of(const Result<net::HttpResponse>& response,
                                         Duration latency,
                                         Duration timeout) {
    if (response) {
        return OwnRequest{OwnRequest::End::answered, response->status, latency};
    }
    const Fault fault = response.error().fault;
    const bool were_held_up = fault == Fault::late && latency > timeout + own_delay_max;
    if (fault == Fault::full || fault == Fault::invalid || were_held_up) {
        return std::nullopt;
    }
    const bool is_refused = net::is_connection_refused(response.error());
    return OwnRequest{is_refused ? OwnRequest::End::refused : OwnRequest::End::nothing};
}

bool OwnRequests::note(const OwnRequest& request, Readiness readiness) {
    using enum OwnRequest::End;
    constexpr int server_errors_from = 500;
    const bool is_unclear = request.end == nothing && readiness != Readiness::none_ready;
    if (is_unclear || readiness == Readiness::none_wanted) {
        return false;
    }
    const bool is_good = request.end == answered && request.status < server_errors_from;
    counters_.requests_total += 1;
    counters_.errors_total += is_good ? 0 : 1;
    if (request.end == answered) {
        answers_count_ += 1;
        const auto weight = static_cast<double>(std::min(answers_count_, answers_max));
        counters_.latency_ms += (to_ms(request.latency) - counters_.latency_ms) / weight;
    }
    return true;
}

}  // namespace homeostat::adapters::kubernetes
