#include "homeostat/adapters/kubernetes/event_writer.hpp"

#include "homeostat/adapters/kubernetes/api_paths.hpp"
#include "homeostat/adapters/kubernetes/micro_time.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::adapters::kubernetes {

namespace {

// SOURCE: the API's validation of events.k8s.io/v1 (note 1,024 bytes, reason and action 128).
constexpr std::size_t note_bytes_max = 1024;
constexpr std::string_view controller = "homeostat.dev/agent";

/// A server that may take it when it is asked again.
bool is_put_off(const ApiReply& reply) {
    return reply.status == 429 || reply.status == 503;
}

}  // namespace

std::string event_body(const ObjectEvent& event, const Options& options, const std::string& uid) {
    json::object metadata;
    metadata["generateName"] = json::value(options.deployment + "-");
    metadata["namespace"] = json::value(options.name_space);
    json::object regarding;
    regarding["apiVersion"] = "apps/v1";
    regarding["kind"] = "Deployment";
    regarding["name"] = json::value(options.deployment);
    regarding["namespace"] = json::value(options.name_space);
    regarding["uid"] = json::value(uid);
    json::object body;
    body["apiVersion"] = "events.k8s.io/v1";
    body["kind"] = "Event";
    body["metadata"] = std::move(metadata);
    body["eventTime"] = json::value(to_micro_time(event.at));
    body["reportingController"] = json::value(std::string(controller));
    body["reportingInstance"] = json::value("homeostat-" + options.service.text());
    body["action"] = json::value(event.action);
    body["reason"] = json::value(event.reason);
    body["regarding"] = std::move(regarding);
    body["note"] = json::value(event.note.substr(0, note_bytes_max));
    body["type"] = event.is_warning ? "Warning" : "Normal";
    return to_text(body);
}

EventWriter::EventWriter(ApiClient& api,
                         ports::Clock& clock,
                         const Options& place,
                         EventWriterOptions options)
    : api_(api), clock_(clock), place_(place), options_(std::move(options)) {}

void EventWriter::tell(ObjectEvent event) {
    if (waiting_.size() == options_.waiting_max) {
        waiting_.pop_front();
    }
    waiting_.push_back(std::move(event));
}

Task<void> EventWriter::run() {
    while (!is_stopping_) {
        std::string uid = waiting_.empty() ? std::string() : options_.uid();
        if (uid.empty()) {
            co_await clock_.sleep_until(clock_.now() + options_.look_every);
        } else {
            co_await write_first(std::move(uid));
        }
    }
}

Task<void> EventWriter::write_first(std::string uid) {
    const ObjectEvent event = waiting_.front();
    waiting_.pop_front();
    for (std::uint32_t attempt = 1; attempt <= options_.attempts_max && !is_stopping_; ++attempt) {
        ApiWrite write{.method = "POST",
                       .path = events_path(place_),
                       .content_type = "application/json",
                       .body = event_body(event, place_, uid)};
        const Result<ApiReply> reply =
            co_await api_.write(std::move(write), clock_.now() + options_.answer_within);
        if (is_settled(reply)) {
            co_return;
        }
        const Duration asked = reply ? reply->retry_after : Duration::zero();
        co_await clock_.sleep_until(clock_.now() +
                                    std::clamp(asked, options_.pause, options_.pause_max));
    }
}

bool EventWriter::is_settled(const Result<ApiReply>& reply) {
    if (!reply) {
        note(reply.error().text);
        return reply.error().fault != Fault::unreachable;
    }
    note(reply->is_ok() ? std::string() : describe(*reply));
    return !is_put_off(*reply);
}

void EventWriter::note(std::string trouble) {
    if (!trouble.empty() && trouble != trouble_) {
        options_.log("an Event on the Deployment was not written: " + trouble);
    }
    trouble_ = std::move(trouble);
}

}  // namespace homeostat::adapters::kubernetes
