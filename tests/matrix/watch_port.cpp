#include "watch_port.hpp"

#include "homeostat/adapters/kubernetes/json_for_test.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace homeostat::matrix {

namespace {

using kubernetes::ApiReply;
using kubernetes::at;
using kubernetes::WatchOpened;
using namespace std::chrono_literals;

constexpr Duration way_takes = 2ms;
constexpr Duration look_every = 50ms;
constexpr Duration bookmark_every = 10s;
constexpr Duration slow_by = 3s;
constexpr Duration late_by = 500ms;
constexpr Duration lives_for = 1s;  ///< A stream that somebody ends.

std::string collection_of(const std::string& path) {
    return path.substr(0, path.find('?'));
}

std::uint64_t version_in(const std::string& path) {
    const std::size_t found = path.find("&resourceVersion=");
    return std::stoull(path.substr(found + 17));
}

std::string line_of(std::string_view type, json::value object) {
    json::object line;
    line["type"] = json::value(std::string(type));
    line["object"] = std::move(object);
    return homeostat::to_text(json::value(std::move(line)));
}

/// Of a version that is forgotten.
std::string gone() {
    return line_of("ERROR", kubernetes::status_reply(410, "Expired", "too old").body);
}

/// One stream. What it says while the fault is on is the fault's.
class PortLines final : public kubernetes::EventLines {
  public:
    struct From {
        std::string collection;
        std::uint64_t version{0};
    };

    PortLines(Cluster& cluster, CellClock& clock, Spoiler& spoiler, From from)
        : cluster_(cluster),
          clock_(clock),
          spoiler_(spoiler),
          from_(std::move(from)),
          opened_at_(clock.now()),
          said_at_(clock.now()) {}

    Task<Result<std::optional<std::string>>> next(Instant deadline) override {
        while (!is_closed_ && clock_.now() < deadline) {
            const std::optional<PortFault> fault = spoiler_.at(Port::watch);
            if (is_cut_by(fault)) {
                co_return fail(Fault::broken, "the connection ended");
            }
            std::optional<std::string> line = line_by(fault);
            if (line) {
                said_at_ = clock_.now();
                co_return line;
            }
            co_await clock_.sleep_until(std::min(deadline, clock_.now() + look_every));
        }
        co_return fail(Fault::late, "no whole line before the deadline");
    }
    void close() override { is_closed_ = true; }

  private:
    [[nodiscard]] bool is_cut_by(std::optional<PortFault> fault) const {
        const bool is_old = clock_.now() - opened_at_ >= lives_for;
        return fault == PortFault::absent || fault == PortFault::late ||
               (fault == PortFault::flapping && is_old);
    }

    [[nodiscard]] std::optional<std::string> line_by(std::optional<PortFault> fault) {
        const bool is_old = clock_.now() - opened_at_ >= lives_for;
        if ((fault == PortFault::error && is_old) ||
            (has_left_out_ && fault != PortFault::partial)) {
            return gone();
        }
        std::optional<std::string> event = event_by(fault);
        const bool is_lying = fault == PortFault::wrong;
        if (!event && is_lying != has_lied_ && from_.collection == Cluster::pods) {
            has_lied_ = is_lying;
            event = word_on_a_pod(is_lying);
        }
        if (!event && clock_.now() - said_at_ >= bookmark_every) {
            json::value mark;
            at(mark, {"metadata", "resourceVersion"}) = std::to_string(from_.version);
            event = line_of("BOOKMARK", std::move(mark));
        }
        return event;
    }

    /// That the first pod is not ready, or how it really is.
    [[nodiscard]] std::string word_on_a_pod(bool is_lie) {
        json::value pod = cluster_.with_new_version(*cluster_.api.all(from_.collection).front());
        if (is_lie) {
            at(pod, {"status", "conditions"}).as_array().at(0).as_object()["status"] = "False";
        }
        from_.version = cluster_.version();
        return line_of("MODIFIED", std::move(pod));
    }

    [[nodiscard]] std::optional<std::string> event_by(std::optional<PortFault> fault) {
        while (cursor_ < cluster_.told().size()) {
            const Cluster::Told& told = cluster_.told()[cursor_];
            const bool is_held_back =
                fault == PortFault::stale ||
                (fault == PortFault::slow && clock_.now() < told.at + slow_by);
            if (is_held_back) {
                return std::nullopt;
            }
            cursor_ += 1;
            if (told.collection != from_.collection || told.version <= from_.version) {
                continue;
            }
            if (fault == PortFault::partial && spoiler_.turn(2) == 0) {
                has_left_out_ = true;
                continue;
            }
            from_.version = told.version;
            return line_of(told.type, told.object);
        }
        return std::nullopt;
    }

    Cluster& cluster_;
    CellClock& clock_;
    Spoiler& spoiler_;
    From from_;
    Instant opened_at_;
    Instant said_at_;
    std::size_t cursor_{0};
    bool has_lied_{false};
    bool has_left_out_{false};
    bool is_closed_{false};
};

}  // namespace

Task<bool> WatchPort::arrive(Instant deadline) {
    const std::optional<PortFault> fault = spoiler_.at(Port::watch);
    const Duration takes = fault == PortFault::slow ? Duration{1s} : way_takes;
    const Instant at = fault == PortFault::late ? deadline + late_by : clock_.now() + takes;
    co_await clock_.sleep_until(at);
    co_return fault != PortFault::absent;
}

Task<Result<ApiReply>> WatchPort::get(std::string path, Instant deadline) {
    const bool is_there = co_await arrive(deadline);
    if (!is_there) {
        co_return fail(Fault::unreachable, "connection refused");
    }
    std::string all = collection_of(path) + "?labelSelector=app%3Dpay";
    Result<ApiReply> reply = co_await cluster_.api.get(std::move(all), deadline);
    at(reply->body, {"kind"}) = "List";
    co_return reply;
}

Task<Result<ApiReply>> WatchPort::write(kubernetes::ApiWrite /*write*/, Instant /*deadline*/) {
    co_return fail(Fault::refused, "a watch writes nothing");
}

Task<Result<WatchOpened>> WatchPort::watch(std::string path, Instant deadline) {
    const bool is_there = co_await arrive(deadline);
    if (!is_there) {
        co_return fail(Fault::unreachable, "connection refused");
    }
    WatchOpened opened;
    opened.reply.status = 200;
    opened.lines = std::make_unique<PortLines>(
        cluster_, clock_, spoiler_, PortLines::From{collection_of(path), version_in(path)});
    co_return opened;
}

}  // namespace homeostat::matrix
