#pragma once

// What the suites of the language model share: a world of one test, and an oracle at work in it.
//
// Needs build/model (tools/model/setup.sh) only where server() is used.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/net/endpoint.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <doctest/doctest.h>

#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::conformance {

namespace asio = boost::asio;
namespace llm = adapters::llm;
namespace fs = std::filesystem;

inline const Evidence bad_deploy{.lines = {"error ratio 2.1 percent, usual 0.0",
                                           "deploy of this service 12 s before",
                                           "new log template, 31 times"}};
inline const std::vector<RemedyKind> every_kind(llm::kinds_all.begin(), llm::kinds_all.end());

inline fs::path model_directory() {
    const char* const elsewhere = std::getenv("HOMEOSTAT_MODEL_DIR");
    return elsewhere != nullptr ? fs::path(elsewhere) : fs::path(MODEL_DIR);
}

/// What `make setup` chose to run, by its own name; empty if there is no model.
inline fs::path model_file() {
    std::error_code absent;
    return fs::canonical(model_directory() / "model.gguf", absent);
}

/// True if there is no model here; says so, in words that ctest knows.
inline bool is_skipped() {
    const bool has_model = fs::exists(model_directory() / "llama-server") && !model_file().empty();
    if (!has_model) {
        std::puts("SKIPPED: no model in build/model; run tools/model/setup.sh");
    }
    return !has_model;
}

/// Where a relay in front of `server` finds it.
inline asio::generic::stream_protocol::endpoint upstream_of(const llm::ModelServer& server) {
    return asio::local::stream_protocol::endpoint(
        std::get<net::UnixEndpoint>(server.endpoint()).path);
}

/// One test's world: a folder, an event loop, a clock. All of it goes with the test.
class World {
  public:
    World() {
        std::string name = (fs::temp_directory_path() / "llm-XXXXXX").string();
        folder_ = ::mkdtemp(name.data());
    }
    ~World() { fs::remove_all(folder_); }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] const fs::path& folder() const { return folder_; }
    [[nodiscard]] ports::Clock& clock() { return clock_; }
    [[nodiscard]] asio::any_io_executor executor() { return context_.get_executor(); }

    /// The real server with the real weights, in this world's folder. At normal priority: a test
    /// must not starve because others run beside it.
    [[nodiscard]] llm::ModelServerSettings server() const {
        return {.command = {(model_directory() / "llama-server").string()},
                .model_file = model_file(),
                .directory = folder_ / "model",
                .priority = llm::CpuPriority::normal};
    }

    /// Turns the loop until `holds`. False if it does not within `patience`.
    bool wait_until(const std::function<bool()>& holds, Duration patience) {
        const Instant until = clock_.now() + patience;
        while (!holds()) {
            if (clock_.now() >= until) {
                return false;
            }
            context_.restart();
            context_.run_one_for(std::chrono::milliseconds{5});
        }
        return true;
    }

    template <class T>
    T await(Task<T> task) {
        std::optional<T> result;
        asio::co_spawn(context_, std::move(task), [&](std::exception_ptr failure, T value) {
            if (failure) {
                std::rethrow_exception(failure);
            }
            result.emplace(std::move(value));
        });
        wait_until([&] { return result.has_value(); }, std::chrono::seconds{60});
        if (!result) {
            throw std::runtime_error("a task has not ended within a minute");
        }
        return std::move(*result);
    }

    void await(Task<void> task) {
        bool is_done = false;
        asio::co_spawn(context_, std::move(task), [&](std::exception_ptr) { is_done = true; });
        const bool has_ended = wait_until([&] { return is_done; }, std::chrono::seconds{60});
        REQUIRE(has_ended);
    }

  private:
    fs::path folder_;
    asio::io_context context_{1};
    adapters::system::SystemClock clock_{context_.get_executor()};
};

/// An oracle at work: its life runs until the end of the test, and has ended then.
class Running {
  public:
    Running(World& world, llm::LlmSettings settings)
        : world_(world), oracle_(world.executor(), world.clock(), std::move(settings)) {
        asio::co_spawn(world.executor(), oracle_.run(),
                       asio::bind_cancellation_slot(
                           stop_.slot(), [this](std::exception_ptr) { has_ended_ = true; }));
    }
    ~Running() { stop(); }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    void stop() {
        stop_.emit(asio::cancellation_type::terminal);
        world_.wait_until([this] { return has_ended_; }, std::chrono::seconds{10});
        CHECK(has_ended_);
    }
    /// A busy machine runs this beside other tests, so the patience is long.
    bool becomes_ready() {
        return world_.wait_until([this] { return oracle_.is_ready(); }, std::chrono::seconds{40});
    }
    Result<Ranking> ask(const Evidence& evidence, Duration within) {
        return world_.await(oracle_.rank(evidence, every_kind, world_.clock().now() + within));
    }
    llm::LlmOracle* operator->() { return &oracle_; }

  private:
    World& world_;
    llm::LlmOracle oracle_;
    asio::cancellation_signal stop_;
    bool has_ended_{false};
};

}  // namespace homeostat::conformance
