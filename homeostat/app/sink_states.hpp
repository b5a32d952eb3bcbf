#pragma once

// SinkStates: how the sinks are, as homeostat-shipper writes it into a small file and everybody
// else reads it: `status`, the metrics, `doctor`. Nothing is decided by it.
//
// Pure but for reading and writing the file. Thread-safe.

#include "homeostat/app/config.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

enum class SinkStanding : std::uint8_t {
    starting,   ///< It has not said yet how far it is.
    following,  ///< It has all there is, or is sent what it lacks.
    retrying,   ///< It cannot be reached just now; see `trouble`.
    stopped,    ///< A person has to look; see `trouble`. Nothing is sent any more.
};

constexpr auto names_of(std::type_identity<SinkStanding>) {
    return std::to_array<std::string_view>({"starting", "following", "retrying", "stopped"});
}

struct SinkState {
    std::string name;
    std::string kind;  ///< postgres · nats · webhook
    SinkStanding standing{SinkStanding::starting};
    std::optional<std::uint64_t> next_group{};   ///< The first one that it lacks, once it is known.
    std::optional<std::uint64_t> lag_groups{};   ///< That it lacks; absent while it is not known.
    std::optional<std::uint64_t> lag_seconds{};  ///< How old the oldest of these is.
    std::uint64_t entries_sent{0};               ///< Confirmed, since the shipper's start.
    std::uint64_t groups_missed{0};  ///< Dropped by age before they were sent, since then.
    std::string trouble{};           ///< Empty: there is none.

    static void fields(auto& self, auto&& field) {
        field("name", self.name);
        field("kind", self.kind);
        field("standing", self.standing);
        field("next_group", self.next_group);
        field("lag_groups", self.lag_groups);
        field("lag_seconds", self.lag_seconds);
        field("entries_sent", self.entries_sent);
        field("groups_missed", self.groups_missed);
        field("trouble", self.trouble);
    }
    friend bool operator==(const SinkState&, const SinkState&) = default;
};

struct SinkStates {
    WallTime at{};  ///< When it was written: every few seconds while the shipper runs.
    std::int32_t pid{0};
    std::vector<SinkState> sinks;

    static void fields(auto& self, auto&& field) {
        field("at_wall_ms", self.at);
        field("pid", self.pid);
        field("sinks", self.sinks);
    }
};

/// An older file is of a shipper that is dead, or hangs.
constexpr Duration sink_states_good_for{std::chrono::seconds{30}};

[[nodiscard]] std::filesystem::path sink_states_file(const Config& config);

[[nodiscard]] Result<void> write_sink_states(const std::filesystem::path& file,
                                             const SinkStates& states);

/// As it was written last. ERRORS: absent: no shipper has run yet; corrupt.
[[nodiscard]] Result<SinkStates> read_sink_states(const std::filesystem::path& file);

/// One for each sink that is configured, for people and metrics: where the file says nothing of it,
/// or is too old, the trouble says so.
[[nodiscard]] std::vector<SinkState> sink_states_now(const Config& config, WallTime now);

/// Asks for these again at each call; empty where no sinks are configured.
[[nodiscard]] std::function<std::vector<SinkState>()> sink_reader_of(const Config& config);

[[nodiscard]] std::string_view kind_of(const SinkConfig& sink);

}  // namespace homeostat::app
