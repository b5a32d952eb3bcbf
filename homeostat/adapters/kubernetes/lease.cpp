#include "homeostat/adapters/kubernetes/lease.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/micro_time.hpp"
#include "homeostat/adapters/kubernetes/object_fields.hpp"
#include "homeostat/base/plain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

constexpr int not_found = 404;
constexpr int conflict = 409;

}  // namespace

Duration effect_for_max(const LeaseLimits& limits) {
    return limits.lasts_for - limits.act_for;
}

LeaseStep LeaseTerms::next(const std::optional<LeaseView>& seen, Instant now) {
    if (!seen) {
        return LeaseStep::create;
    }
    if (seen->resource_version != version_seen_) {
        version_seen_ = seen->resource_version;
        seen_since_ = now;
    }
    if (seen->holder == identity_) {
        return LeaseStep::renew;
    }
    lose();
    const bool is_over = now - seen_since_ >= limits_.lasts_for;
    return seen->holder.empty() || is_over ? LeaseStep::take : LeaseStep::wait;
}

Result<LeaseView> parse_lease(const json::value& object) {
    constexpr std::uint64_t transitions_max = 1'000'000'000;
    constexpr std::size_t name_bytes_max = 256;
    std::optional<Error> error;
    const ObjectFields lease(object, "lease", error);
    const ObjectFields spec = lease.object("spec");
    LeaseView view;
    view.holder = spec.text("holderIdentity", name_bytes_max);
    view.resource_version = lease.object("metadata").text("resourceVersion", name_bytes_max);
    view.transitions = static_cast<std::int64_t>(spec.number("leaseTransitions", transitions_max));
    if (!error && view.resource_version.empty()) {
        error = Error{Fault::invalid, "lease.metadata.resourceVersion: needed"};
    }
    return error ? Result<LeaseView>(std::unexpected(*error)) : view;
}

Lease::Lease(ApiClient& api, ports::Clock& clock, const Options& place, LeaseSettings settings)
    : api_(api),
      clock_(clock),
      place_(place),
      settings_(std::move(settings)),
      terms_(settings_.identity, settings_.limits) {}

Task<void> Lease::run() {
    while (!is_stopping_) {
        const Result<void> looked = co_await look();
        trouble_ = looked ? std::string() : looked.error().text;
        tell();
        const Instant next = clock_.now() + pause();
        while (!is_stopping_ && clock_.now() < next) {
            // Whoever stops us waits no longer than this, and the end of `act_for` is told in time.
            constexpr Duration nap = std::chrono::milliseconds{100};
            co_await clock_.sleep_until(std::min(next, clock_.now() + nap));
            tell();
        }
    }
    co_await give_back();
}

/// A holder whose last request did not say that it still is one asks again while that is so.
Duration Lease::pause() const {
    if (!terms_.is_held(clock_.now())) {
        return settings_.limits.look_every;
    }
    return is_seen_ ? settings_.limits.renew_every : settings_.limits.retry_every;
}

/// What the server holds is asked for only where we do not know it: a holder's renewal is one
/// request.
Task<Result<void>> Lease::look() {
    if (!is_seen_ || !terms_.is_held(clock_.now())) {
        std::string path = lease_path(place_);
        const Result<ApiReply> reply =
            co_await api_.get(std::move(path), clock_.now() + settings_.limits.answer_within);
        if (!reply) {
            co_return std::unexpected(reply.error());
        }
        if (const Result<void> taken = take(*reply); !taken) {
            co_return taken;
        }
    }
    const LeaseStep step = terms_.next(seen_, clock_.now());
    if (step == LeaseStep::wait) {
        co_return Result<void>{};
    }
    co_return co_await write(step);
}

Result<void> Lease::take(const ApiReply& reply) {
    is_seen_ = false;
    if (reply.status == not_found) {
        seen_.reset();
        is_seen_ = true;
        return {};
    }
    if (!reply.is_ok()) {
        return fail(Fault::refused, describe(reply));
    }
    Result<LeaseView> view = parse_lease(reply.body);
    if (!view) {
        return std::unexpected(view.error());
    }
    seen_ = *std::move(view);
    is_seen_ = true;
    return {};
}

Task<Result<void>> Lease::write(LeaseStep step) {
    const Instant asked_at = clock_.now();
    is_seen_ = false;  // Until the reply says what there is now.
    const Result<ApiReply> reply =
        co_await api_.write(write_of(step), asked_at + settings_.limits.answer_within);
    if (!reply) {
        co_return std::unexpected(reply.error());
    }
    if (reply->status == conflict) {
        // Somebody was faster: what they wrote is looked at next.
        co_return Result<void>{};
    }
    Result<void> taken = take(*reply);
    if (taken && seen_ && seen_->holder == settings_.identity) {
        terms_.grant(asked_at);
    }
    co_return taken;
}

Task<void> Lease::give_back() {
    if (!terms_.is_held(clock_.now()) || !seen_) {
        co_return;
    }
    terms_.lose();  // Before it is said: nothing of ours begins any more.
    json::object metadata;
    metadata["resourceVersion"] = json::value(seen_->resource_version);
    json::object body;
    body["metadata"] = std::move(metadata);
    json::object spec;
    spec["holderIdentity"] = "";
    body["spec"] = std::move(spec);
    ApiWrite write{.method = "PATCH",
                   .path = lease_path(place_),
                   .content_type = "application/merge-patch+json",
                   .body = to_text(body)};
    (void)co_await api_.write(std::move(write), clock_.now() + settings_.limits.answer_within);
}

json::object Lease::spec_of(LeaseStep step) const {
    const std::string now = to_micro_time(clock_.wall_now());
    json::object spec;
    spec["holderIdentity"] = json::value(settings_.identity);
    spec["leaseDurationSeconds"] =
        std::chrono::duration_cast<std::chrono::seconds>(settings_.limits.lasts_for).count();
    spec["renewTime"] = json::value(now);
    if (step != LeaseStep::renew) {
        spec["acquireTime"] = json::value(now);
        spec["leaseTransitions"] = seen_ ? seen_->transitions + 1 : std::int64_t{0};
    }
    return spec;
}

ApiWrite Lease::write_of(LeaseStep step) const {
    json::object metadata;
    json::object body;
    if (step == LeaseStep::create) {
        metadata["name"] = json::value(place_.lease);
        body["apiVersion"] = "coordination.k8s.io/v1";
        body["kind"] = "Lease";
    } else {
        metadata["resourceVersion"] = json::value(seen_->resource_version);
    }
    body["metadata"] = std::move(metadata);
    body["spec"] = spec_of(step);
    const bool is_new = step == LeaseStep::create;
    return {.method = is_new ? "POST" : "PATCH",
            .path = is_new ? leases_path(place_) : lease_path(place_),
            .content_type = is_new ? "application/json" : "application/merge-patch+json",
            .body = to_text(body)};
}

std::string Lease::reason() const {
    if (terms_.is_held(clock_.now())) {
        return {};
    }
    const std::string name = fmt::format("Lease {}/{}", place_.name_space, place_.lease);
    if (!trouble_.empty()) {
        return name + ": " + trouble_;
    }
    if (!is_seen_ || !seen_) {
        return name + " is not ours yet";
    }
    return seen_->holder.empty() || seen_->holder == settings_.identity
               ? name + " is not ours yet"
               : fmt::format("{} is held by {}", name, plain(seen_->holder));
}

void Lease::tell() {
    std::string now = reason();
    now = now.empty() ? "we hold the Lease: what is permitted is done" : "standing by: " + now;
    if (now != told_) {
        settings_.log(now);
        told_ = std::move(now);
    }
}

Result<void> Lease::engage() {
    return fail(Fault::refused, "a Lease is settled among agents; `homeostat suspend` stops one");
}

}  // namespace homeostat::adapters::kubernetes
