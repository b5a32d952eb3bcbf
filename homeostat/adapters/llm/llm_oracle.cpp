#include "homeostat/adapters/llm/llm_oracle.hpp"

#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/prompt.hpp"
#include "homeostat/base/ensure.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <utility>

// The oracle at work: asking, and what an answer means. How the server comes up, is
// tested, lost and brought back stands in llm_oracle_life.cpp.

namespace homeostat::adapters::llm {

namespace asio = boost::asio;

namespace {

std::size_t place_of(RemedyKind kind) {
    const auto* const place = std::ranges::find(kinds_all, kind);
    ensure(place != kinds_all.end(), "every remedy kind has a label");
    return static_cast<std::size_t>(place - kinds_all.begin());
}

}  // namespace

// Holds the server for one request; waiting requests are woken when it goes.
struct LlmOracle::Turn {
    explicit Turn(LlmOracle& of) : oracle(of), alive(of.alive_) { oracle.is_asking_ = true; }
    ~Turn() {
        if (alive.expired()) {
            return;
        }
        oracle.is_asking_ = false;
        oracle.turn_freed_.cancel();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    LlmOracle& oracle;
    std::weak_ptr<const bool> alive;
};

LlmOracle::LlmOracle(asio::any_io_executor executor, ports::Clock& clock, LlmSettings settings)
    : executor_(std::move(executor)),
      clock_(clock),
      settings_(std::move(settings)),
      turn_freed_(executor_),
      prompt_digest_(sha256_of(prompt_fixed_text())) {}

LlmOracle::~LlmOracle() = default;

std::int32_t LlmOracle::server_pid() const {
    return server_ ? server_->pid() : 0;
}

Task<bool> LlmOracle::take_turn(Instant deadline) {
    using asio::experimental::awaitable_operators::operator||;
    while (is_asking_) {
        if (clock_.now() >= deadline) {
            co_return false;
        }
        boost::system::error_code woken;
        turn_freed_.expires_at(asio::steady_timer::time_point::max());
        co_await (turn_freed_.async_wait(asio::redirect_error(asio::use_awaitable, woken)) ||
                  clock_.sleep_until(deadline));
    }
    co_return true;
}

Task<Result<Ranking>> LlmOracle::rank(Evidence evidence,
                                      std::vector<RemedyKind> kinds,
                                      Instant deadline) {
    ensure(kinds.size() >= 2, "a question has at least two answers");
    if (phase_ != Phase::ready) {
        co_return fail(Fault::unreachable, "the model is " + state());
    }
    const Instant asked_at = clock_.now();
    std::string prompt = prompt_for(evidence);
    prompt += prompt_question();
    std::vector<std::size_t> permitted;
    permitted.reserve(kinds.size());
    for (const RemedyKind kind : kinds) {
        permitted.push_back(place_of(kind));
    }
    const Result<ScoredLabels> scored =
        co_await ask(std::move(prompt), std::move(permitted), deadline);
    if (!scored) {
        co_return std::unexpected(scored.error());
    }
    Ranking ranking = ranking_of(kinds, *scored);
    ranking.took = clock_.now() - asked_at;
    ranking.evidence_digest = digest_of(evidence);
    co_return ranking;
}

Task<Result<ScoredLabels>> LlmOracle::ask(std::string prompt,
                                          std::vector<std::size_t> permitted,
                                          Instant deadline) {
    const bool has_turn = co_await take_turn(deadline);
    if (!has_turn) {
        co_return fail(
            Fault::late,
            "the model server was still at an earlier question when the deadline passed");
    }
    if (client_ == nullptr) {
        co_return fail(Fault::unreachable, "the model is " + state());
    }
    const Turn turn(*this);
    Result<ScoredLabels> scored =
        co_await client_->score(std::move(prompt), std::move(permitted), deadline);
    if (scored) {
        note_answer(*scored);
    } else {
        note_failure(scored.error());
    }
    co_return scored;
}

Ranking LlmOracle::ranking_of(const std::vector<RemedyKind>& kinds,
                              const ScoredLabels& scored) const {
    // The softmax over fewer labels is the softmax over all of them, scaled: one measurement of the
    // neutral evidence therefore serves every menu.
    double neutral_sum = 0;
    for (const RemedyKind kind : kinds) {
        neutral_sum += std::exp(neutral_log_[place_of(kind)]);
    }
    Ranking ranking;
    for (std::size_t index = 0; index < kinds.size(); ++index) {
        ranking.kinds.push_back(RankedKind{
            .kind = kinds[index],
            .log_probability = log_of_probability(scored.probabilities[index]),
            .neutral_log_probability = neutral_log_[place_of(kinds[index])] - std::log(neutral_sum),
        });
    }
    ranking.model = fmt::format("{} sha256:{}", model_.name, model_.sha256);
    ranking.prompt_digest = prompt_digest_;
    ranking.tokens_cached_count = scored.tokens_cached_count.value_or(0);
    ranking.tokens_fresh_count = scored.tokens_fresh_count;
    return ranking;
}

void LlmOracle::note_answer(const ScoredLabels& scored) {
    failures_count_ = 0;
    if (scored.tokens_cached_count == 0U) {
        ++cache_misses_count_;
        spdlog::warn("model_cache_missed count={} tokens_fresh={}", cache_misses_count_,
                     scored.tokens_fresh_count);
    }
}

void LlmOracle::note_failure(const Error& error) {
    ++failures_count_;
    spdlog::warn("model_failed fault={} in_a_row={} text=\"{}\"",
                 names_of(std::type_identity<Fault>{})[static_cast<std::size_t>(error.fault)],
                 failures_count_, error.text);
    if (failures_count_ >= settings_.failures_max || error.fault == Fault::unreachable) {
        go_down(error.text);
    }
}

std::string LlmOracle::state() const {
    switch (phase_) {
        case Phase::starting:
            return "starting";
        case Phase::ready:
            return "ready: " + model_.name;
        case Phase::down:
            return "down: " + trouble_;
    }
    return "down";
}

}  // namespace homeostat::adapters::llm
