#pragma once

// RemoteWorld: an agent and an executor of tests with a real door between them.

#include "homeostat/adapters/roles/remote_executor.hpp"
#include "homeostat/adapters/roles/roles_for_test.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/net/run_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::adapters::roles {

/// A directory with the executor's socket in it, and whoever listens there at present.
class RemoteWorld {
  public:
    RemoteWorld() {
        std::string pattern = (std::filesystem::temp_directory_path() / "roles-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        directory_ = pattern;
    }
    // NOLINTNEXTLINE(bugprone-exception-escape): a test that throws here has failed.
    ~RemoteWorld() {
        end_executor();
        std::filesystem::remove_all(directory_);
    }
    RemoteWorld(const RemoteWorld&) = delete;
    RemoteWorld& operator=(const RemoteWorld&) = delete;

    boost::asio::io_context context{1};
    ClockForTest clock;
    ClockForTest executor_clock;
    WrittenExecutor executor;
    std::string boot{boot_for_test};
    std::unique_ptr<LetterDesk> desk;
    std::vector<std::string> lines;
    std::vector<std::string> troubles;
    std::vector<Place> places;
    std::function<bool(const Symptom&)> has_seen_well;  ///< Empty: the agent is of the whole.

    void begin_executor(const std::string& life = life_for_test) {
        DeskSettings settings = desk_settings_for_test(life, nullptr);
        settings.boot_id = boot;
        desk = std::make_unique<LetterDesk>(executor, executor_clock, std::move(settings));
        answer_with([this](net::HttpRequest request) { return desk->answer(std::move(request)); });
    }
    void answer_with(net::HttpAnswer answer) {
        server_ = std::make_unique<net::HttpServer>(context.get_executor(), std::move(answer),
                                                    desk_limits());
        REQUIRE(server_->listen_openly(endpoint()));
    }
    void end_executor() {
        if (server_) {
            net::run_for_test(context, server_->stop(net::now_for_test()));
            server_.reset();
        }
    }
    [[nodiscard]] net::Endpoint endpoint() const {
        return net::UnixEndpoint{(directory_ / "door.sock").string()};
    }
    [[nodiscard]] std::unique_ptr<RemoteExecutor> agent(mesh::SigningSeed seed = seed_for_test,
                                                        Scope scope = {}) {
        RemoteSettings settings;
        settings.service = ServiceId("payments");
        settings.scope = std::move(scope);
        settings.seed = seed;
        settings.boot_id = boot_for_test;
        settings.has_seen_well = has_seen_well;
        settings.troubles = [this] { return troubles; };
        settings.follow = [this](const std::vector<Place>& told) { places = told; };
        settings.log = [this](const std::string& line) { lines.push_back(line); };
        return std::make_unique<RemoteExecutor>(context.get_executor(), endpoint(), clock,
                                                std::move(settings));
    }
    [[nodiscard]] Symptom errors() const {
        return symptom_for_test(SymptomKind::errors, "payments", clock.now());
    }

  private:
    std::filesystem::path directory_;
    std::unique_ptr<net::HttpServer> server_;
};

}  // namespace homeostat::adapters::roles
