#include "homeostat/adapters/llm/label.hpp"
#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_token.hpp"
#include "homeostat/adapters/llm/prompt.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string_view>
#include <utility>

// The oracle's life: its server comes up, is tested, watched, lost and brought back.

namespace homeostat::adapters::llm {

namespace asio = boost::asio;

namespace {

constexpr Duration look_every = std::chrono::milliseconds{200};
constexpr Duration health_within = std::chrono::seconds{1};
// Between two tries at a server that is not ours to restart, or at a file that somebody must mend.
constexpr Duration look_again_after = std::chrono::seconds{5};
// A server that hangs is told from one that is starved of processor time by this much patience.
constexpr Duration retest_within = std::chrono::seconds{5};

// A plain case for the start-up test. Any well-formed answer passes: this model is a poor judge.
constexpr std::string_view test_line = "error ratio 4.0 percent, usual 0.0";

std::string question_about(std::string_view line) {
    return prompt_for(Evidence{.lines = {std::string(line)}}) + std::string(prompt_question());
}

/// Of every label.
std::vector<std::size_t> every_place() {
    std::vector<std::size_t> places(kinds_all.size());
    std::iota(places.begin(), places.end(), std::size_t{0});
    return places;
}

Task<Result<ModelFile>> read_there(std::filesystem::path path) {
    co_return read_model_file(path);
}

Task<Result<std::string>> read_token_there(std::filesystem::path file) {
    co_return read_model_token(file);
}

}  // namespace

// Leaves nothing behind when run() ends, above all when it is cancelled.
struct LlmOracle::Ending {
    explicit Ending(LlmOracle& of) : oracle(of), alive(of.alive_) {}
    ~Ending() {
        if (alive.expired()) {
            return;
        }
        oracle.server_.reset();
        oracle.phase_ = Phase::down;
        oracle.trouble_ = "stopped";
    }
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;
    LlmOracle& oracle;
    std::weak_ptr<const bool> alive;
};

Task<void> LlmOracle::run() {
    const Ending ending(*this);
    RestartBudget budget(settings_.restarts);
    const bool is_ours = std::holds_alternative<ModelServerSettings>(settings_.server);
    while (true) {
        const Result<void> up = co_await bring_up();
        bool is_file_wrong = false;
        if (up) {
            std::string why = co_await wait_until_lost();
            go_down(std::move(why));
        } else {
            is_file_wrong = up.error().fault == Fault::absent || up.error().fault == Fault::invalid;
            go_down(up.error().text);
        }
        server_.reset();
        if (!is_ours || is_file_wrong) {
            co_await clock_.sleep_until(clock_.now() + look_again_after);
            continue;
        }
        if (settings_.restarts.restarts_max == 0) {
            co_return;
        }
        const Instant again_at = budget.next_at(clock_.now());
        spdlog::warn("model_restart_planned after_ms={:.0f} budget_spent={}",
                     to_ms(again_at - clock_.now()), budget.is_spent(clock_.now()));
        co_await clock_.sleep_until(again_at);
        budget.spend(clock_.now());
        ++restarts_count_;
    }
}

Task<Result<void>> LlmOracle::bring_up() {
    // What was in flight when the last server was lost has a deadline; the connection is its.
    const Instant idle_by = clock_.now() + settings_.self_test_within;
    const bool is_idle = co_await take_turn(idle_by);
    if (!is_idle) {
        co_return fail(Fault::late, "an old request to the model server does not end");
    }
    Result<void> result;
    if (const auto* ours = std::get_if<ModelServerSettings>(&settings_.server)) {
        result = co_await start_server(*ours);
    } else {
        result = co_await reach_server(std::get<ModelPlace>(settings_.server));
    }
    if (!result) {
        co_return result;
    }
    const Duration ready_within = server_ ? server_->ready_within() : settings_.self_test_within;
    const Instant ready_by = clock_.now() + ready_within;
    result = co_await wait_until_answering(ready_by);
    if (result && !server_) {
        result = co_await learn_name();
    }
    if (result) {
        result = co_await self_test();
    }
    if (result) {
        phase_ = Phase::ready;
        failures_count_ = 0;
        trouble_.clear();
        spdlog::info("model_ready name={} sha256={}", model_.name, model_.sha256);
    }
    co_return result;
}

Task<Result<void>> LlmOracle::start_server(ModelServerSettings ours) {
    Result<ModelFile> file =
        co_await asio::co_spawn(file_thread_, read_there(ours.model_file), asio::use_awaitable);
    if (!file) {
        co_return std::unexpected(file.error());
    }
    model_ = std::move(*file);
    Result<ModelServer> started = ModelServer::start(ours);
    if (!started) {
        co_return std::unexpected(started.error());
    }
    server_.emplace(std::move(*started));
    client_ = make_client(executor_, {.endpoint = server_->endpoint()});
    co_return Result<void>{};
}

Task<Result<void>> LlmOracle::reach_server(ModelPlace theirs) {
    Result<std::string> token = co_await asio::co_spawn(
        file_thread_, read_token_there(theirs.token_file), asio::use_awaitable);
    if (!token) {
        co_return std::unexpected(token.error());
    }
    client_ = make_client(executor_, theirs, std::move(*token));
    co_return Result<void>{};
}

Task<Result<void>> LlmOracle::wait_until_answering(Instant deadline) {
    while (true) {
        if (server_ && !server_->is_running()) {
            co_return fail(Fault::unreachable,
                           server_->describe_end() +
                               ". If the file is damaged, `make setup` fetches it again.");
        }
        const Instant now = clock_.now();
        const Result<void> health =
            co_await client_->health(std::min(deadline, now + health_within));
        // A server that has no such model will not have it in a moment.
        if (health || health.error().fault == Fault::absent) {
            co_return health;
        }
        if (clock_.now() >= deadline) {
            co_return fail("the model server did not become ready in time", health.error());
        }
        co_await clock_.sleep_until(clock_.now() + look_every / 4);
    }
}

Task<Result<void>> LlmOracle::learn_name() {
    const Instant deadline = clock_.now() + health_within;
    const Result<std::string> name = co_await client_->model_name(deadline);
    if (!name) {
        co_return std::unexpected(name.error());
    }
    // The weights of a foreign server cannot be known, so no calibration ever fits them.
    model_ = ModelFile{.name = *name, .sha256 = "unknown"};
    co_return Result<void>{};
}

Task<Result<void>> LlmOracle::self_test() {
    const Instant deadline = clock_.now() + settings_.self_test_within;
    Result<void> result = co_await learn_labels(deadline);
    if (result) {
        result = co_await decide_once(deadline);
    }
    if (result) {
        result = co_await measure_neutral(deadline);
    }
    if (!result) {
        co_return fail("the model's start-up test", result.error());
    }
    co_return result;
}

Task<Result<void>> LlmOracle::learn_labels(Instant deadline) {
    std::vector<std::string> labels;
    for (const RemedyKind kind : kinds_all) {
        labels.emplace_back(label_of(kind));
    }
    co_return co_await client_->learn_labels(std::string(prompt_question()), std::move(labels),
                                             deadline);
}

Task<Result<void>> LlmOracle::decide_once(Instant deadline) {
    const Result<ScoredLabels> scored =
        co_await client_->score(question_about(test_line), every_place(), deadline);
    if (!scored) {
        co_return std::unexpected(scored.error());
    }
    co_return Result<void>{};
}

Task<Result<void>> LlmOracle::measure_neutral(Instant deadline) {
    std::array<double, kinds_all.size()> sum{};
    for (const std::string_view line : neutral_lines) {
        const Result<ScoredLabels> scored =
            co_await client_->score(question_about(line), every_place(), deadline);
        if (!scored) {
            co_return std::unexpected(scored.error());
        }
        note_answer(*scored);
        for (std::size_t index = 0; index < sum.size(); ++index) {
            sum[index] += log_of_probability(scored->probabilities[index]);
        }
    }
    for (std::size_t index = 0; index < sum.size(); ++index) {
        neutral_log_[index] = sum[index] / static_cast<double>(neutral_lines.size());
    }
    co_return Result<void>{};
}

Task<std::string> LlmOracle::wait_until_lost() {
    while (true) {
        co_await clock_.sleep_until(clock_.now() + look_every);
        if (server_ && !server_->is_running()) {
            co_return server_->describe_end();
        }
        if (phase_ == Phase::ready) {
            continue;
        }
        // Too many failures: one more decision tells a server that is gone from one that was busy.
        const Instant deadline = clock_.now() + retest_within;
        const bool is_idle = co_await take_turn(deadline);
        if (!is_idle) {
            co_return std::string("an old request to the model server does not end");
        }
        const Result<void> decided = co_await decide_once(deadline);
        if (!decided) {
            co_return decided.error().text;
        }
        phase_ = Phase::ready;
        failures_count_ = 0;
        spdlog::info("model_recovered name={}", model_.name);
    }
}

void LlmOracle::go_down(std::string why) {
    if (phase_ != Phase::down || why != trouble_) {
        spdlog::warn("model_lost rules_decide_alone=true text=\"{}\"", why);
    }
    phase_ = Phase::down;
    trouble_ = std::move(why);
}

}  // namespace homeostat::adapters::llm
