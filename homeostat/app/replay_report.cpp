#include "homeostat/app/replay_report.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::app {

namespace {

using heal::Redecision;
using heal::Replay;

std::size_t count_of(const heal::IncidentReplay& replay, Replay kind) {
    return static_cast<std::size_t>(
        std::ranges::count(replay.decisions, kind, &Redecision::replay));
}

std::string_view word_of(Replay kind) {
    switch (kind) {
        case Replay::same:
            return "same";
        case Replay::differs:
            return "DIFFERS";
        case Replay::not_recorded:
            return "cannot";
    }
    return "cannot";
}

std::string lines_of(const Redecision& decision) {
    std::string text =
        fmt::format("  {:<8} {}\n", word_of(decision.replay), plain(decision.decision));
    if (decision.replay == Replay::same) {
        return text + fmt::format("             {}\n", plain(decision.recorded));
    }
    if (decision.replay == Replay::not_recorded) {
        return text + fmt::format("             {}\n", plain(decision.replayed));
    }
    return text + fmt::format("             recorded: {}\n             replayed: {}\n",
                              plain(decision.recorded), plain(decision.replayed));
}

/// Null: none differs.
const Redecision* first_difference(const heal::IncidentReplay& replay) {
    const auto found = std::ranges::find(replay.decisions, Replay::differs, &Redecision::replay);
    return found == replay.decisions.end() ? nullptr : &*found;
}

}  // namespace

Replay result_of(const heal::IncidentReplay& replay) {
    if (count_of(replay, Replay::differs) > 0) {
        return Replay::differs;
    }
    const bool is_whole = !replay.decisions.empty() && count_of(replay, Replay::not_recorded) == 0;
    return is_whole ? Replay::same : Replay::not_recorded;
}

ExitStatus status_of(Replay result) {
    switch (result) {
        case Replay::same:
            return ExitStatus::ok;
        case Replay::differs:
            return ExitStatus::unexpected;
        case Replay::not_recorded:
            return ExitStatus::usage;
    }
    return ExitStatus::usage;
}

std::string to_lines(const IncidentId& incident, const heal::IncidentReplay& replay) {
    const std::string version = replay.version.empty() ? "unknown" : plain(replay.version);
    std::string text = fmt::format("{}, decided by version {}\n", plain(incident.text()), version);
    for (const Redecision& decision : replay.decisions) {
        text += lines_of(decision);
    }
    text += fmt::format("{} decisions: {} the same, {} different, {} that cannot be made again\n",
                        replay.decisions.size(), count_of(replay, Replay::same),
                        count_of(replay, Replay::differs), count_of(replay, Replay::not_recorded));
    if (const Redecision* first = first_difference(replay)) {
        text += fmt::format(
            "first difference: {}, in group {} of the ledger\n  recorded: {}\n  replayed: {}\n",
            plain(first->decision), first->group, plain(first->recorded), plain(first->replayed));
    }
    return text;
}

json::value to_document(const IncidentId& incident, const heal::IncidentReplay& replay) {
    json::object document;
    document["incident"] = json::value(incident.text());
    document["version"] = json::value(replay.version);
    document["replay"] = json::value(std::string(to_text(result_of(replay))));
    const Redecision* first = first_difference(replay);
    document["first_difference"] = first == nullptr ? json::value(nullptr) : to_json(*first);
    document["decisions"] = to_json(replay.decisions);
    return document;
}

}  // namespace homeostat::app
