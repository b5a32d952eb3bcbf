#pragma once

// LetterDesk: the executor's side of the door between two processes. Takes letters, hands what they
// say to the role, answers with how everything stands.
//
// The role trusts no proposal, and the desk makes sure that there is nothing else to trust: who
// signed it, that it is new, whose service it is about; moments that cannot be are moved to where
// they can, a limit of slowness below any that is ever found is raised to that, and what only the
// executor itself may say is refused. What is thrown away is counted and told of once in a while.
//
// Several agents may speak: of the whole, or of some instances only (scope.hpp). One of some says
// nothing of the others, neither by a word nor by leaving them out; what several say of one symptom
// voices.hpp puts together. Nor does it offer what touches more than it sees.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/adapters/roles/letter_book.hpp"
#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/adapters/roles/scope.hpp"
#include "homeostat/adapters/roles/voices.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/mesh/ed25519.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/executor.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

/// Whose letters are read, and of what they may speak.
struct DeskAgent {
    mesh::PublicKey key{};
    ScopeKind speaks_for{ScopeKind::whole};
};

struct DeskSettings {
    ServiceId service;
    std::vector<DeskAgent> agents;
    std::string life;  ///< Drawn at the start, and never the same again.
    std::string boot_id;
    /// A word that nobody can foresee, another one each time.
    std::function<std::string()> draw;
    double latency_limit_ms_min{0};        ///< No detector of ours calls less than this slow.
    std::vector<Change> changes_before{};  ///< What the ledger told of when this began.
    /// What it last said of an artifact's current version.
    std::function<PerArtifact<VersionId>()> versions_seen;
    /// Which pod stands for which instance.
    std::function<std::vector<Place>()> places;
    /// Which instances are there now, by the executor's own inventory. Empty: no scope is known.
    std::function<std::vector<InstanceId>(const Scope&)> instances_at{};
    /// What an open incident is about. Empty: agents of some instances give no second opinion.
    std::function<std::optional<Symptom>(const IncidentId&)> symptom_of{};
    std::function<void(const std::string&)> log;
};

/// What is known of an agent, for people.
struct AgentSeen {
    std::string agent;  ///< The first digits of its key.
    std::string scope;  ///< "the whole", "pod payments-7d9f-x2x".
    std::uint64_t epoch{0};
    double heard_s_ago{0};
    bool is_speaking{false};  ///< It was heard within the last seconds.
    std::vector<Symptom> symptoms{};
    std::vector<std::string> troubles{};

    static void fields(auto& self, auto&& field) {
        field("agent", self.agent);
        field("scope", self.scope);
        field("epoch", self.epoch);
        field("heard_s_ago", self.heard_s_ago);
        field("is_speaking", self.is_speaking);
        field("symptoms", self.symptoms);
        field("troubles", self.troubles);
    }
};

/// What an HTTP server for letters has to bound. `hears_some`: agents of some instances are listed,
/// one for each of which may keep a connection.
[[nodiscard]] net::HttpServerLimits desk_limits(bool hears_some = false);

class LetterDesk {
  public:
    /// `executor` and `clock` outlive it.
    LetterDesk(ports::Executor& executor, ports::Clock& clock, DeskSettings settings);

    Task<net::HttpResponse> answer(net::HttpRequest request);

    /// A change that somebody told the executor of: recorded, then known to the agents.
    Task<Result<Change>> note(Change change);

    [[nodiscard]] std::vector<AgentSeen> agents(Instant now) const;
    [[nodiscard]] std::vector<Change> changes() const { return {changes_.begin(), changes_.end()}; }
    [[nodiscard]] std::uint64_t discarded_count(Discard why) const {
        return discarded_counts_.at(static_cast<std::size_t>(why));
    }
    [[nodiscard]] std::map<std::string, std::uint64_t> discarded() const;

  private:
    /// Whose letter it is, and what their word counts for now.
    struct Speaker {
        std::string agent;  ///< Its key.
        std::string voice;
        Scope scope{};
        Coverage covers{};
    };
    /// What was heard of one agent.
    struct Heard {
        std::string agent;
        Scope scope{};
        Instant at{};
        std::vector<Symptom> symptoms{};
        std::vector<std::string> troubles{};
        std::uint64_t told_epoch{0};
    };
    /// Those of a key: an agent beside each pod may have the same.
    struct Paces {
        Bucket proposals;
        Bucket notes;
    };

    [[nodiscard]] std::optional<Discard> admit(const Letter& letter, Instant now);
    [[nodiscard]] Coverage coverage_of(const Scope& scope) const;
    [[nodiscard]] bool may_speak(const std::string& voice, const Symptom& symptom) const;
    [[nodiscard]] Heard& heard_of(const Speaker& speaker, Instant now);
    [[nodiscard]] Paces& paces_of(const std::string& agent);
    /// By whose fault there may be too many, before anything is checked.
    [[nodiscard]] Bucket& knocks_of(const net::HttpRequest& request, Instant now);
    [[nodiscard]] Reply reply_to_known(std::uint64_t epoch) const;
    net::HttpResponse discard(Discard why, const Letter* letter, Instant now);
    void look(const Speaker& speaker, Look said);
    void hear_present(const Speaker& speaker, std::span<const Symptom> symptoms);
    Task<void> submit(Speaker speaker, Submit said, Reply& reply);
    Task<void> clear(Speaker speaker, Clear said, Reply& reply);
    Task<void> clear_where_nobody_stands();
    Task<void> take_note(Speaker speaker, Note said, Reply& reply);
    Task<void> carry_out(Letter letter, Reply& reply);
    [[nodiscard]] std::string objection_to(const Speaker& speaker, const Proposal& proposal) const;
    [[nodiscard]] std::optional<Standing> standing_for(const Speaker& speaker,
                                                       const Symptom& symptom) const;
    void add_view(const Speaker& speaker, const Symptom* besides, Reply& reply) const;
    [[nodiscard]] Proposal fitted(Proposal proposal, Instant now) const;
    void remember(const Change& change);

    ports::Executor& executor_;
    ports::Clock& clock_;
    DeskSettings settings_;
    LetterBook book_;
    Voices voices_;
    std::map<std::string, Heard> heard_;  ///< By voice.
    std::map<std::string, Paces> paces_;  ///< By key.
    std::vector<mesh::PublicKey> keys_;
    bool hears_some_{false};                ///< An agent of some instances is listed.
    std::optional<Instant> heard_since_{};  ///< When it took its first letter.
    std::optional<Instant> looked_at_slots_{};
    std::vector<std::string> agents_;          ///< Their keys, as letters name them.
    std::map<std::string, Bucket> known_;      ///< Whoever has read our last replies, by key.
    std::map<std::string, Bucket> strangers_;  ///< Whoever else knocks, by user and key named.
    std::deque<Change> changes_;               ///< The latest, oldest first.
    std::array<std::uint64_t, discards_count> discarded_counts_{};
    std::array<std::optional<Instant>, discards_count> told_of_{};
    std::optional<Instant> told_of_pace_{};   ///< Of proposals.
    std::optional<Instant> told_of_scope_{};  ///< Of words beyond it.
};

}  // namespace homeostat::adapters::roles
