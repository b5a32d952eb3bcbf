#include "homeostat/app/mesh_story.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace homeostat::app {

namespace {

constexpr double percent_of_permille = 0.1;

/// "trace" of "00-trace-span-01": all agents of one agreement say the same.
std::string_view trace_in(std::string_view traceparent) {
    constexpr std::size_t begin = 3;
    constexpr std::size_t digits = 32;
    return traceparent.size() < begin + digits ? std::string_view()
                                               : traceparent.substr(begin, digits);
}

std::string terms_of(const PledgeBody& pledge) {
    return fmt::format("{} with at most {} calls/s, for {:.1f} s", plain(pledge.mode),
                       pledge.rps_max, to_seconds(pledge.lasts));
}

std::string seen_in(const PledgeBody& pledge) {
    return fmt::format("{} calls/s, {:.1f} % errors, {} ms longer than usual", pledge.calls_rps,
                       pledge.errors_permille * percent_of_permille, pledge.wait_ms);
}

std::string sentence_of(const PledgeBody& pledge) {
    const std::string other = plain(pledge.neighbour);
    switch (pledge.event) {
        case PledgeEvent::asked:
            return fmt::format("asks {} what would help: {}", other, seen_in(pledge));
        case PledgeEvent::promised:
            return fmt::format("promises {} {}", other, terms_of(pledge));
        case PledgeEvent::leaving:
            return fmt::format("would give {} back to {}: {}", plain(pledge.mode), other,
                               seen_in(pledge));
        case PledgeEvent::ended:
            return fmt::format(
                "the promise to {} is over; {:.1f} % of the calls come back step by "
                "step",
                other, pledge.permille * percent_of_permille);
        case PledgeEvent::helped_self:
            return fmt::format("agrees on nothing with {} and throttles of itself: {}", other,
                               seen_in(pledge));
        case PledgeEvent::returned:
            return fmt::format("all calls to {} as usual: {}", other, seen_in(pledge));
        case PledgeEvent::frozen:
            return "begins nothing new";
        case PledgeEvent::offered:
            return fmt::format("would count on {} of {}, with at most {} calls/s",
                               plain(pledge.mode), other, pledge.rps_max);
        case PledgeEvent::relied_on:
            return fmt::format("counts on {} of {}", terms_of(pledge), other);
        case PledgeEvent::let_go:
            return fmt::format("counts on {} no more", other);
        case PledgeEvent::reported:
            return fmt::format("of {}: users got {} good answers/s at last, {:.1f} % errors", other,
                               pledge.calls_rps, pledge.errors_permille * percent_of_permille);
        case PledgeEvent::waited:
            return fmt::format("waits for {}: it said \"{}\", for {:.1f} s", other,
                               plain(pledge.says), to_seconds(pledge.lasts));
        case PledgeEvent::held_up:
            return fmt::format("is at it, and told {} \"{}\", for {:.1f} s", other,
                               plain(pledge.says), to_seconds(pledge.lasts));
    }
    return {};
}

/// Whose ledger it is from here on.
std::optional<std::string> service_in(const Entry& entry) {
    if (entry.kind != EntryKind::started) {
        return std::nullopt;
    }
    const Result<StartedBody> started = from_json<StartedBody>(entry.body);
    return started ? std::optional(started->service.text()) : std::nullopt;
}

/// None also for one that this program cannot read.
std::optional<PledgeBody> pledge_in(const Entry& entry) {
    if (entry.kind != EntryKind::pledge) {
        return std::nullopt;
    }
    Result<PledgeBody> pledge = from_json<PledgeBody>(entry.body);
    return pledge ? std::optional(*std::move(pledge)) : std::nullopt;
}

}  // namespace

std::vector<MeshMoment> moments_of(const std::vector<EntryGroup>& groups) {
    std::vector<MeshMoment> moments;
    std::string service;
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            service = service_in(entry).value_or(service);
            if (std::optional<PledgeBody> pledge = pledge_in(entry)) {
                moments.push_back({service, to_ns(group.at),
                                   group.wall_at.time_since_epoch().count(), *std::move(pledge)});
            }
        }
    }
    return moments;
}

std::vector<MeshMoment> story_of(std::vector<MeshMoment> moments, const std::string& id) {
    std::set<std::string, std::less<>> traces;
    for (const MeshMoment& moment : moments) {
        const std::string_view trace = trace_in(moment.pledge.traceparent);
        if (moment.pledge.thread == id || trace == id) {
            traces.emplace(trace);
        }
    }
    if (!id.empty()) {
        std::erase_if(moments, [&traces](const MeshMoment& moment) {
            return !traces.contains(trace_in(moment.pledge.traceparent));
        });
    }
    // Of one machine its own clock tells more than the wall's milliseconds.
    std::ranges::sort(moments, {}, [](const MeshMoment& moment) {
        return std::tuple(moment.wall_ms, moment.service, moment.at_ns);
    });
    return moments;
}

std::string to_lines(const std::vector<MeshMoment>& story) {
    constexpr double ms_per_second = 1'000;
    std::string text;
    std::string_view trace;
    std::int64_t begun_ms = 0;
    for (const MeshMoment& moment : story) {
        if (trace != trace_in(moment.pledge.traceparent)) {
            trace = trace_in(moment.pledge.traceparent);
            begun_ms = moment.wall_ms;
            const std::string& route = moment.pledge.route;  // Who only waits means none.
            text += fmt::format("{}{}, trace {}\n", plain(moment.pledge.thread),
                                route.empty() ? "" : " of route " + plain(route), plain(trace));
        }
        text += fmt::format("{:+9.3f} s  {:<16} {}\n",
                            static_cast<double>(moment.wall_ms - begun_ms) / ms_per_second,
                            plain(moment.service), sentence_of(moment.pledge));
    }
    return text;
}

}  // namespace homeostat::app
