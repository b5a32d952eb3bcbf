#pragma once

// IncidentWriter: keeps an Incident object of each incident as the ledger has it.
//
// It is told how each should be and brings the cluster there: only the latest counts, by a
// server-side apply that says all of it, so a reply that was lost is asked for again and a server
// that was away catches up. Nothing waits for it. What cannot be written is told of once and tried
// again later; it changes nothing else. An object whose fields somebody else has taken is left to
// them: never forced.
//
// Objects are kept for the last so many incidents. Older ones are deleted if they bear the label of
// our own ledger, and no others. The last state of each is written before: where we may not list or
// delete, what stays there is over, and not open for ever.
//
// The choice not taken: a queue, as of Events. A missed Event is a missed line; a missed state of
// an object would be a wrong one for ever.
//
// Lives on one strand.

#include "homeostat/adapters/kubernetes/api_client.hpp"
#include "homeostat/adapters/kubernetes/incident_object.hpp"
#include "homeostat/adapters/kubernetes/options.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/ports/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace homeostat::adapters::kubernetes {

struct IncidentWriterOptions {
    /// The Deployment's, empty while it is not known; the objects wait for it.
    std::function<std::string()> uid;
    /// Told once of each trouble that is another than the last, and when all is well again.
    std::function<void(const std::string&)> log;
    Duration answer_within{std::chrono::seconds{5}};  ///< For one request.
    Duration pause{std::chrono::seconds{2}};          ///< After a failure; doubled by each more.
    Duration pause_max{std::chrono::seconds{30}};     ///< Whatever the server asks.
    Duration put_off{std::chrono::seconds{30}};       ///< Of an object that alone was refused.
    Duration look_every{std::chrono::milliseconds{500}};  ///< For something new to write.
};

class IncidentWriter {
  public:
    /// REQUIRES: the first three outlive it.
    IncidentWriter(ApiClient& api,
                   ports::Clock& clock,
                   const Options& place,
                   IncidentWriterOptions options);

    /// This is how they all should be; others of the same ledger are deleted. Never waits.
    void want(const std::vector<IncidentObject>& objects);

    /// Writes until stop(). Once, in a task of its own.
    Task<void> run();
    void stop() { is_stopping_ = true; }

    /// Objects that are not in the cluster as they should be, as far as we know.
    [[nodiscard]] std::size_t unwritten_count() const;
    /// Requests that were refused or not answered, since the start.
    [[nodiscard]] std::uint64_t failures_count() const { return failures_count_; }
    /// Of the last one; empty: it went well.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

  private:
    enum class Step : std::uint8_t { done, put_off, failed };
    /// One object: what it should be, and how far the cluster has it.
    struct Kept {
        IncidentObject object;
        std::string status;       ///< As it is sent.
        std::string status_sent;  ///< That the server took.
        bool is_made{false};      ///< It was there when we wrote last.
        bool is_wanted{true};     ///< Else it goes once the cluster has its last state.
        /// It is somebody else's now, or none that the kind or a policy admits: not before then.
        Instant again_at{};
    };

    /// What is wanted no more and owes the cluster nothing.
    void forget();
    [[nodiscard]] bool is_due(const Kept& kept) const;
    [[nodiscard]] bool has_work() const;
    Task<Step> work(std::string uid);
    Task<Step> write(std::string name, std::string uid);
    Task<Step> write_status(std::string name, bool is_just_made);
    Task<Step> clear();
    Task<Step> remove(std::string name, std::string uid);
    Task<Result<ApiReply>> apply(std::string path, std::string body);
    /// What a write came to, for the object of that name.
    Step settle(const Result<ApiReply>& reply, const std::string& name);
    Step fail_with(const Result<ApiReply>& reply);
    void note(std::string trouble);
    [[nodiscard]] Instant next_try() const;

    ApiClient& api_;
    ports::Clock& clock_;
    const Options& place_;
    IncidentWriterOptions options_;
    std::map<std::string, Kept> kept_;  ///< By name.
    std::string ledger_;                ///< Whose objects these are; empty: none were wanted yet.
    bool is_clearing_due_{false};       ///< There may be objects that are wanted no more.
    std::uint64_t failures_count_{0};
    std::uint32_t failures_in_a_row_{0};
    Duration asked_for_{};  ///< By the server, with its last failure.
    std::string trouble_;
    bool is_stopping_{false};
};

}  // namespace homeostat::adapters::kubernetes
