#pragma once

// Configs: what the ConfigMaps of Options::configs hold now, from the watches or asked for, and
// what they held before.
//
// Each look takes what is in force into the history, so that there is something to go back to. A
// view of which any ConfigMap is older than one taken before, as a watch's may be after a direct
// read, changes nothing there: what one watch has heard says nothing of another. What must not be
// read (a right that is missing) is no version, and no reason to see nothing else; what cannot be
// read just now is an error.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/config_history.hpp"
#include "homeostat/adapters/kubernetes/config_maps.hpp"
#include "homeostat/adapters/kubernetes/group_view.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/domain/runtime_facts.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::kubernetes {

class Configs {
  public:
    /// `seen`: a watch of each, in the order of options.configs; none: nobody watches. REQUIRES:
    /// what `seen` points to, `options`, `history` and `clock` outlive it.
    Configs(const Options& options,
            std::vector<KindSeen> seen,
            ConfigHistory& history,
            ports::Clock& clock)
        : options_(options), seen_(std::move(seen)), history_(history), clock_(clock) {}

    /// What the watches say, until the next look. ERRORS: as check_kind_heard; invalid: an object.
    [[nodiscard]] Result<const ConfigsView*> look();

    /// When the server was last heard of for all of them: what a look tells was so then. Absent:
    /// nobody watches, or one was never heard of.
    [[nodiscard]] std::optional<Instant> heard_at() const;

    /// Why one of them must not be read, as of the last look; nothing: all may be. What it holds is
    /// then not seen, which people have to hear of, though nothing else waits for it.
    [[nodiscard]] const std::optional<Error>& refusal() const { return refusal_; }

    /// Asked of the server. ERRORS: as check_read, but refused; invalid: an object.
    Task<Result<ConfigsView>> read(ApiClient& api, Instant deadline);

    /// For RuntimeFacts: the version in force, and those that one write would go back to.
    [[nodiscard]] VersionFacts facts_of(const ConfigsView& configs) const;

    /// What the process of an instance reads, or has read when it began.
    [[nodiscard]] VersionId version_of(const RuntimeInstance& instance,
                                       const ConfigsView& configs) const;

    [[nodiscard]] const ConfigHistory& history() const { return history_; }

    /// Why what was there could not be kept last; nothing: it was.
    [[nodiscard]] const std::optional<Error>& file_trouble() const { return file_trouble_; }

  private:
    void take(const ConfigsView& configs);
    [[nodiscard]] WallTime written_at(const ConfigsView& configs) const;

    const Options& options_;
    std::vector<KindSeen> seen_;
    ConfigHistory& history_;
    ports::Clock& clock_;
    std::vector<std::uint64_t> versions_parsed_;
    Result<ConfigsView> parsed_{fail(Fault::late, "nothing was listed yet")};
    std::map<std::string, std::uint64_t> versions_taken_;  ///< Of each ConfigMap that was taken.
    std::optional<Error> refusal_;
    std::optional<Error> file_trouble_;
};

}  // namespace homeostat::adapters::kubernetes
