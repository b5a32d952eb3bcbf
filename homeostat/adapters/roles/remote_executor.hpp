#pragma once

// RemoteExecutor: the executor as the agent has it when that is another process.
//
// Every letter goes over one kept connection, one at a time and in order. A look is sent several
// times a second, and each reply brings how everything stands; between two of them that is what the
// agent is told. While no reply comes the agent is told that everything is in hand, so that it
// proposes nothing and clears nothing; what it sees goes on. A letter is given up after a second
// and never sent twice: what became of it stands in the next reply.
//
// The executor says which life of its own it is in and which of ours it has heard of last: our
// letters begin anew with either. Each names the stamp of its last reply, without which it is not
// taken: after a silence it says what the stamp is, and the letter is written again. So nothing has
// to be stored here, and an agent can run from a file system that it may not write. Instants are
// translated where the two are in different boots; in one boot they have one clock.
//
// Not thread-safe; lives on the strand of its executor, and is there until that ends.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/adapters/roles/letter_book.hpp"
#include "homeostat/adapters/roles/reply.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/artifact.hpp"
#include "homeostat/mesh/ed25519.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/http_client.hpp"
#include "homeostat/net/turns.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/executor.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

struct RemoteSettings {
    ServiceId service;
    Scope scope{};  ///< Of what this agent speaks.
    mesh::SigningSeed seed{};
    std::string boot_id;  ///< Our own.
    /// Whether the subject was well when this agent looked last: only then it says that a symptom
    /// has gone. Empty: whenever it sees none.
    std::function<bool(const Symptom&)> has_seen_well;
    /// What the executor is to show people of this agent: sources that do not answer, and the like.
    std::function<std::vector<std::string>()> troubles;
    /// Told of each reply's places. Empty: nobody follows them.
    std::function<void(const std::vector<Place>&)> follow;
    std::function<void(const std::string&)> log;
};

class RemoteExecutor final : public ports::Executor {
  public:
    /// REQUIRES: `clock` outlives it.
    RemoteExecutor(boost::asio::any_io_executor strand,
                   net::Endpoint executor,
                   ports::Clock& clock,
                   RemoteSettings settings);

    /// Looks until `stop`.
    Task<void> run();
    void stop();

    /// Looks once, now. True: the executor answers.
    Task<bool> look();

    [[nodiscard]] std::optional<Standing> standing(const Symptom& symptom) const override;
    [[nodiscard]] std::vector<Symptom> open_symptoms() const override;
    Task<Result<Standing>> submit(Proposal proposal) override;
    Task<void> clear(Symptom symptom) override;
    /// One that came from the executor is given back as it is.
    Task<Result<Change>> note(Change change) override;

    /// Whether a reply has come just now.
    [[nodiscard]] bool is_answering(Instant now) const;
    /// Why none comes; empty: they do.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }
    [[nodiscard]] std::uint64_t epoch() const { return epoch_; }
    /// What the executor's ledger last said of the current versions; empty: it never did, or no
    /// reply has come.
    [[nodiscard]] const PerArtifact<VersionId>& versions_seen() const { return versions_seen_; }
    /// Changes that the executor knows and this agent did not, each once.
    [[nodiscard]] std::vector<Change> take_changes();

  private:
    /// By what a symptom is the same one at the next look.
    using Which = std::pair<SymptomKind, Subject>;

    Task<Result<Reply>> send(LetterBody body);
    Task<Result<Reply>> send_once(const LetterBody& body, Instant deadline);
    [[nodiscard]] Result<std::string> sealed(const LetterBody& body);
    [[nodiscard]] bool begins_anew(const Reply& reply);
    void take(const Reply& reply, Instant sent_at);
    void take_changes_of(const Reply& reply);
    void set_trouble(std::string trouble);
    [[nodiscard]] LetterBody to_executor(LetterBody body) const;
    void move(Symptom& symptom) const;
    [[nodiscard]] Instant to_ours(Instant executors) const { return executors - ahead_; }

    boost::asio::any_io_executor strand_;
    ports::Clock& clock_;
    RemoteSettings settings_;
    std::string agent_;  ///< Our public key.
    net::HttpClient client_;
    net::Turns turns_;
    boost::asio::steady_timer pause_;  ///< Between two looks.
    std::string life_;                 ///< Of the executor; empty: not heard of yet.
    std::string stamp_;                ///< The executor's last.
    std::uint64_t epoch_{0};
    std::uint64_t sequence_{0};
    std::optional<Instant> stands_back_until_{};  ///< Another process has our key.
    Duration ahead_{};                            ///< The executor's clock, before ours.
    std::optional<Instant> answered_at_{};
    std::string trouble_{"it has not answered yet"};
    std::map<Which, std::optional<Standing>> standings_;
    std::vector<Symptom> open_;
    PerArtifact<VersionId> versions_seen_;
    std::set<std::pair<ChangeId, Instant>> changes_known_;  ///< Of the executor, by its clock.
    std::deque<Change> changes_new_;
    std::set<ChangeId> changes_given_;   ///< To our own diagnosis, which notes them like any.
    std::deque<Change> changes_unsure_;  ///< Noted, and no reply came.
    /// What the agent asks about, and when it last did. The question itself changes nothing.
    mutable std::map<Which, std::pair<Symptom, Instant>> asked_;
    std::map<Which, Instant> cleared_at_;
    Bucket clears_;
    bool is_stopping_{false};
};

}  // namespace homeostat::adapters::roles
