#pragma once

// The keys that say where the service's feature flags are kept (docs/flags.md).
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_mesh_keys.hpp"
#include "homeostat/app/config_runtime.hpp"
#include "homeostat/app/config_values.hpp"

#include <optional>

namespace homeostat::app {

struct FlagdSection {
    FlagdConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"file", "The JSON file of definitions that flagd reads, no link", Need::required},
            PathValue{}, self.config.file);
        key(Key{"url",
                "Where flagd answers OFREP, as in http://127.0.0.1:8016; it is asked "
                "whether it took what was written"},
            PeerUrlValue{}, self.config.url);
    }
};

struct FlagsSection {
    FlagdSection flagd;
    static void keys(auto& self, auto&& key) {
        key(Key{"flagd", "A flagd that reads a file", Need::required}, SectionKind{}, self.flagd);
    }
};

}  // namespace homeostat::app
