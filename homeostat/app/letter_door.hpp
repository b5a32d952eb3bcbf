#pragma once

// LetterDoor: where an executor that is a process of its own hears its agents, wired from the
// configuration.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/roles/letter_desk.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/shared_doors.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::app {

/// What the executor has that the door needs. All of it outlives it.
struct LetterDoorContext {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    heal::ExecutorRole& role;
    std::string boot_id;
    std::function<std::vector<adapters::roles::Place>()> places;
    std::function<std::vector<InstanceId>(const adapters::roles::Scope&)> instances_at;
    std::function<void(const std::string&)> log;
    SharedDoors& doors;  ///< Of the process.
};

class LetterDoor {
  public:
    /// REQUIRES: the role has read its ledger. ERRORS: invalid: nobody is listed who may propose,
    /// or there is no place to listen.
    [[nodiscard]] static Result<std::unique_ptr<LetterDoor>> make(const Config& config,
                                                                  LetterDoorContext context);

    /// Hears agents from now on. ERRORS: of the address, with its key.
    [[nodiscard]] Result<void> listen();
    Task<void> stop(Instant deadline);

    [[nodiscard]] adapters::roles::LetterDesk& desk() { return *desk_; }

  private:
    LetterDoor(const Config& config, SharedDoors& doors) : config_(config), doors_(doors) {}

    const Config& config_;
    SharedDoors& doors_;
    std::unique_ptr<adapters::roles::LetterDesk> desk_;
    std::unique_ptr<net::HttpServer> server_;  ///< Null: the process listens for several services.
};

/// Where the agent finds its executor. REQUIRES: config.roles. ERRORS: invalid, with the key.
[[nodiscard]] Result<net::Endpoint> executor_endpoint_of(const Config& config);

}  // namespace homeostat::app
