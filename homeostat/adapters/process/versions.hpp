#pragma once

// Versions: the directories of one artifact of a service, and the link that says which is in force.
//
//     ROOT/versions/v1/  ROOT/versions/v2/  ROOT/current → versions/v2
//
// A swap is conditional on what the link says: a new link is made aside, exchanged with the old one
// in a single call (renameat2), and what came out is compared. If a deploy had moved the link in
// that same moment, the exchange is taken back. A file system that cannot exchange gets a rename
// right after the comparison.
//
// Before the link moves, a mark with the new link's inode is made durable: it tells a swap of ours
// from a person's that has the same versions, also after a restart of the agent.
//
// Small calls on a local file system, made inline. Not thread-safe.

#include "homeostat/adapters/process/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/step.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::process {

constexpr std::size_t versions_max = 1000;  ///< Directories that are looked at.

/// Where the link points, and since when.
struct CurrentVersion {
    VersionId version;
    std::uint64_t inode{0};      ///< Of the link itself.
    std::int64_t swapped_ns{0};  ///< Wall clock: when the link was made.
};

/// The last swap of ours.
struct SwapMark {
    EffectId effect;
    VersionId from;
    VersionId to;
    std::uint64_t inode{0};
    std::int64_t swapped_ns{0};

    static void fields(auto& self, auto&& field) {
        field("effect", self.effect);
        field("from", self.from);
        field("to", self.to);
        field("inode", self.inode);
        field("swapped_ns", self.swapped_ns);
    }
};

class Versions {
  public:
    /// `mark`: path of the file for the SwapMark.
    Versions(std::string root, std::string mark) : root_(std::move(root)), mark_(std::move(mark)) {}

    /// ERRORS: absent: no link; invalid: it is no link, or points at something that is no version.
    [[nodiscard]] Result<CurrentVersion> current() const;

    /// Names of the directories that could be run, sorted.
    [[nodiscard]] Result<std::vector<VersionId>> present() const;

    /// ERRORS: absent: there is no such version.
    [[nodiscard]] Result<std::string> directory_of(const VersionId& version) const;

    /// Points `current` at `step.to` if it points at `step.from`.
    [[nodiscard]] Outcome swap(const SwapVersion& step,
                               const EffectId& effect,
                               const std::function<void(Phase)>& on_phase) const;

    /// The effect that made this link; empty if none of ours did.
    [[nodiscard]] EffectId effect_of(const CurrentVersion& current) const;

  private:
    [[nodiscard]] std::string link() const { return root_ + "/current"; }
    [[nodiscard]] Result<CurrentVersion> link_at(const std::string& path) const;
    [[nodiscard]] Result<std::string> prepare(const SwapVersion& step,
                                              const EffectId& effect) const;
    [[nodiscard]] Outcome exchange(const SwapVersion& step, const std::string& aside) const;
    [[nodiscard]] Outcome rename_over(const SwapVersion& step, const std::string& aside) const;

    std::string root_;
    std::string mark_;
};

}  // namespace homeostat::adapters::process
