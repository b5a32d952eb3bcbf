#pragma once

// OwnStart: a note of this start in a file beside the ledger, LEDGER.starts, which goes when the
// agent ends in order.
//
// What stays is of agents that were killed or broke down. Whoever breaks down again and again may
// do so by what it does: at the third start in ten minutes it engages its own kill switch, so it
// only watches until a person says otherwise. That is durable, told of everywhere, and people know
// how to lift it.
//
// Not by the ledger's `started`: an agent that breaks down over its ledger writes none, and nothing
// there tells an end in order from a death.
//
// Not thread-safe; whoever notes a start holds the service's lock.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/os/kept_path.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

constexpr Duration crash_loop_within = std::chrono::minutes{10};

struct AgentStart {
    std::string boot_id;
    Instant at{};
    WallTime wall_at{};

    static void fields(auto& self, auto&& field) {
        field("boot_id", self.boot_id);
        field("at", self.at);
        field("wall_at", self.wall_at);
    }
    friend bool operator==(const AgentStart&, const AgentStart&) = default;
};

/// More than may be asked for.
constexpr std::size_t starts_kept_max = 128;
constexpr std::size_t starts_bytes_max = std::size_t{64} << 10U;

/// Of the ledger in that directory.
[[nodiscard]] std::filesystem::path starts_file_of(const std::filesystem::path& ledger);

/// ERRORS: invalid, naming what.
[[nodiscard]] Result<std::vector<AgentStart>> parse_starts(std::string_view text);

/// Those of the ten minutes before `now`. Boots have no other clock in common than the wall's: what
/// seems to be still to come counts, since that was set. Pure.
[[nodiscard]] std::vector<AgentStart> starts_lately(std::vector<AgentStart> starts,
                                                    const AgentStart& now);

struct StartPlace {
    std::filesystem::path file;
    std::filesystem::path switch_file;
    std::uint32_t loop_starts{3};  ///< This one among them. 0: nothing is noted.
};

class OwnStart {
  public:
    /// Notes it, and engages the switch where it makes a crash loop; a file that cannot be read may
    /// tell of one. A note that cannot be written is none. ERRORS: full: the switch; then nothing
    /// may begin.
    [[nodiscard]] static Result<std::unique_ptr<OwnStart>> note(const StartPlace& place,
                                                                AgentStart now);

    ~OwnStart();  ///< In order: this start is forgotten.
    OwnStart(const OwnStart&) = delete;
    OwnStart& operator=(const OwnStart&) = delete;

    /// Why the switch was engaged; empty: it was not.
    [[nodiscard]] const std::string& loop() const { return loop_; }

    /// Why nothing could be noted; empty: it was.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    OwnStart(const std::filesystem::path& file, AgentStart own)
        : file_(file), own_(std::move(own)) {}

    os::KeptPath file_;
    AgentStart own_;
    bool is_noted_{false};
    std::string loop_;
    std::string trouble_;
};

}  // namespace homeostat::app
