#pragma once

// People: the part of an agent that tells people of what it asks and needs, and hears their answers
// by links, wired from the configuration: the channels, the page, and a look at the incidents.
//
// What is open a successor tells of once more, by the same ids; and of what was closed from where a
// cursor beside the ledger stands (notice_cursor.hpp). An answer goes the way of every other one,
// to the executor, which checks it as if it knew nothing of links.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/app/config.hpp"
#include "homeostat/app/matter.hpp"
#include "homeostat/app/notice_cursor.hpp"
#include "homeostat/app/open_cases.hpp"
#include "homeostat/app/silent_sources.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/console/channel.hpp"
#include "homeostat/console/door.hpp"
#include "homeostat/heal/executor_role.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/confirmations.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace homeostat::app {

/// What the agent has that people need. All of it outlives them.
struct PeopleContext {
    boost::asio::any_io_executor executor;
    ports::Clock& clock;
    heal::ExecutorRole& role;
    OpenCases& cases;
    std::function<void(const std::string&)> log;
    /// What each source says that did not answer when it was read last.
    std::function<std::map<std::string, std::string>()> troubles;
};

/// Somebody has to be told, or may answer.
[[nodiscard]] bool has_people(const Config& config);

/// A link is no signature: where somebody has to sign, it takes nothing back, held or not.
[[nodiscard]] bool has_approvers(const Config& config);

/// Of a channel, with its address read and its authorities. ERRORS: of the files, with their key.
[[nodiscard]] Result<console::Target> target_of(const ChannelConfig& channel);

class People {
  public:
    /// REQUIRES: has_people(config). Makes the key of links if there is none.
    /// ERRORS: of the files, with their key.
    [[nodiscard]] static Result<std::unique_ptr<People>> make(const Config& config,
                                                              PeopleContext context);

    /// Serves the page from now on, if there is one. ERRORS: of the address, with its key.
    [[nodiscard]] Result<void> listen();

    /// Whether messages get through by the channel `name` ("notify[0]"): up to the group of the
    /// ledger that was the last one when it was asked to try its path.
    /// ERRORS: absent: it has not answered since; unreachable: what is in the way.
    [[nodiscard]] Result<ports::HeldOutside> last_word(const std::string& name) const;
    void try_path(const std::string& name);

    /// Sends, and looks after what is to be told, until `stop`.
    Task<void> run();
    Task<void> stop(Instant deadline);

  private:
    struct Line {
        std::string name;         ///< "notify[0]".
        std::string cursor_name;  ///< Of the file.
        ChannelConfig config;
        std::unique_ptr<console::Channel> channel;
        NoticeCursor cursor;
        bool is_owed{false};  ///< Something had yet to be taken, at the last look.
        Instant asked_at{};   ///< To try its path, and
        std::optional<ports::Position> asked_behind{};  ///< the end of the ledger then.
    };

    People(const Config& config, PeopleContext context)
        : config_(config), context_(std::move(context)), silent_(config.service) {}
    [[nodiscard]] Result<void> open_page();
    [[nodiscard]] Result<void> open_channels();
    [[nodiscard]] console::Desk desk();
    Task<std::optional<console::Matter>> matter_of(IncidentId incident);
    Task<Result<void>> answer(console::PersonAnswer said);
    Task<std::optional<console::UndoMatter>> undo_of(IncidentId incident);
    Task<Result<IncidentId>> undo(console::PersonUndo said);
    Task<void> look();
    Task<void> look_at_question(heal::IncidentView view);
    void look_at_need(const heal::IncidentView& view);
    void tell(console::Notice notice, std::optional<std::uint64_t> closed_in = {});
    void tell_of_acts();
    void tell_of_closed();
    void keep_cursors();
    [[nodiscard]] console::Notice with_links(console::Notice notice,
                                             const ChannelConfig& channel) const;
    [[nodiscard]] WallTime on_the_wall(Instant at) const;

    const Config& config_;
    PeopleContext context_;
    std::optional<console::WebAddress> page_;  ///< How people reach it.
    console::LinkKey key_{};
    std::unique_ptr<console::Door> door_;
    std::unique_ptr<net::HttpServer> server_;
    std::vector<Line> lines_;
    std::map<IncidentId, ToldOfIncident> told_;
    std::set<std::string> acts_told_;  ///< Ids of the notices of what may be taken back now.
    SilentSources silent_;
    std::uint64_t looked_at_{0};  ///< So many groups of the ledger, at the last look.
    NoticeCursors cursors_kept_;
    Instant cursors_kept_at_{};
    bool is_cursor_trouble_told_{false};
    bool is_stopping_{false};
};

}  // namespace homeostat::app
