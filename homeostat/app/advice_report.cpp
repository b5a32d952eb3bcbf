#include "homeostat/app/advice_report.hpp"

#include "homeostat/app/config_patch.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/timestamp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

using advise::Advice;
using advise::Recurrence;

/// Nothing where it has to be done by hand.
std::optional<std::string> patch_of(const Advice& advice, const AdviceReport& report) {
    const std::string name = report.config.file.filename().string();
    const bool is_plain = plain(name) == name && !name.contains('"') && !name.contains('\\');
    if (!advice.setting || !is_plain) {
        return std::nullopt;
    }
    const std::string text(report.config_text);
    const Result<std::string> patched =
        with_setting(text, report.config.file, advice.setting->path, advice.setting->value);
    return patched ? std::optional(unified_diff(name, text, *patched)) : std::nullopt;
}

/// Null: it was not tried.
const advise::BeforeAfter* tried_of(const Advice& advice, const AdviceReport& report) {
    const auto index = static_cast<std::size_t>(&advice - report.findings.advice.data());
    return index < report.tried.size() ? &report.tried[index] : nullptr;
}

json::object to_document(const Recurrence& recurrence) {
    json::array incidents;
    for (const advise::PastIncident& incident : recurrence.incidents) {
        incidents.emplace_back(incident.incident.text());
    }
    json::object document;
    document["cause"] = json::value(std::string(to_text(recurrence.cause)));
    document["target"] = json::value(recurrence.target);
    document["times"] = static_cast<std::uint64_t>(recurrence.incidents.size());
    document["first_at"] = json::value(to_timestamp(recurrence.incidents.front().opened_at));
    document["last_at"] = json::value(to_timestamp(recurrence.incidents.back().opened_at));
    document["incidents"] = std::move(incidents);
    return document;
}

json::object to_document(const Advice& advice, const AdviceReport& report) {
    json::object document;
    document["advice"] = json::value(std::string(to_text(advice.kind)));
    for (const auto& member : to_document(advice.ground)) {
        document[member.key()] = member.value();
    }
    document["because"] = json::value(advice.because);
    if (advice.setting) {
        document["setting"] = to_json(*advice.setting);
    }
    if (const std::optional<std::string> patch = patch_of(advice, report)) {
        document["patch"] = json::value(*patch);
    }
    if (advice.snippet) {
        document["snippet"] = to_json(*advice.snippet);
    }
    if (const advise::BeforeAfter* tried = tried_of(advice, report)) {
        document["simulated"] = to_json(*tried);
    }
    return document;
}

std::string times_words(std::size_t times) {
    return times == 2 ? std::string("twice") : fmt::format("{} times", times);
}

/// "memory_leak of payments came 3 times, 2026-11-01T… to 2026-11-09T…: i-3, i-7, i-9"
std::string sentence_of(const Recurrence& recurrence) {
    constexpr std::size_t ids_max = 12;
    std::string ids;
    for (const advise::PastIncident& incident : recurrence.incidents) {
        if (&incident - recurrence.incidents.data() == ids_max) {
            ids += fmt::format(" and {} more", recurrence.incidents.size() - ids_max);
            break;
        }
        ids += (ids.empty() ? "" : ", ") + plain(incident.incident.text());
    }
    return fmt::format("{}{} came {}, {} to {}: {}", to_text(recurrence.cause),
                       recurrence.target.empty() ? std::string() : " of " + recurrence.target,
                       times_words(recurrence.incidents.size()),
                       to_timestamp(recurrence.incidents.front().opened_at),
                       to_timestamp(recurrence.incidents.back().opened_at), ids);
}

std::string indented(std::string_view text, std::string_view by = "    ") {
    std::string lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size() - 1) + 1;
        lines += by;
        lines += text.substr(0, end);
        text.remove_prefix(end);
    }
    return lines;
}

std::string to_lines(const Advice& advice, const AdviceReport& report) {
    std::string text = fmt::format("{}: {}\n  {}.\n", to_text(advice.kind),
                                   sentence_of(advice.ground), advice.because);
    const std::optional<std::string> patch = patch_of(advice, report);
    if (patch) {
        text += fmt::format("  A patch of {}, for `patch -p0` where it lies:\n{}",
                            plain(report.config.file.string()), *patch);
    } else if (advice.setting) {
        text += fmt::format(
            "  By hand, in {}: {}: {}\n  No patch of that line alone gives a right configuration "
            "here; `homeostat validate` says what belongs with it.\n",
            plain(report.config.file.string()), advice.setting->path, advice.setting->value);
    }
    if (advice.snippet) {
        text += fmt::format("  {} {}:\n{}", advice.setting ? "And in" : "In", advice.snippet->place,
                            indented(advice.snippet->text));
    }
    if (const advise::BeforeAfter* tried = tried_of(advice, report)) {
        text += indented(advise::to_lines(*tried), "  ");
    }
    return text + "\n";
}

std::string_view words_of(advise::Silence why) {
    switch (why) {
        case advise::Silence::no_target:
            return "the configuration has no such neighbour or cache";
        case advise::Silence::no_rule:
            return "no change of structure that we know of is against it";
        case advise::Silence::no_ground:
            break;
    }
    return "what there is against it is set already, or these incidents do not speak for it";
}

std::string summary_of(const AdviceReport& report) {
    const advise::Findings& findings = report.findings;
    std::string text =
        fmt::format("{} closed incidents of {}{} were looked at", findings.incidents_count,
                    report.config.service.text(),
                    report.since ? " since " + to_timestamp(*report.since) : std::string());
    if (findings.unexplained_count > 0) {
        text += fmt::format("; {} have no cause that was believed in", findings.unexplained_count);
    }
    if (findings.strange_count > 0) {
        text += fmt::format("; {} of other services were not", findings.strange_count);
    }
    return text;
}

}  // namespace

advise::Settings advise_settings(const Config& config) {
    advise::Settings settings;
    settings.service = config.service;
    settings.instances = static_cast<std::uint32_t>(config.process.ports.size());
    settings.spares = config.process.spares;
    settings.min_healthy = config.guard.min_healthy;
    settings.has_probe = config.http_signal.has_value();
    settings.backend = config.haproxy ? config.haproxy->backend : std::string();
    settings.cluster = config.envoy ? config.envoy->cluster : std::string();
    settings.latency_p99_goal = config.latency_p99_goal;
    settings.hold_for = config.hold_for;
    // What is advised about neighbours is written for haproxy.cfg.
    if (!config.envoy) {
        for (const NeighbourConfig& neighbour : config.neighbours) {
            settings.neighbours.push_back(
                {neighbour.service, neighbour.backend, neighbour.circuit});
        }
    }
    for (const CacheConfig& cache : config.caches) {
        settings.caches.push_back({cache.name, cache.redis.key, cache.max_age});
    }
    return settings;
}

json::object to_document(const AdviceReport& report) {
    json::object document;
    document["service"] = json::value(report.config.service.text());
    if (report.since) {
        document["since"] = json::value(to_timestamp(*report.since));
    }
    document["times_min"] = static_cast<std::uint64_t>(report.times_min);
    document["incidents_count"] = static_cast<std::uint64_t>(report.findings.incidents_count);
    document["unexplained_count"] = static_cast<std::uint64_t>(report.findings.unexplained_count);
    document["strange_count"] = static_cast<std::uint64_t>(report.findings.strange_count);
    json::array advice;
    for (const Advice& each : report.findings.advice) {
        advice.emplace_back(to_document(each, report));
    }
    json::array silent;
    for (const advise::SilentCause& each : report.findings.silent) {
        json::object cause = to_document(each.ground);
        cause["why"] = json::value(std::string(to_text(each.why)));
        silent.emplace_back(std::move(cause));
    }
    document["advice"] = std::move(advice);
    document["silent"] = std::move(silent);
    return document;
}

std::string to_lines(const AdviceReport& report) {
    const advise::Findings& findings = report.findings;
    std::string text;
    for (const Advice& each : findings.advice) {
        text += to_lines(each, report);
    }
    for (const advise::SilentCause& each : findings.silent) {
        text +=
            fmt::format("no advice: {}\n  {}.\n\n", sentence_of(each.ground), words_of(each.why));
    }
    if (findings.advice.empty() && findings.silent.empty()) {
        return fmt::format("nothing to advise: {}, and no cause of theirs came {}\n",
                           summary_of(report), times_words(report.times_min));
    }
    text += findings.advice.empty() ? "nothing to advise: " : "";
    text += summary_of(report) + "\n";
    if (!findings.advice.empty()) {
        text += report.tried.empty()
                    ? "Nothing was changed, and what would come of a change was not tried; "
                      "--simulate tries it in simulated worlds.\n"
                    : "Nothing was changed. The simulated worlds are not your estate.\n";
    }
    return text;
}

}  // namespace homeostat::app
