#include "homeostat/adapters/llm/model_token.hpp"

#include "homeostat/adapters/llm/model_client.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/net/scripted_peer_for_test.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

namespace homeostat::adapters::llm {

namespace {

const std::string token(32, 'a');

struct Folder {
    Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    [[nodiscard]] std::string file(std::string_view text, unsigned mode = 0600) const {
        std::string name = path + "/token";
        std::filesystem::remove(name);
        std::ofstream(name) << text;
        REQUIRE(::chmod(name.c_str(), mode) == 0);
        return name;
    }

    std::string path{std::filesystem::temp_directory_path() / "homeostat-token-XXXXXX"};
};

constexpr std::string_view well =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
constexpr std::string_view unknown =
    "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 74\r\n\r\n"
    R"({"error":{"code":401,"message":"Invalid API Key","type":"authentication"}})";

/// What a client of this API and token sends first.
std::string first_request(ModelApi api, const std::string& with) {
    boost::asio::io_context context;
    net::ScriptedPeer peer(context, {{.say = std::string(well)}});
    const std::unique_ptr<ModelClient> client =
        make_client(context.get_executor(), {.endpoint = peer.endpoint(), .api = api}, with);
    const Result<void> asked =
        net::run_for_test(context, client->health(net::now_for_test() + std::chrono::seconds{8}));
    static_cast<void>(asked);  // By OpenAI's API {} is no answer; what was sent counts here.
    REQUIRE(peer.requests().size() == 1);
    return peer.requests().front();
}

}  // namespace

TEST_CASE("a token is one visible line that others cannot read, and no file is no token") {
    const Folder folder;
    CHECK(read_model_token("") == "");
    CHECK(read_model_token(folder.file(token)) == token);
    CHECK(read_model_token(folder.file(token + "\n")) == token);
    CHECK(read_model_token(folder.file(token, 0644)).error().fault == Fault::refused);
    CHECK(read_model_token(folder.path + "/none").error().fault == Fault::absent);
    for (const std::string& text :
         {std::string(), std::string("short"), fmt::format("{0} {0}", token),
          fmt::format("{0}\nx: {0}", token), token + "\x01", std::string(513, 'a')}) {
        CAPTURE(text);
        const Result<std::string> read = read_model_token(folder.file(text));
        REQUIRE_FALSE(read);
        CHECK(read.error().fault == Fault::invalid);
        CHECK(read.error().text.starts_with("model.token_file"));
        CHECK_FALSE(read.error().text.contains(token));
    }
}

TEST_CASE("the token goes with each request, by either API, and no header is sent without one") {
    for (const ModelApi api : {ModelApi::llama, ModelApi::openai}) {
        const std::string request = first_request(api, token);
        CHECK(request.contains("Authorization: Bearer " + token + "\r\n"));
        CHECK_FALSE(first_request(api, "").contains("Authorization"));
    }
}

TEST_CASE("a server that does not know the token says so, and the token is in no error") {
    boost::asio::io_context context;
    net::ScriptedPeer peer(context, {{.say = std::string(unknown)}});
    const std::unique_ptr<ModelClient> client =
        make_client(context.get_executor(), {.endpoint = peer.endpoint()}, token);
    const Result<std::string> name = net::run_for_test(
        context, client->model_name(net::now_for_test() + std::chrono::seconds{8}));
    REQUIRE_FALSE(name);
    CHECK(name.error().fault == Fault::refused);
    CHECK(name.error().text.contains("status 401: Invalid API Key"));
    CHECK_FALSE(name.error().text.contains(token));
}

}  // namespace homeostat::adapters::llm
