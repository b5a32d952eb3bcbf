#include "homeostat/domain/dropped.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace homeostat {

namespace {

void add_good(std::vector<VersionId>& versions, VersionId version) {
    std::erase(versions, version);
    versions.push_back(std::move(version));
    if (versions.size() > CarriedOver::versions_good_max) {
        versions.erase(versions.begin());
    }
}

/// What an earlier dropping carried over is older than everything that is known since.
void add_carried(CarriedOver& known, CarriedOver older) {
    known.incident_last = std::max(known.incident_last, older.incident_last);
    known.changes_count = std::max(known.changes_count, older.changes_count);
    for (const Artifact artifact : artifacts_all) {
        std::vector<VersionId> versions = std::move(older.versions_good[artifact]);
        for (VersionId& version : known.versions_good[artifact]) {
            add_good(versions, std::move(version));
        }
        known.versions_good[artifact] = std::move(versions);
        if (known.versions_last_seen[artifact].empty()) {
            known.versions_last_seen[artifact] = std::move(older.versions_last_seen[artifact]);
        }
    }
}

}  // namespace

void CarriedOver::learn(const Entry& entry) {
    demotions.learn(entry);
    if (entry.kind == EntryKind::opened) {
        incident_last = std::max(incident_last, incident_number(entry.incident.text()));
    } else if (entry.kind == EntryKind::good) {
        if (Result<GoodBody> body = from_json<GoodBody>(entry.body)) {
            versions_last_seen[body->artifact] = body->version;
            add_good(versions_good[body->artifact], std::move(body->version));
        }
    } else if (entry.kind == EntryKind::change) {
        changes_count += 1;
        const Result<Change> change = from_json<Change>(entry.body);
        const auto artifact = change ? artifact_of(change->kind) : std::nullopt;
        if (artifact && change->is_first_hand) {
            versions_last_seen[*artifact] = change->to;
        }
    } else if (entry.kind == EntryKind::dropped) {
        if (Result<DroppedBody> body = from_json<DroppedBody>(entry.body)) {
            add_carried(*this, std::move(body->carried));
        }
    }
}

std::uint64_t incident_number(std::string_view incident) {
    constexpr std::string_view begin = "i-";
    std::uint64_t number = 0;
    if (incident.starts_with(begin)) {
        incident.remove_prefix(begin.size());
        (void)std::from_chars(incident.data(), incident.data() + incident.size(), number);
    }
    return number;
}

}  // namespace homeostat
