#pragma once

// World: the payment gateway of the demo, alive on this machine.
//
// Real programs on free ports of loopback, in a directory of the run: HAProxy, redis-server (one,
// or three that are a cluster), the services of examples/payment_gateway, a load generator, and
// `homeostat agent`, which starts and guards `payments`; where it is wanted, a second agent does so
// with `fraud`. The demo talks to the agent as any user does, through the command line; faults go
// over a socket that only the services can read.
//
// Blocking; one thread reads each load generator.

#include "homeostat/app/demo/answers.hpp"
#include "homeostat/app/demo/program.hpp"
#include "homeostat/app/demo/restarter.hpp"
#include "homeostat/app/demo/world_options.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace homeostat::app::demo {

class World {
  public:
    explicit World(WorldOptions options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Starts everything and waits until users are served and the agent watches.
    /// ERRORS: absent: a program is missing, with the mend; late: something did not come up.
    [[nodiscard]] Result<void> start();

    /// Ends everything that this world started, the agent first.
    void stop();

    /// One command for the fault switch. ERRORS: refused, with its answer.
    [[nodiscard]] Result<void> switch_fault(const std::string& command);

    /// Deploys `version` of a guarded service as a deploy tool does: the symlink first, then one
    /// instance after another is drained, ended and started anew.
    [[nodiscard]] Result<void> deploy(const std::string& service, const std::string& version);

    /// Gives payments the configuration `name` in the same way; the version of the program stays.
    [[nodiscard]] Result<void> change_config(const std::string& name, json::object operations);

    /// So many requests per second more than the world began with, until `end_surge`. At most once.
    [[nodiscard]] Result<void> begin_surge(int requests_per_second);
    void end_surge();

    /// SIGKILL to one instance of payments.
    [[nodiscard]] Result<void> kill_instance(int index);

    /// Of the instances of payments, in order; 0 for one that has no record.
    [[nodiscard]] std::vector<int> instance_pids() const;

    /// So many of a thousand calls to `fraud` get the fallback of its dimmer. ERRORS: likewise.
    [[nodiscard]] Result<int> dimmed_permille();

    /// Since the world began: calls of payments to `fraud`, and those of them that it was given.
    struct Checks {
        std::uint64_t asked_count{0};
        std::uint64_t given_count{0};
    };
    [[nodiscard]] Result<Checks> checks_of_fraud();

    /// When `rates` answered, by its own log: to the cache's readers, to whoever fills the cache,
    /// and to the agent, which compares.
    [[nodiscard]] std::vector<Instant> source_reads() const;

    /// Calls to `fraud` get the fallback of its circuit. ERRORS: as of the proxy's socket.
    [[nodiscard]] Result<bool> is_circuit_open();

    [[nodiscard]] std::vector<Answer> answers();

    /// Of what the policy has restarted. 0 under Homeostat.
    [[nodiscard]] std::uint32_t restarts_count() const;
    [[nodiscard]] int instances_running_count() const;

    /// The services whose instances are deployed and guarded, payments first. A policy guards
    /// payments alone, whatever is deployed.
    [[nodiscard]] std::vector<std::string> guarded() const;

    /// What a command like `homeostat incidents` says with --json to the agent of a service.
    [[nodiscard]] Result<json::value> ask_agent(const std::string& service,
                                                const std::string& command,
                                                const std::vector<std::string>& words = {});

    /// Every decision of the incident comes out as it was recorded, made again from the ledger.
    [[nodiscard]] bool replays_the_same(const std::string& service,
                                        const std::string& incident) const;

    [[nodiscard]] const std::filesystem::path& directory() const { return options_.directory; }
    [[nodiscard]] int requests_per_second() const { return options_.requests_per_second; }

  private:
    [[nodiscard]] Result<void> make_version(const std::string& service, const std::string& version);
    [[nodiscard]] Result<void> make_first_versions();
    [[nodiscard]] Result<void> make_config(const std::string& name, json::object operations);
    [[nodiscard]] Result<void> write_configurations();
    [[nodiscard]] Result<void> fill_in_all(const std::map<std::string, std::string>& words) const;
    [[nodiscard]] Result<void> exchange_keys(std::map<std::string, std::string>& words);
    [[nodiscard]] Result<void> start_program(const std::string& name, ProgramOptions options);
    [[nodiscard]] Result<void> start_neighbours();
    [[nodiscard]] Result<void> start_redis();
    [[nodiscard]] Result<void> start_redis_cluster();
    [[nodiscard]] std::vector<int> redis_ports() const;
    [[nodiscard]] Result<void> start_guarded();
    [[nodiscard]] Result<void> start_agents();
    [[nodiscard]] bool is_agent_ready(const std::string& service);
    [[nodiscard]] Result<void> start_unguarded();
    [[nodiscard]] Result<void> wait_until_served();
    [[nodiscard]] Result<void> start_load();
    [[nodiscard]] Result<void> start_generator(const std::string& name,
                                               int requests_per_second,
                                               std::uint64_t seed);
    void end_generator(const std::string& name);
    [[nodiscard]] Result<void> replace_instances(const std::string& service);
    [[nodiscard]] Result<void> replace_instance(const std::string& service,
                                                int index,
                                                const std::string& version,
                                                const std::string& config);
    [[nodiscard]] Result<void> start_instance(const std::string& service,
                                              int index,
                                              const std::string& version,
                                              const std::string& config) const;
    [[nodiscard]] Result<void> start_current(const std::string& service, int index) const;
    [[nodiscard]] Result<void> wait_until_up(const std::string& service, int index) const;
    [[nodiscard]] Result<os::Pidfd> process_of(int index) const;
    [[nodiscard]] int pid_of(const std::string& service, int index) const;
    [[nodiscard]] Result<std::string> ask_proxy(const std::string& command) const;
    [[nodiscard]] Result<json::value> homeostat(std::vector<std::string> words);
    [[nodiscard]] std::filesystem::path program(const std::string& name) const;
    [[nodiscard]] std::filesystem::path config_of(const std::string& service) const;
    void read_load(Program& generator);

    WorldOptions options_;
    std::map<std::string, int> ports_;  ///< "payments-0", "edge", "redis", …
    std::map<std::string, Program> running_;
    std::vector<std::string> started_;                 ///< In order.
    std::unique_ptr<Restarter> restarter_;             ///< Null unless the policy restarts.
    std::map<std::string, std::thread> load_readers_;  ///< By the generator that each reads.
    std::mutex answers_lock_;
    std::vector<Answer> answers_;
};

constexpr int payments_instances = 3;
constexpr int payments_spares = 2;

/// Of one of the demo's services, without spares.
[[nodiscard]] int instances_count(const std::string& service);

/// Of an installed program; only the name when it is nowhere.
[[nodiscard]] std::string path_of(const std::string& name);

/// The whole file; empty if it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// The name of the version that a root's link `current` points at; empty without one.
[[nodiscard]] std::string current_of(const std::filesystem::path& root);

/// CLOCK_BOOTTIME.
[[nodiscard]] Instant demo_now();
void demo_sleep(Duration span);

/// Asks `holds` every 20 ms. ERRORS: late, with what was waited for and the last trouble.
template <class Holds>
[[nodiscard]] Result<void> wait_until(const std::string& what, Duration within, Holds holds) {
    const Instant until = demo_now() + within;
    while (!holds()) {
        if (demo_now() >= until) {
            return fail(Fault::late, "waited in vain until " + what);
        }
        demo_sleep(std::chrono::milliseconds{20});
    }
    return {};
}

}  // namespace homeostat::app::demo
