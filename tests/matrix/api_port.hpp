#pragma once

// ApiPort: the API server as we ask it and write to it, with the fault of a cell.
//
// Lives on the strand of one process.

#include "homeostat/adapters/kubernetes/api_client.hpp"

#include "cell.hpp"
#include "cell_clock.hpp"
#include "cluster.hpp"

#include <functional>
#include <map>
#include <string>

namespace homeostat::matrix {

/// What a server says no with.
[[nodiscard]] kubernetes::ApiReply refusal(int status);

class ApiPort final : public kubernetes::ApiClient {
  public:
    ApiPort(Cluster& cluster, CellClock& clock, Spoiler& spoiler)
        : cluster_(cluster), clock_(clock), spoiler_(spoiler) {}

    /// A write that is to change something is about to arrive; it has changed something.
    std::function<void(const kubernetes::ApiWrite&)> on_sent;
    std::function<void(const kubernetes::ApiWrite&)> on_effect;
    std::function<void()> on_impatience;  ///< Asked before the time that the server asked for.

    Task<Result<kubernetes::ApiReply>> get(std::string path, Instant deadline) override;
    Task<Result<kubernetes::ApiReply>> write(kubernetes::ApiWrite write, Instant deadline) override;

  private:
    Task<Result<kubernetes::ApiReply>> carry_out(kubernetes::ApiWrite write, Instant deadline);

    Cluster& cluster_;
    CellClock& clock_;
    Spoiler& spoiler_;
    [[nodiscard]] kubernetes::ApiReply say_no(int status);

    std::map<std::string, kubernetes::ApiReply> last_;  ///< By path, of before the fault.
    Instant patient_until_{};
};

}  // namespace homeostat::matrix
