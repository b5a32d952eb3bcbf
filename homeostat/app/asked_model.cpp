#include "homeostat/app/asked_model.hpp"

#include "homeostat/app/model_place.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <signal.h>

#include <chrono>
#include <exception>
#include <optional>
#include <utility>

namespace homeostat::app {

namespace {

constexpr Duration ready_within = std::chrono::minutes{5};
constexpr Duration answer_within = std::chrono::minutes{1};  ///< Waited for, not cut off.
constexpr auto look_every = std::chrono::milliseconds{50};

adapters::llm::LlmSettings settings_of(const std::filesystem::path& file,
                                       const ServerDirectory& directory,
                                       std::uint32_t threads) {
    adapters::llm::ModelServerSettings server;
    server.command = {model_server_program().string()};
    server.model_file = file;
    server.directory = directory.path();
    // A person's own program, wherever it stands; there is no configuration to name its places.
    server.readable = {"/"};
    server.threads = threads;
    server.ready_within = ready_within;
    return {.server = std::move(server), .self_test_within = ready_within};
}

}  // namespace

AskedModel::AskedModel(const std::filesystem::path& file,
                       std::function<bool()> is_over,
                       std::uint32_t threads)
    : clock_(context_.get_executor()),
      oracle_(context_.get_executor(), clock_, settings_of(file, directory_, threads)),
      is_over_(std::move(is_over)) {}

Result<std::unique_ptr<AskedModel>> AskedModel::start(const std::filesystem::path& file,
                                                      std::function<bool()> is_over,
                                                      std::uint32_t threads) {
    if (std::string missing = model_missing(file); !missing.empty()) {
        return fail(Fault::absent, std::move(missing));
    }
    auto model = std::make_unique<AskedModel>(file, std::move(is_over), threads);
    if (model->directory_.path().empty()) {
        return fail(Fault::full, "no directory could be made in the temporary directory");
    }
    if (const Result<void> up = model->come_up(); !up) {
        return std::unexpected(up.error());
    }
    return model;
}

Result<void> AskedModel::come_up() {
    boost::asio::co_spawn(context_, oracle_.run(), boost::asio::detached);
    const Instant until = clock_.now() + ready_within;
    while (!oracle_.is_ready()) {
        const bool is_late = clock_.now() >= until;
        if (is_over_() || is_late || oracle_.state() != "starting") {
            return fail(Fault::unreachable,
                        fmt::format("the model's server did not come up: {}", oracle_.state()));
        }
        context_.run_one_for(look_every);
    }
    return {};
}

Result<Ranking> AskedModel::rank(const Evidence& evidence, const std::vector<RemedyKind>& kinds) {
    std::optional<Result<Ranking>> answer;
    boost::asio::co_spawn(context_, oracle_.rank(evidence, kinds, clock_.now() + answer_within),
                          [&](const std::exception_ptr& thrown, Result<Ranking> told) {
                              answer = thrown ? fail(Fault::broken,
                                                     "the question ended with an exception")
                                              : std::move(told);
                          });
    // Also once it is over: the question holds references to us. It ends with its server, or by
    // its deadline where the server is not ours.
    while (!answer) {
        if (is_over_() && oracle_.server_pid() > 0) {
            ::kill(oracle_.server_pid(), SIGKILL);
        }
        context_.run_one_for(look_every);
    }
    return is_over_() ? fail(Fault::unreachable, "interrupted") : *std::move(answer);
}

}  // namespace homeostat::app
