#pragma once

// ProcessGroup: the guarded service as processes of this machine.

#include "homeostat/adapters/process/options.hpp"
#include "homeostat/adapters/process/process_telemetry.hpp"
#include "homeostat/adapters/process/runtime.hpp"
#include "homeostat/app/config.hpp"
#include "homeostat/app/guarded_group.hpp"
#include "homeostat/app/seen_well.hpp"
#include "homeostat/ports/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

class ProcessGroup final : public GuardedGroup {
  public:
    /// REQUIRES: `config` and `clock` outlive it. ERRORS: as of process::Runtime::make.
    [[nodiscard]] static Result<std::unique_ptr<ProcessGroup>> make(
        const Config& config,
        std::string boot_id,
        boost::asio::any_io_executor executor,
        ports::Clock& clock,
        std::function<void(const std::string&)> log);

    /// For a process that only watches them, or the one in its scope: it starts nothing, makes no
    /// directory and has no actuator.
    [[nodiscard]] static std::unique_ptr<ProcessGroup> watched(
        const Config& config,
        std::string boot_id,
        boost::asio::any_io_executor executor,
        ports::Clock& clock,
        std::function<void(const std::string&)> log);

    [[nodiscard]] std::vector<InstanceId> instances_at(
        const adapters::roles::Scope& scope) override;
    [[nodiscard]] std::vector<ports::Actuator*> actuators() override;
    void add_watchers(std::vector<ports::Telemetry*>& sources,
                      const PerArtifact<VersionId>& known) override;
    void add_verifiers(std::vector<ports::Telemetry*>& sources) override;
    Task<Result<void>> arrive(Instant deadline) override;
    Task<ports::Telemetry*> wait_for_news() override;
    void stop() override {}
    /// Beside one process: that it runs, by a look of now; that it answers, by the last probe.
    [[nodiscard]] bool has_seen_well(const Symptom& symptom) const override;
    [[nodiscard]] Duration look_every() const override { return std::chrono::seconds{1}; }
    [[nodiscard]] Duration perform_for_max() const override;

  private:
    ProcessGroup(const Config& config,
                 std::string boot_id,
                 boost::asio::any_io_executor executor,
                 ports::Clock& clock,
                 std::function<void(const std::string&)> log);

    [[nodiscard]] bool is_beside_one() const;
    [[nodiscard]] std::vector<adapters::process::DeclaredInstance> instances_seen() const;
    [[nodiscard]] adapters::process::Options runtime_options();
    [[nodiscard]] Task<bool> answers(InstanceId instance, Instant deadline);
    [[nodiscard]] std::function<bool()> wanted_check(
        const adapters::process::DeclaredInstance& instance) const;
    void add_probes(std::vector<ports::Telemetry*>& sources);
    void add_metrics(std::vector<ports::Telemetry*>& sources);

    template <class T, class... Arguments>
    T& add(std::vector<ports::Telemetry*>& sources, Arguments&&... arguments) {
        auto source = std::make_unique<T>(std::forward<Arguments>(arguments)...);
        T& made = *source;
        sources.push_back(&made);
        telemetry_.push_back(std::move(source));
        return made;
    }

    const Config& config_;
    std::string boot_id_;
    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    std::function<void(const std::string&)> log_;
    std::unique_ptr<adapters::process::Runtime> runtime_;  ///< Null: we only watch.
    SeenWell seen_well_;
    std::vector<std::unique_ptr<ports::Telemetry>> telemetry_;
    adapters::process::ProcessTelemetry* processes_{nullptr};  ///< Of the watchers.
};

}  // namespace homeostat::app
