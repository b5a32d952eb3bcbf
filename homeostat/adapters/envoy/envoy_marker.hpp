#pragma once

// EnvoyMarker: marks sources of requests in the file of an RBAC filter that Envoy takes by
// extension discovery.
//
// Where a mark changes the file is written as a whole and put, and Envoy reports its version, which
// carries our effect's id; a filter is taken as a whole or not at all. Where only its end changes
// Envoy is not troubled: ends stand in a file of their own, which is written first. Nobody is
// put on trial or denied unless a watchdog lives that ends it (sources_watchdog.hpp); an order that
// is refused for that takes off what has ended. With every file what is allowed loses its mark,
// whoever gave it.
//
// The file is how things are, also where a process before this one has written it. What is kept of
// it saves reading 2 MB anew for each renewal, and only while it is the same file; the ends are
// read once, because nobody else writes them.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/envoy/admin.hpp"
#include "homeostat/adapters/envoy/source_ends.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/domain/network.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/ports/source_marker.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::envoy {

class EnvoyMarker final : public ports::SourceMarker {
  public:
    /// `admin` outlives this. `allowed`: never marked, whoever lists them.
    EnvoyMarker(Admin& admin, std::vector<Network> allowed)
        : admin_(admin), allowed_(std::move(allowed)) {}

    /// refused: nothing was written, or Envoy rejected it and goes on as before.
    Task<Outcome> mark(MarkRequest request, Instant deadline) override;
    Task<Result<MarkCounts>> count(Instant deadline) override;

  private:
    struct Kept {
        os::FileIdentity identity;
        std::string text;
        SourcesFile file;
    };

    [[nodiscard]] Result<void> read_file();
    [[nodiscard]] std::map<Network, Mark> marks_after(const Marking& marking) const;
    [[nodiscard]] Result<void> write_ends(const Marking& marking,
                                          const std::map<Network, Mark>& marks);
    [[nodiscard]] Task<Outcome> put(EffectId effect,
                                    std::map<Network, Mark> marks,
                                    std::uint64_t rejected_total,
                                    Instant deadline);

    Admin& admin_;
    std::vector<Network> allowed_;
    std::optional<Kept> kept_;
    std::optional<SourceEnds> ends_;  ///< Nothing: not read yet.
};

}  // namespace homeostat::adapters::envoy
