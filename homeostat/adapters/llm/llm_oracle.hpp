#pragma once

// LlmOracle: the oracle port over a server of a language model.
//
// One forward pass ranks a menu (by OpenAI's API sometimes several): the answer is the whole
// distribution over the permitted labels, so it is well-formed by construction or refused. What the
// model says on evidence that says nothing is measured once, when the server comes up, and reported
// beside each answer: an untuned model prefers one word whatever it reads, and only the difference
// means anything.
//
// The server may hang, lie or die. Each question has a hard deadline and none is repeated; after a
// loss the oracle answers `unreachable` at once, the rules carry on, and run() brings the server
// back within its budget. A model counts as up only after it has answered one real decision.
//
// Not thread-safe; lives on the strand of its executor. At most one request is in flight: two would
// push each other's prompt out of the server's memory.

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/model_client.hpp"
#include "homeostat/adapters/llm/model_file.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/llm/restart_budget.hpp"
#include "homeostat/ports/clock.hpp"
#include "homeostat/ports/oracle.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace homeostat::adapters::llm {

struct LlmSettings {
    /// A server that we start and supervise, or one that runs already.
    std::variant<ModelServerSettings, ModelPlace> server;
    RestartLimits restarts{};
    /// Three, because a busy machine makes single answers late.
    std::uint32_t failures_max{3};
    /// For the decision of the start-up test, which reads the whole prompt on a machine that may
    /// be starting other things as well.
    Duration self_test_within{std::chrono::seconds{20}};
};

class LlmOracle final : public ports::Oracle {
  public:
    /// REQUIRES: `clock` outlives this, and nobody resumes run() or a call after this has gone.
    /// Their frames may still wait in an event loop then: destroying them touches nothing.
    LlmOracle(boost::asio::any_io_executor executor, ports::Clock& clock, LlmSettings settings);
    ~LlmOracle() override;
    LlmOracle(const LlmOracle&) = delete;
    LlmOracle& operator=(const LlmOracle&) = delete;

    /// Starts the server, tests it, watches it and brings it back. Ends when it is cancelled; the
    /// server that we started has ended then too.
    Task<void> run();

    Task<Result<Ranking>> rank(Evidence evidence,
                               std::vector<RemedyKind> kinds,
                               Instant deadline) override;
    [[nodiscard]] std::string state() const override;

    [[nodiscard]] bool is_ready() const { return phase_ == Phase::ready; }
    /// Answers whose fixed prefix was read anew: each cost several times the usual time.
    [[nodiscard]] std::uint32_t cache_misses_count() const { return cache_misses_count_; }
    [[nodiscard]] std::uint32_t restarts_count() const { return restarts_count_; }
    /// The process that we started; 0 if there is none.
    [[nodiscard]] std::int32_t server_pid() const;

  private:
    enum class Phase : std::uint8_t { starting, ready, down };
    struct Turn;
    struct Ending;

    Task<Result<void>> bring_up();
    Task<Result<void>> start_server(ModelServerSettings ours);
    Task<Result<void>> reach_server(ModelPlace theirs);
    Task<Result<void>> learn_name();
    Task<Result<void>> self_test();
    Task<Result<void>> learn_labels(Instant deadline);
    Task<Result<void>> decide_once(Instant deadline);
    Task<Result<void>> measure_neutral(Instant deadline);
    Task<Result<void>> wait_until_answering(Instant deadline);
    Task<std::string> wait_until_lost();
    Task<bool> take_turn(Instant deadline);
    Task<Result<ScoredLabels>> ask(std::string prompt,
                                   std::vector<std::size_t> permitted,
                                   Instant deadline);
    void go_down(std::string why);
    void note_failure(const Error& error);
    void note_answer(const ScoredLabels& scored);
    [[nodiscard]] Ranking ranking_of(const std::vector<RemedyKind>& kinds,
                                     const ScoredLabels& scored) const;

    boost::asio::any_io_executor executor_;
    ports::Clock& clock_;
    LlmSettings settings_;
    std::optional<ModelServer> server_;
    /// Made anew with each server: no connection survives it.
    std::unique_ptr<ModelClient> client_;
    boost::asio::thread_pool file_thread_{1};  ///< Reads files, which blocks.
    boost::asio::steady_timer turn_freed_;     ///< Cancelled when the request in flight is over.
    std::string prompt_digest_;  ///< Of what never changes: what a calibration is for.
    bool is_asking_{false};
    Phase phase_{Phase::starting};
    std::string trouble_;
    ModelFile model_;
    /// Log probability over all kinds, in the order of kinds_all.
    std::array<double, kinds_all.size()> neutral_log_{};
    std::uint32_t failures_count_{0};  ///< In a row.
    std::uint32_t cache_misses_count_{0};
    std::uint32_t restarts_count_{0};
    /// Owned by this alone; frames that may outlive it hold it weakly. Last, so that it goes first.
    std::shared_ptr<const bool> alive_{std::make_shared<const bool>(true)};
};

}  // namespace homeostat::adapters::llm
