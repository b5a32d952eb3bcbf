#include "homeostat/app/change_view.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/diagnose/diagnose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>

namespace homeostat::app {

namespace {

ChangeSource source_of(const Change& change) {
    if (change.is_ours) {
        return ChangeSource::ours;
    }
    return change.is_first_hand ? ChangeSource::seen : ChangeSource::told;
}

/// Changes of the boot in which the incident was opened: instants of others mean nothing to it.
class Gathering {
  public:
    explicit Gathering(const IncidentId& incident) : incident_(incident) {}

    /// False once the incident was opened: later changes did not bring it.
    bool take(const EntryGroup& group) {
        if (group.boot_id != boot_id_) {
            boot_id_ = group.boot_id;
            changes_.clear();
        }
        return std::ranges::all_of(group.entries, [&](const Entry& entry) { return take(entry); });
    }

    [[nodiscard]] std::vector<ChangeView> views() const {
        if (!began_at_) {
            return {};
        }
        constexpr Duration suspect_for = diagnose::Limits{}.change_suspect_for;
        std::vector<Change> young;
        std::ranges::copy_if(changes_, std::back_inserter(young), [&](const Change& change) {
            return *began_at_ - change.at <= suspect_for;
        });
        return views_of_last(young, *began_at_);
    }

  private:
    bool take(const Entry& entry) {
        if (entry.kind == EntryKind::change) {
            if (const Result<Change> change = from_json<Change>(entry.body)) {
                changes_.push_back(*change);
            }
        }
        const bool opens = entry.kind == EntryKind::opened && entry.incident == incident_;
        if (opens) {
            if (const Result<Proposal> proposal = from_json<Proposal>(entry.body)) {
                began_at_ = proposal->symptom.began_at;
            }
        }
        return !opens;
    }

    const IncidentId& incident_;
    std::string boot_id_;
    std::vector<Change> changes_;
    std::optional<Instant> began_at_;
};

std::string span_of(Duration span) {
    constexpr Duration minutes_from = std::chrono::minutes{3};
    constexpr Duration hours_from = std::chrono::hours{3};
    const double seconds = to_seconds(span);
    if (span < minutes_from) {
        return fmt::format("{:.0f} s", seconds);
    }
    return span < hours_from ? fmt::format("{:.0f} min", seconds / 60)
                             : fmt::format("{:.0f} h", seconds / 3600);
}

}  // namespace

std::vector<ChangeView> views_of_last(std::span<const Change> changes, Instant now) {
    const std::size_t count = std::min(changes.size(), changes_shown_max);
    std::vector<ChangeView> views;
    for (const Change& change : changes.last(count)) {
        views.push_back({now - change.at, source_of(change), change.kind, change.service,
                         change.from, change.to, change.reference});
    }
    return views;
}

std::vector<ChangeView> changes_before(std::span<const EntryGroup> groups,
                                       const IncidentId& incident) {
    Gathering gathering(incident);
    for (const EntryGroup& group : groups) {
        if (!gathering.take(group)) {
            break;
        }
    }
    return gathering.views();
}

std::string sentence_of(const ChangeView& change, std::string_view when) {
    const auto part = [](std::string_view before, const std::string& text, std::string_view after) {
        return text.empty() ? std::string() : fmt::format("{}{}{}", before, plain(text), after);
    };
    return fmt::format("{} {} {}: {} of {}{}{}{}", to_text(change.source),
                       span_of(std::max(change.age, Duration{})), when, to_text(change.kind),
                       plain(change.service.text()), part(" from ", change.from.text(), ""),
                       part(" to ", change.to.text(), ""), part(" (", change.reference, ")"));
}

}  // namespace homeostat::app
