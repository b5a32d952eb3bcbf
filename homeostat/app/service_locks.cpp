#include "homeostat/app/service_locks.hpp"

#include "homeostat/os/file.hpp"

#include <algorithm>
#include <utility>

namespace homeostat::app {

namespace {

using Locks = std::vector<Result<os::LockFile>>;

std::string run_key(const Config& config) {
    return config.kubernetes ? "runtime.kubernetes.run" : "runtime.process.run";
}

/// The ledger's lock does not keep away one with a ledger of its own.
Result<os::LockFile> lock_instances(const Config& config) {
    const std::string directory = config.run_directory.string();
    if (const Result<void> made = os::make_directories(directory); !made) {
        return fail(run_key(config), made.error());
    }
    Result<os::LockFile> lock =
        os::LockFile::take(directory + "/agent.lock",
                           "`homeostat status` asks it; end it before another takes over, and for "
                           "other instances give "
                           "this configuration a directory of its own");
    if (!lock) {
        const bool is_guarded = lock.error().fault == Fault::busy;
        return fail(is_guarded ? run_key(config) + ": another agent guards these instances"
                               : run_key(config),
                    lock.error());
    }
    return lock;
}

Locks lock_each(const std::vector<LockWish>& wishes) {
    Locks locks;
    locks.reserve(wishes.size());
    for (const LockWish& wish : wishes) {
        locks.push_back(lock_instances(wish.config));
    }
    return locks;
}

bool is_somebodys(const Result<os::LockFile>& lock) {
    return !lock && lock.error().fault == Fault::busy;
}

/// A Lease says that there may be another one that does the same.
bool names_lease(const LockWish& wish) {
    return wish.config.kubernetes && !wish.config.kubernetes->lease.empty();
}

}  // namespace

std::optional<Locks> lock_services(const std::vector<LockWish>& wishes,
                                   const std::function<bool()>& wait) {
    const bool may_have_twin = std::ranges::any_of(wishes, names_lease);
    std::size_t rounds_count = 0;  // In a row, in which some could be had and some not.
    std::vector<bool> told(wishes.size());
    while (true) {
        Locks locks = lock_each(wishes);
        const bool has_busy = std::ranges::any_of(locks, is_somebodys);
        const bool has_some =
            std::ranges::any_of(locks, [](const auto& lock) { return lock.has_value(); });
        const bool waits = has_some ? rounds_count < rounds_for_some : may_have_twin;
        if (!has_busy || !waits) {
            return locks;
        }
        rounds_count = has_some ? rounds_count + 1 : 0;
        for (std::size_t index = 0; index < wishes.size(); ++index) {
            if (is_somebodys(locks[index]) && !told[index]) {
                wishes[index].log("standing by: " + locks[index].error().text);
                told[index] = true;
            }
        }
        locks.clear();
        if (!wait()) {
            return std::nullopt;
        }
    }
}

}  // namespace homeostat::app
