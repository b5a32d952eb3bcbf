#include "homeostat/adapters/process/stragglers.hpp"

#include "homeostat/adapters/process/wait.hpp"
#include "homeostat/os/pidfd.hpp"
#include "homeostat/os/proc.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

namespace homeostat::adapters::process {

namespace {

namespace fs = std::filesystem;

// A killed process that is still there after this is stuck in the kernel.
constexpr Duration die_within = std::chrono::seconds{1};

/// Names in a directory of /proc; what ends while one looks is just not there.
std::vector<std::string> names_in(const fs::path& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator entry{directory, error};
         !error && entry != fs::directory_iterator{}; entry.increment(error)) {
        names.push_back(entry->path().filename());
    }
    return names;
}

bool holds(std::int32_t pid, const std::string& lock) {
    const fs::path descriptors = "/proc/" + std::to_string(pid) + "/fd";
    for (const std::string& name : names_in(descriptors)) {
        std::error_code error;
        if (fs::equivalent(descriptors / name, lock, error) && !error) {
            return true;
        }
    }
    return false;
}

std::vector<os::Pidfd> find_stragglers(const InstanceRecord& record, const std::string& lock) {
    std::vector<os::Pidfd> found;
    for (const std::string& name : names_in("/proc")) {
        std::int32_t pid = 0;
        const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (parsed.ec != std::errc{} || parsed.ptr != name.data() + name.size()) {
            continue;
        }
        const Result<os::ProcessStat> stat = os::read_process_stat(pid);
        const bool is_of_session = stat && stat->session_pid == record.pid && !stat->is_dead();
        Result<os::Pidfd> process = is_of_session ? os::Pidfd::open(pid, stat->start_ticks)
                                                  : fail(Fault::absent, "not of this session");
        // Held first and looked at then: it is this process whose files are read.
        if (process && holds(pid, lock) && !process->has_ended()) {
            found.push_back(std::move(*process));
        }
    }
    return found;
}

}  // namespace

Task<void> end_stragglers(InstanceRecord record,
                          std::string lock,
                          Instant deadline,
                          ports::Clock& clock) {
    const std::vector<os::Pidfd> stragglers = find_stragglers(record, lock);
    for (const os::Pidfd& straggler : stragglers) {
        static_cast<void>(straggler.send(SIGKILL));
    }
    const Instant death_by = std::min(clock.now() + die_within, deadline);
    for (const os::Pidfd& straggler : stragglers) {
        static_cast<void>(co_await wait_readable(straggler.fd(), death_by, clock));
    }
}

}  // namespace homeostat::adapters::process
