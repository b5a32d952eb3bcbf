// Any bytes for the groups of a ledger, one a line: what is read is written as it was read, and
// everybody who reads a ledger (guard's history, a thread after a restart, the stories for people)
// takes any of it without a crash, within their maximum and without a control byte in what they
// print.

#include "homeostat/app/recorded_approvals.hpp"
#include "homeostat/app/story.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/guard/history.hpp"
#include "homeostat/heal/healing_graph.hpp"
#include "homeostat/heal/open_incidents.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

using homeostat::ensure;
using homeostat::Entry;
using homeostat::EntryGroup;

namespace {

std::vector<EntryGroup> groups_of(std::string_view text) {
    constexpr std::size_t groups_max = 64;
    std::vector<EntryGroup> groups;
    while (!text.empty() && groups.size() < groups_max) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto value = homeostat::parse_json(line);
        auto group =
            value ? homeostat::from_json<EntryGroup>(*value) : std::unexpected(value.error());
        if (!group) {
            ensure(!group.error().text.empty(), "a refusal says why");
            continue;
        }
        const auto again = homeostat::from_json<EntryGroup>(homeostat::to_json(*group));
        ensure(again && homeostat::to_json(*again) == homeostat::to_json(*group),
               "written and read, it is the same");
        groups.push_back(*std::move(group));
    }
    return groups;
}

/// Each incident that was not closed has a thread afterwards, parked or not.
void recover(const homeostat::heal::OpenIncidents& incidents) {
    static const homeostat::heal::HealingGraph graph =
        homeostat::heal::healing_graph(std::chrono::minutes{10});
    for (const auto& [id, recovered] : incidents.threads(graph)) {
        ensure(recovered.thread.id == id, "a thread has the name of its incident");
        ensure(!recovered.thread.has_ended(), "an incident that was not closed goes on");
    }
}

bool is_printable(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < ' ' && c != '\n') || byte == 0x7f;
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::vector<EntryGroup> groups = groups_of(text);
    homeostat::guard::History history;
    homeostat::heal::OpenIncidents open;
    homeostat::app::RecordedApprovals approvals{homeostat::app::KnownApprovers{}};
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            history.learn(entry, group.at);
            open.learn(entry, group.at);
            const auto held = approvals.take(entry);
            ensure(held || is_printable(held.error().text), "a trouble moves no cursor");
        }
    }
    recover(open);
    ensure(is_printable(homeostat::app::to_line(approvals.seen())), "who signed moves no cursor");
    ensure(history.effects_since(homeostat::Instant::min()).size() <= history.effects_max,
           "memories have a maximum");
    const auto incidents = homeostat::app::summaries(groups);
    ensure(is_printable(homeostat::app::to_table(incidents)), "a table moves no cursor");
    for (const auto& incident : incidents) {
        const auto story = homeostat::app::explain(groups, incident.incident);
        ensure(!story || is_printable(*story), "a story moves no cursor");
        static_cast<void>(homeostat::app::explain_json(groups, incident.incident));
    }
    return 0;
}
