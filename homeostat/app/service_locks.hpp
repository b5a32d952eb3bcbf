#pragma once

// The locks of the services that one process guards: taken together, before anything else.
//
// Instances have one agent. Where all locks are somebody's and a Lease is named, that somebody is a
// twin whose place we take once it has ended, however long that is. Where only some are, we wait a
// few rounds, as for one that ends just now, and leave those: the rest would go unguarded. Nothing
// is held while we wait, so two that name the same services in other orders cannot wait for each
// other, and nothing that was prepared grows old.

#include "homeostat/app/config.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/os/lock_file.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

/// Each a second apart. An agent that was told to end is gone after two.
constexpr std::size_t rounds_for_some = 5;

struct LockWish {
    const Config& config;
    std::function<void(const std::string&)> log;  ///< Told once of whom we wait for.
};

/// One for each wish, in their order: the lock, or why it is not ours (busy: it is somebody's).
/// `wait`: for a while, holding nothing; false: we are to end. Nothing: ended meanwhile.
[[nodiscard]] std::optional<std::vector<Result<os::LockFile>>> lock_services(
    const std::vector<LockWish>& wishes, const std::function<bool()>& wait);

}  // namespace homeostat::app
