#pragma once

// FlagHistory: which definitions the flags of the configuration had.
//
// A file forgets what it held before it was edited, so what could be gone back to is kept here: in
// one file of the agent's own directory, which nobody else may read. The choice not taken: asking
// the tool that edits it (a repository, a page), of which there are many, and which may be what is
// down.
//
// Bounded by number and size; the oldest goes first, and without it there is no going back so far.
//
// A file written inline, rarely. Not thread-safe; lives on one strand.

#include "homeostat/adapters/flagd/flag_definitions.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::adapters::flagd {

constexpr std::size_t flag_versions_max = 8;
constexpr std::size_t flag_history_bytes_max = std::size_t{16} << 20U;

/// One version and what it is made of.
struct FlagVersion {
    VersionId version;
    Definitions definitions;

    static void fields(auto& self, auto&& field) {
        field("version", self.version);
        field("definitions", self.definitions);
    }
    friend bool operator==(const FlagVersion&, const FlagVersion&) = default;
};

/// Each once, the one in force last.
using FlagVersions = std::vector<FlagVersion>;

/// ERRORS: corrupt: not JSON, another format or service, a version that its definitions do not
/// have.
[[nodiscard]] Result<FlagVersions> parse_flag_history(const ServiceId& service,
                                                      std::string_view text);

[[nodiscard]] std::string flag_history_text(const ServiceId& service, const FlagVersions& versions);

class FlagHistory {
  public:
    /// Reads the file at `path`, if there is one; with an empty one nothing is kept when we end.
    /// ERRORS: corrupt, with the mend; unreachable: not readable.
    [[nodiscard]] static Result<FlagHistory> open(const ServiceId& service, std::string path);

    /// Takes what is in force now; what was so before changes nothing. ERRORS: of the file; it
    /// counts all the same until we end.
    Result<void> take(const FlagFile& file);

    /// Null: nothing is kept of it.
    [[nodiscard]] const FlagVersion* find(const VersionId& version) const;
    [[nodiscard]] const FlagVersions& versions() const { return versions_; }

  private:
    FlagHistory(ServiceId service, std::string path)
        : service_(std::move(service)), path_(std::move(path)) {}

    Result<void> keep();

    ServiceId service_;
    std::string path_;
    FlagVersions versions_;
    bool is_kept_{true};
};

}  // namespace homeostat::adapters::flagd
