#pragma once

// World: the payment gateway of the demo, alive on this machine.
//
// Real programs on free ports of loopback, in a directory of the run: HAProxy, redis-server, the
// services of examples/payment_gateway, a load generator, and `homeostat agent`, which starts and
// guards `payments`; where it is wanted, a second agent does so with `fraud`. The demo talks to the
// agent as any user does, through the command line; faults go over a socket that only the services
// can read.
//
// Blocking; one thread reads the load generator.

#include "homeostat/app/demo/answers.hpp"
#include "homeostat/app/demo/program.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace homeostat::app::demo {

struct WorldOptions {
    std::filesystem::path directory;  ///< Of this run; made by the caller, empty.
    std::filesystem::path programs;   ///< Where homeostat and the services were built.
    std::filesystem::path templates;  ///< haproxy.cfg.in and homeostat.yaml.in.
    std::filesystem::path model;      ///< Empty: the rules alone.
    std::string oracle{"both"};
    std::uint64_t seed{1};
    int requests_per_second{200};
    bool guards_fraud{false};  ///< By an agent of its own, with rules alone.
};

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

    /// SIGKILL to one instance of payments.
    [[nodiscard]] Result<void> kill_instance(int index);

    /// Of the instances of payments, in order; 0 for one that has no record.
    [[nodiscard]] std::vector<int> instance_pids() const;

    [[nodiscard]] std::vector<Answer> answers();

    /// The services that have an agent, payments first.
    [[nodiscard]] std::vector<std::string> guarded() const;

    /// What a command like `homeostat incidents` says with --json to the agent of a service.
    [[nodiscard]] Result<json::value> ask_agent(const std::string& service,
                                                const std::string& command);

    [[nodiscard]] const std::filesystem::path& directory() const { return options_.directory; }

  private:
    [[nodiscard]] Result<void> make_version(const std::string& service, const std::string& version);
    [[nodiscard]] Result<void> make_first_versions();
    [[nodiscard]] Result<void> make_config(const std::string& name, json::object operations);
    [[nodiscard]] Result<void> write_configurations();
    [[nodiscard]] Result<void> start_program(const std::string& name, ProgramOptions options);
    [[nodiscard]] Result<void> start_neighbours();
    [[nodiscard]] Result<void> start_agents();
    [[nodiscard]] bool is_agent_ready(const std::string& service);
    [[nodiscard]] Result<void> start_load();
    [[nodiscard]] Result<void> replace_instances(const std::string& service);
    [[nodiscard]] Result<void> replace_instance(const std::string& service,
                                                int index,
                                                const std::string& version,
                                                const std::string& config);
    [[nodiscard]] Result<void> wait_until_up(const std::string& service, int index) const;
    [[nodiscard]] int pid_of(const std::string& service, int index) const;
    [[nodiscard]] Result<std::string> ask_proxy(const std::string& command) const;
    [[nodiscard]] Result<json::value> homeostat(std::vector<std::string> words);
    [[nodiscard]] std::filesystem::path program(const std::string& name) const;
    [[nodiscard]] std::filesystem::path config_of(const std::string& service) const;
    void read_load();

    WorldOptions options_;
    std::map<std::string, int> ports_;  ///< "payments-0", "edge", "redis", …
    std::map<std::string, Program> running_;
    std::vector<std::string> started_;  ///< In order.
    std::thread load_reader_;
    std::mutex answers_lock_;
    std::vector<Answer> answers_;
};

constexpr int payments_instances = 3;

/// Of one of the demo's services.
[[nodiscard]] int instances_count(const std::string& service);

/// The whole file; empty if it cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

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
