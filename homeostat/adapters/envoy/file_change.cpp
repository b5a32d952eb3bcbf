#include "homeostat/adapters/envoy/file_change.hpp"

#include "homeostat/os/clock.hpp"
#include "homeostat/os/file.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

namespace homeostat::adapters::envoy {

namespace {

constexpr std::string_view our_version = "h-";       // And the effect's id behind it.
constexpr std::string_view watchdog_version = "w-";  // SOURCE: watchdog.cpp.

constexpr int puts_max = 3;
/// Measured: seen after 2 ms, after 46 ms at the worst on a busy machine.
constexpr Duration put_again_after = std::chrono::milliseconds{100};
constexpr Duration pause_min = std::chrono::milliseconds{1};
constexpr Duration pause_max = std::chrono::milliseconds{16};

struct Seen {
    bool has_version{false};
    bool is_reached{false};
    bool is_rejected{false};
};

Task<void> pause_for(boost::asio::any_io_executor executor, Duration span) {
    boost::asio::steady_timer timer(executor, span);
    boost::system::error_code error;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, error));
}

Seen seen_in(const FileChange& change, const EndpointOrder& goal, const Look& look) {
    const ClusterView& own = look.clusters.front();
    const HostView* host = find_host(own, goal.hostname);
    return {.has_version = own.version == change.version,
            .is_reached = host != nullptr && host->order == goal.order,
            .is_rejected = own.rejected_total > change.rejected_total};
}

/// The value is asked for once the version is there, which an unchanged value does not show.
Task<Result<Seen>> see_override(Admin& admin,
                                const FileChange& change,
                                SwitchOrder goal,
                                Instant deadline) {
    const Result<RuntimeVersion> loaded = co_await admin.look_at_runtime_version(deadline);
    if (!loaded) {
        co_return std::unexpected(loaded.error());
    }
    Seen seen{.has_version = loaded->version == change.version,
              .is_reached = false,
              .is_rejected = loaded->rejected_total > change.rejected_total};
    if (!seen.has_version) {
        co_return seen;
    }
    std::vector<std::string> keys{goal.key};
    const Result<std::vector<std::uint32_t>> values =
        co_await admin.look_at_runtime(std::move(keys), deadline);
    if (!values) {
        co_return std::unexpected(values.error());
    }
    seen.is_reached = values->front() == permille_of(goal);
    co_return seen;
}

Task<Result<Seen>> see_sources(Admin& admin, const FileChange& change, Instant deadline) {
    const Result<SourcesReply> loaded = co_await admin.look_at_sources(deadline);
    if (!loaded) {
        co_return std::unexpected(loaded.error());
    }
    co_return Seen{.has_version = loaded->version == change.version,
                   .is_reached = true,
                   .is_rejected = loaded->rejected_total > change.rejected_total};
}

Task<Result<Seen>> see(Admin& admin, const FileChange& change, Instant deadline) {
    if (std::holds_alternative<SourcesGoal>(change.goal)) {
        Result<Seen> seen = co_await see_sources(admin, change, deadline);
        co_return seen;
    }
    if (const auto* goal = std::get_if<SwitchOrder>(&change.goal)) {
        Result<Seen> seen = co_await see_override(admin, change, *goal, deadline);
        co_return seen;
    }
    const Result<Look> look = co_await admin.look(deadline);
    if (!look) {
        co_return std::unexpected(look.error());
    }
    co_return seen_in(change, std::get<EndpointOrder>(change.goal), *look);
}

/// An error after the rename is no reason to believe that nothing was written.
Result<void> put(const std::string& path, const std::string& text) {
    Result<void> written = os::write_file_atomically(path, text);
    if (!written) {
        const Result<std::string> found = os::read_file(path, text.size());
        return found && *found == text ? Result<void>{} : written;
    }
    return written;
}

Outcome not_written(const Error& error, bool is_first) {
    return is_first ? nothing_written(error)
                    : Outcome{OutcomeKind::unknown, "it could not be put again: " + error.text};
}

Outcome rejected(const FileChange& change) {
    const Result<void> back = put(change.path, change.before);
    return {
        OutcomeKind::refused,
        fmt::format("Envoy rejected {} (its update_rejected rose; its log says why) and goes on "
                    "as before; {}",
                    change.path,
                    back ? "the file is as it was again"
                         : "the file could not be put back: " + back.error().text)};
}

/// Asks until Envoy has taken or refused the file, or `until`. Nothing: it has done neither.
Task<Result<std::optional<Seen>>> wait_for_it(Admin& admin,
                                              const FileChange& change,
                                              Instant until,
                                              Instant deadline) {
    Duration pause = pause_min;
    while (true) {
        const Result<Seen> seen = co_await see(admin, change, deadline);
        if (!seen && seen.error().fault == Fault::late) {
            co_return std::optional<Seen>{};  // An Envoy that hangs says as little as a silent one.
        }
        if (!seen) {
            co_return std::unexpected(seen.error());
        }
        if (seen->is_rejected || (seen->has_version && seen->is_reached)) {
            co_return std::optional(*seen);
        }
        if (os::read_boot_clock() + pause >= until) {
            co_return std::optional<Seen>{};
        }
        co_await pause_for(admin.executor(), pause);
        pause = std::min(pause * 2, pause_max);
    }
}

}  // namespace

std::string version_for(const EffectId& effect) {
    return std::string(our_version) + effect.text();
}

bool is_ours(std::string_view version) {
    return version.starts_with(our_version) || version.starts_with(watchdog_version);
}

Outcome refused(std::string because) {
    return {OutcomeKind::refused, std::move(because)};
}

Outcome nothing_written(const Error& error) {
    return refused("nothing was written: " + error.text);
}

Outcome file_differs(std::string_view path, std::string_view in_file, std::string_view in_envoy) {
    return refused(
        fmt::format("nothing was written: {} (version '{}') is not what Envoy has "
                    "(version '{}'); rename the file that you want onto it",
                    path, in_file, in_envoy));
}

Task<Outcome> carry_out(Admin& admin, FileChange change, Instant deadline) {
    for (int count = 1; count <= puts_max; ++count) {
        if (const Result<void> written = put(change.path, change.after); !written) {
            co_return not_written(written.error(), count == 1);
        }
        const Instant until = count == puts_max
                                  ? deadline
                                  : std::min(deadline, os::read_boot_clock() + put_again_after);
        const Result<std::optional<Seen>> seen =
            co_await wait_for_it(admin, change, until, deadline);
        if (!seen) {
            co_return Outcome{OutcomeKind::unknown, fmt::format("{} is written, then: {}",
                                                                change.path, seen.error().text)};
        }
        if (*seen) {
            co_return (*seen)->is_rejected ? rejected(change)
                                           : Outcome{OutcomeKind::done, "Envoy reports it"};
        }
        if (os::read_boot_clock() >= deadline) {
            break;
        }
    }
    co_return Outcome{OutcomeKind::unknown,
                      fmt::format("{} is written, but Envoy does not report its version {}",
                                  change.path, change.version)};
}

}  // namespace homeostat::adapters::envoy
