#include "homeostat/adapters/envoy/override_change.hpp"

#include "homeostat/adapters/envoy/file_change.hpp"
#include "homeostat/adapters/envoy/watch_lock.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

std::vector<std::string> all_keys(const Options& options) {
    std::vector<std::string> keys = switch_keys(options);
    std::ranges::copy(dimmer_keys(options), std::back_inserter(keys));
    return keys;
}

/// The goal, and for the rest what Envoy reports where the file says otherwise. How long something
/// else was to hold than what the file says Envoy does not tell: that of the file is taken.
std::vector<SwitchOrder> orders_of(const Overrides& overrides,
                                   const RuntimeFile& file,
                                   const SwitchOrder& goal) {
    std::vector<SwitchOrder> orders;
    for (const std::string& key : overrides.keys) {
        const std::uint32_t permille = overrides.permille_at(key);
        if (key == goal.key || overrides.is_as_in(file, key)) {
            continue;
        }
        if (permille == 0) {
            orders.push_back({key, std::nullopt});
        } else if (file.is_on(key) && file.until_at(key)) {
            orders.push_back({key, file.until_at(key), permille});
        }
    }
    orders.push_back(goal);
    return orders;
}

/// A switch that is on already is not made to last longer: its end is that of whoever turned it.
bool is_so_already(const RuntimeFile& file, const SwitchOrder& goal) {
    if (file.permille_at(goal.key) != permille_of(goal)) {
        return false;
    }
    if (!goal.until || !goal.permille) {
        return true;
    }
    const std::optional<WallTime> until = file.until_at(goal.key);
    return !until || *until >= *goal.until;
}

/// What a change begins from.
struct Before {
    RuntimeVersion loaded;
    Overrides overrides;
    RuntimeOnDisk on_disk;

    [[nodiscard]] bool is_in_force() const {
        return loaded.version == on_disk.file.version() && overrides.are_as_in(on_disk.file);
    }
};

/// ERRORS: those of Envoy and of the file; absent: there is no RTDS layer.
Task<Result<Before>> look_before(Admin& admin, Instant deadline) {
    Result<RuntimeVersion> loaded = co_await admin.look_at_runtime_version(deadline);
    if (!loaded) {
        co_return std::unexpected(loaded.error());
    }
    if (!loaded->version) {
        co_return fail(Fault::absent,
                       "Envoy has no runtime layer that it reads from a file (RTDS)");
    }
    std::vector<std::string> keys = all_keys(admin.options());
    Result<Overrides> overrides = co_await look_at_overrides(admin, std::move(keys), deadline);
    if (!overrides) {
        co_return std::unexpected(overrides.error());
    }
    Result<RuntimeOnDisk> on_disk = read_runtime(admin.options());
    if (!on_disk) {
        co_return std::unexpected(on_disk.error());
    }
    co_return Before{*std::move(loaded), *std::move(overrides), *std::move(on_disk)};
}

/// Nothing: the order is to be carried out.
std::optional<Outcome> answer_beforehand(const Options& options,
                                         const Before& before,
                                         const SwitchOrder& goal) {
    const RuntimeFile& file = before.on_disk.file;
    if (!before.is_in_force() && !is_ours(file.version())) {
        return file_differs(runtime_path(options.directory), file.version(),
                            *before.loaded.version);
    }
    if (before.is_in_force() && is_so_already(file, goal)) {
        return Outcome{OutcomeKind::done, "it was so already"};
    }
    if (permille_of(goal) > 0 && !has_watchdog(options.directory)) {
        return refused(
            fmt::format("no watchdog would end it again: start `homeostat "
                        "envoy-watchdog --directory {}`",
                        options.directory));
    }
    return std::nullopt;
}

}  // namespace

Result<RuntimeOnDisk> read_runtime(const Options& options) {
    const std::string path = runtime_path(options.directory);
    Result<std::string> text = os::read_file(path, runtime_file_limits.bytes_max);
    if (!text) {
        return std::unexpected(text.error());
    }
    Result<RuntimeFile> file = RuntimeFile::parse(*text);
    if (!file) {
        return fail(path, file.error());
    }
    return RuntimeOnDisk{*std::move(text), *std::move(file)};
}

std::uint32_t Overrides::permille_at(std::string_view key) const {
    const auto found = std::ranges::find(keys, key);
    return found == keys.end() ? 0 : values[static_cast<std::size_t>(found - keys.begin())];
}

bool Overrides::is_as_in(const RuntimeFile& file, std::string_view key) const {
    return file.permille_at(key) == permille_at(key);
}

bool Overrides::are_as_in(const RuntimeFile& file) const {
    return std::ranges::all_of(keys, [&](const std::string& key) { return is_as_in(file, key); });
}

Task<Result<Overrides>> look_at_overrides(Admin& admin,
                                          std::vector<std::string> keys,
                                          Instant deadline) {
    Result<std::vector<std::uint32_t>> values = co_await admin.look_at_runtime(keys, deadline);
    if (!values) {
        co_return std::unexpected(values.error());
    }
    co_return Overrides{std::move(keys), *std::move(values)};
}

Task<Outcome> turn_override(Admin& admin, SwitchOrder goal, EffectId effect, Instant deadline) {
    const Result<net::Turns::Turn> turn = co_await admin.runtime_turns().take(deadline);
    if (!turn) {
        co_return nothing_written(turn.error());
    }
    const Result<Before> before = co_await look_before(admin, deadline);
    if (!before) {
        co_return nothing_written(before.error());
    }
    if (std::optional<Outcome> answer = answer_beforehand(admin.options(), *before, goal)) {
        co_return *std::move(answer);
    }
    const RuntimeFile& file = before->on_disk.file;
    FileChange change{.path = runtime_path(admin.options().directory),
                      .before = before->on_disk.text,
                      .after = {},
                      .version = version_for(effect),
                      .goal = goal,
                      .rejected_total = before->loaded.rejected_total};
    change.after = file.render(change.version, orders_of(before->overrides, file, goal));
    Outcome outcome = co_await carry_out(admin, std::move(change), deadline);
    co_return outcome;
}

}  // namespace homeostat::adapters::envoy
