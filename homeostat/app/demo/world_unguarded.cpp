// The world under one of the policies that people use today: no agent, and perhaps a restarter.

#include "homeostat/app/demo/world.hpp"

#include <utility>

namespace homeostat::app::demo {

Result<void> World::start_unguarded() {
    for (const std::string& service : guarded()) {
        std::filesystem::create_directories(options_.directory / service / "run");
        for (int index = 0; index < instances_count(service); ++index) {
            if (Result<void> started = start_current(service, index); !started) {
                return started;
            }
        }
    }
    if (Result<void> served = wait_until_served(); !served) {
        return served;
    }
    if (!options_.policy->liveness) {
        return {};
    }
    std::vector<RestartTarget> targets;
    for (int index = 0; index < payments_instances; ++index) {
        const int port = ports_.at("payments-" + std::to_string(index));
        targets.push_back({net::TcpEndpoint{.port = static_cast<std::uint16_t>(port)}, "/healthz",
                           [this, index] { return process_of(index); },
                           [this, index] { return start_current("payments", index); }});
    }
    restarter_ = std::make_unique<Restarter>(std::move(targets), *options_.policy->liveness,
                                             Rng(options_.seed).fork("liveness"));
    return {};
}

Result<void> World::start_current(const std::string& service, int index) const {
    const std::filesystem::path root = options_.directory / service;
    return start_instance(service, index, current_of(root), current_of(root / "config"));
}

/// ERRORS: absent: it does not run.
Result<os::Pidfd> World::process_of(int index) const {
    const std::filesystem::path record =
        options_.directory / "payments" / "run" / ("payments-" + std::to_string(index) + ".json");
    const Result<json::value> document = parse_json(read_file(record));
    if (!document || !document->is_object()) {
        return fail(Fault::absent, "there is no record " + record.string());
    }
    const json::value* pid = document->get_object().if_contains("pid");
    const json::value* ticks = document->get_object().if_contains("start_ticks");
    if (pid == nullptr || ticks == nullptr || !pid->is_int64() || !ticks->is_int64()) {
        return fail(Fault::absent, record.string() + " names no process");
    }
    return os::Pidfd::open(static_cast<std::int32_t>(pid->get_int64()),
                           static_cast<std::uint64_t>(ticks->get_int64()));
}

std::uint32_t World::restarts_count() const {
    return restarter_ ? restarter_->restarts_count() : 0;
}

int World::instances_running_count() const {
    int count = 0;
    for (int index = 0; index < payments_instances; ++index) {
        const Result<os::Pidfd> process = process_of(index);
        count += process && !process->has_ended() ? 1 : 0;
    }
    return count;
}

}  // namespace homeostat::app::demo
