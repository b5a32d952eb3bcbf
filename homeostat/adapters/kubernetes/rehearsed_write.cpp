#include "homeostat/adapters/kubernetes/rehearsed_write.hpp"

#include "homeostat/adapters/kubernetes/write_outcome.hpp"

#include <optional>
#include <utility>

namespace homeostat::adapters::kubernetes {

Task<Outcome> write_rehearsed(ApiClient& api,
                              const ports::Clock& clock,
                              RehearsedWrite wanted,
                              Instant deadline,
                              std::function<void(Phase)> reach) {
    wanted.write.is_dry_run = true;
    const Result<ApiReply> rehearsal = co_await api.write(wanted.write, deadline);
    if (std::optional<Outcome> failure = failure_of(rehearsal)) {
        co_return refused("tried without effect: " + failure->because);
    }
    if (!wanted.is_as_wanted(*rehearsal)) {
        co_return refused("tried without effect: the cluster would make " + wanted.other +
                          " of it");
    }
    reach(Phase::rehearsed);
    if (clock.now() >= deadline) {
        co_return refused("the deadline had passed before anything was done");
    }
    wanted.write.is_dry_run = false;
    const Result<ApiReply> reply = co_await api.write(std::move(wanted.write), deadline);
    if (std::optional<Outcome> failure = failure_of(reply)) {
        co_return *std::move(failure);
    }
    reach(Phase::sent);
    if (!wanted.is_as_wanted(*reply)) {
        co_return unknown("the server took it, and its answer shows " + wanted.other);
    }
    co_return Outcome{OutcomeKind::done, std::move(wanted.done)};
}

}  // namespace homeostat::adapters::kubernetes
