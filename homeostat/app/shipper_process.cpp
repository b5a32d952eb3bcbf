#include "homeostat/app/shipper_process.hpp"

#include "homeostat/app/own_place.hpp"
#include "homeostat/os/fd.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

constexpr Duration look_every = 500ms;
constexpr Duration back_off_first = 1s;  ///< Before it is started again; doubles,
constexpr Duration back_off_max = 60s;   ///< up to this: it reads the ledger's end at each start.
constexpr std::uintmax_t log_bytes_max = std::uintmax_t{1} << 20U;  ///< Looked at when it starts.
constexpr Duration well_after = 60s;  ///< One that ran so long begins with the first again.

}  // namespace

Result<os::Child> ShipperProcess::start() const {
    const std::filesystem::path& directory = config_.sinks_directory;
    if (Result<void> made = os::make_directories(directory.string()); !made) {
        return std::unexpected(made.error());
    }
    const std::filesystem::path log = directory / "shipper.log";
    std::error_code ignored;
    if (std::filesystem::file_size(log, ignored) > log_bytes_max && !ignored) {
        std::filesystem::resize_file(log, 0, ignored);  // What is old tells nobody anything.
    }
    const os::Fd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!output.is_open()) {
        return fail(Fault::full, fmt::format("{} cannot be opened: {}", log.string(),
                                             std::generic_category().message(errno)));
    }
    os::Program program;
    program.argv = {(own_directory() / "homeostat-shipper").string(), "--config",
                    config_.file.string(), "--log-level", "warn"};
    program.ends_with_us = true;
    program.output_fd = output.number();
    program.error_fd = output.number();
    return os::spawn(program);
}

Task<void> ShipperProcess::run() {
    Duration back_off = back_off_first;
    while (!is_stopping_) {
        const Instant started_at = clock_.now();
        Result<os::Child> started = start();
        std::string trouble;
        if (started) {
            child_ = std::move(*started);
            while (!child_->has_ended() && !is_stopping_) {
                co_await clock_.sleep_until(clock_.now() + look_every);
            }
            trouble = child_->has_ended() ? os::describe_exit(child_->exit_status().value_or(0))
                                          : std::string();
        } else {
            trouble = started.error().text;
        }
        if (is_stopping_) {
            co_return;
        }
        back_off = clock_.now() - started_at > well_after ? back_off_first : back_off;
        log_(
            fmt::format("sinks: homeostat-shipper does not run ({}); the ledger keeps what it has "
                        "to send, and it is started again in {} s; see {}",
                        trouble, std::chrono::duration_cast<std::chrono::seconds>(back_off).count(),
                        (config_.sinks_directory / "shipper.log").string()));
        co_await clock_.sleep_until(clock_.now() + back_off);
        back_off = std::min(back_off * 2, back_off_max);
    }
}

void ShipperProcess::stop() {
    is_stopping_ = true;
    if (child_ && !child_->has_ended()) {
        ::kill(child_->pid(), SIGTERM);
    }
}

}  // namespace homeostat::app
