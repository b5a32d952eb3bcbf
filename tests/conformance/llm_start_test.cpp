// What the oracle says and does when there is no model to start. Needs no model.

#include "homeostat/adapters/llm/llm_oracle.hpp"
#include "homeostat/adapters/llm/model_server.hpp"
#include "homeostat/adapters/system/system_clock.hpp"
#include "homeostat/os/confinement.hpp"

#include "llm_world.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace homeostat::conformance {

using namespace std::chrono_literals;

TEST_CASE("a model server that always dies is not started more often than its budget") {
    World world;
    const fs::path program = world.folder() / "dies";
    std::ofstream(program) << "#!/bin/sh\necho x >> " << (world.folder() / "model/starts").string()
                           << "\necho 'no such instruction' >&2\nexit 7\n";
    fs::permissions(program, fs::perms::owner_all);
    std::ofstream(world.folder() / "tiny.gguf") << "GGUF and nothing else";
    Running oracle(world,
                   {.server = llm::ModelServerSettings{.command = {program.string()},
                                                       .model_file = world.folder() / "tiny.gguf",
                                                       .directory = world.folder() / "model"},
                    .restarts = {.restarts_max = 2, .back_off = 1ms}});
    world.wait_until([&] { return oracle->restarts_count() == 2; }, 10s);
    world.wait_until([&] { return oracle->server_pid() == 0; }, 10s);
    world.wait_until([] { return false; }, 300ms);
    std::ifstream starts(world.folder() / "model/starts");
    const std::string text((std::istreambuf_iterator<char>(starts)), {});
    CHECK(text == "x\nx\nx\n");
    CHECK(oracle->state().contains("status 7"));
    CHECK(oracle->state().contains("tiny.gguf"));
    CHECK(oracle->state().contains("no such instruction"));
}

TEST_CASE("a file that is no model is named with the mend, and the rules carry on") {
    World world;
    std::ofstream(world.folder() / "other.gguf") << "<html>404</html>";
    llm::ModelServerSettings settings{.command = {"/bin/false"},
                                      .model_file = world.folder() / "other.gguf",
                                      .directory = world.folder() / "model"};
    SUBCASE("not a model") {}
    SUBCASE("missing") {
        settings.model_file = world.folder() / "none.gguf";
    }
    Running oracle(world, {.server = settings});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, 10s);
    CHECK(oracle->state().contains(settings.model_file.string()));
    CHECK(oracle->state().contains("make setup"));
    const Result<Ranking> ranking = oracle.ask(bad_deploy, 1s);
    REQUIRE_FALSE(ranking);
    CHECK(ranking.error().fault == Fault::unreachable);
}

TEST_CASE("a server reads what the file beside it names, and nothing else of ours") {
    if (!os::confinement_support().files) {
        std::puts("SKIPPED: this kernel has no Landlock");
        return;
    }
    World world;
    const fs::path program = world.folder() / "bin/reads";
    fs::create_directory(program.parent_path());
    fs::create_directory(world.folder() / "needed");
    std::ofstream(world.folder() / "needed/words") << "granted";
    std::ofstream(world.folder() / "key") << "secret";
    std::ofstream(program) << "#!/bin/sh\ncd /\ncat " << (world.folder() / "key").string() << " "
                           << (world.folder() / "needed/words").string()
                           << " >&2 2>/dev/null\nexit 7\n";
    fs::permissions(program, fs::perms::owner_all);
    std::ofstream(program.string() + ".readable") << (world.folder() / "needed").string() << "\n";
    std::ofstream(world.folder() / "tiny.gguf") << "GGUF and nothing else";
    Running oracle(world,
                   {.server = llm::ModelServerSettings{.command = {program.string()},
                                                       .model_file = world.folder() / "tiny.gguf",
                                                       .directory = world.folder() / "model"}});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, 10s);
    CHECK(oracle->state().contains("status 7: granted"));
    CHECK_FALSE(oracle->state().contains("secret"));
}

TEST_CASE("an oracle may go before the event loop in which its work still waits") {
    const World world;
    std::ofstream(world.folder() / "tiny.gguf") << "GGUF and nothing else";
    asio::io_context context;
    adapters::system::SystemClock clock(context.get_executor());
    {
        llm::LlmOracle oracle(
            context.get_executor(), clock,
            {.server = llm::ModelServerSettings{.command = {"/bin/sleep"},
                                                .model_file = world.folder() / "tiny.gguf",
                                                .directory = world.folder() / "model"}});
        asio::co_spawn(context, oracle.run(), asio::detached);
        context.run_for(300ms);
        CHECK_FALSE(oracle.is_ready());
    }
}

TEST_CASE("a server is not asked without the token that it wants, and the file is named") {
    World world;
    llm::ModelPlace place{net::TcpEndpoint{.host = "127.0.0.1", .port = 1}};
    place.token_file = world.folder() / "token";
    SUBCASE("missing") {}
    SUBCASE("empty") {
        std::ofstream(place.token_file) << "\n";
        fs::permissions(place.token_file, fs::perms::owner_read);
    }
    SUBCASE("others may read it") {
        std::ofstream(place.token_file) << std::string(32, 'a') << "\n";
        fs::permissions(place.token_file, fs::perms::owner_read | fs::perms::others_read);
    }
    Running oracle(world, {.server = place});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, 10s);
    CHECK(oracle->state().contains("model.token_file: "));
    CHECK(oracle->state().contains(place.token_file.string()));
}

TEST_CASE("a program that does not exist is named") {
    World world;
    std::ofstream(world.folder() / "tiny.gguf") << "GGUF and nothing else";
    Running oracle(world,
                   {.server = llm::ModelServerSettings{.command = {"/no/such/llama-server"},
                                                       .model_file = world.folder() / "tiny.gguf",
                                                       .directory = world.folder() / "model"}});
    world.wait_until([&] { return oracle->state().starts_with("down: "); }, 10s);
    CHECK(oracle->state().contains("/no/such/llama-server"));
}

}  // namespace homeostat::conformance
