#pragma once

// The keys that say where everything is written down: the ledger, its copies and witnesses.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_sink_keys.hpp"
#include "homeostat/app/config_values.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <vector>

namespace homeostat::app {

struct WitnessSection {
    std::filesystem::path file;
    std::vector<RequiredFor> required_for{};
    static void keys(auto& self, auto&& key) {
        key(Key{"file", "A line of JSON for each signed head; outside the ledger", Need::required},
            PathValue{}, self.file);
        key(required_for_key, required_for_value, self.required_for);
    }
};

struct RecordSection {
    std::filesystem::path ledger;
    std::filesystem::path sink;
    std::vector<SinkSection> sinks;
    std::filesystem::path index;
    std::filesystem::path key_file;
    std::vector<WitnessSection> witnesses;
    adapters::segment_log::HeadPace pace;
    Duration keep = Config{}.keep;
    static void keys(auto& self, auto&& key) {
        key(Key{"ledger", "Directory of the ledger; var/SERVICE/ledger without it"}, PathValue{},
            self.ledger);
        key(Key{"sink", "File for a copy, one JSON line a group; outside the ledger"}, PathValue{},
            self.sink);
        key(Key{"sinks", "Where decisions are kept outside, docs/sinks.md"},
            SectionsKind{sinks_max}, self.sinks);
        key(Key{"index", "File NAME.index to answer `incidents` from; var/SERVICE/ledger.index"},
            PathValue{}, self.index);
        key(Key{"key", "Signs the ledger's heads; made if missing; var/SERVICE/ledger.key"},
            PathValue{}, self.key_file);
        key(Key{"witnesses",
                "Where signed heads are kept, to notice a ledger that was cut or "
                "replaced"},
            SectionsKind{4}, self.witnesses);
        key(Key{"head_groups", "A signed head after so many groups of records"},
            CountValue<std::uint64_t>{.min = 1, .max = 100'000}, self.pace.groups);
        key(Key{"head_every", "And after so long"}, DurationValue{std::chrono::seconds{1}},
            self.pace.every);
        key(Key{"unwitnessed_groups",
                "Groups that no witness, or no sink, has before nothing is done on our "
                "own judgement"},
            CountValue<std::uint64_t>{.min = 1, .max = 1'000'000},
            self.pace.unwitnessed_groups_max);
        key(Key{"unwitnessed_for", "Likewise by time"}, DurationValue{std::chrono::seconds{1}},
            self.pace.unwitnessed_for_max);
        // At least a month: far longer than guard remembers, and than an incident waits for people.
        key(Key{"keep",
                "Records older than this are dropped, whole segments and never of an open "
                "incident"},
            DurationValue{std::chrono::hours{24 * 31}, std::chrono::hours{24 * 3660}}, self.keep);
    }
};

}  // namespace homeostat::app
