#pragma once

// WatchPort: the API server as it tells of changes by itself, with the fault of a cell: lists, and
// streams of what has happened since.
//
// Lives on the strand of one process.

#include "homeostat/adapters/kubernetes/watch_stream.hpp"

#include "cell.hpp"
#include "cell_clock.hpp"
#include "cluster.hpp"

#include <string>

namespace homeostat::matrix {

class WatchPort final : public kubernetes::ApiClient, public kubernetes::WatchSource {
  public:
    WatchPort(Cluster& cluster, CellClock& clock, Spoiler& spoiler)
        : cluster_(cluster), clock_(clock), spoiler_(spoiler) {}

    /// A list.
    Task<Result<kubernetes::ApiReply>> get(std::string path, Instant deadline) override;
    Task<Result<kubernetes::ApiReply>> write(kubernetes::ApiWrite write, Instant deadline) override;
    Task<Result<kubernetes::WatchOpened>> watch(std::string path, Instant deadline) override;

  private:
    /// False: nobody is there.
    Task<bool> arrive(Instant deadline);

    Cluster& cluster_;
    CellClock& clock_;
    Spoiler& spoiler_;
};

}  // namespace homeostat::matrix
