#include "homeostat/app/secret_files.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

struct Folder {
    Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    ~Folder() { std::filesystem::remove_all(path); }

    void write(const std::string& name, unsigned mode) const {
        const std::filesystem::path at = std::filesystem::path(path) / name;
        std::ofstream(at) << "secret\n";
        REQUIRE(::chmod(at.c_str(), mode) == 0);
    }

    std::string path{std::filesystem::temp_directory_path() / "homeostat-secrets-XXXXXX"};
};

Config config_with_secrets(const Folder& folder) {
    Config config;
    config.service = ServiceId("a");
    config.channels.push_back({.url = {}, .url_file = folder.path + "/slack.url"});
    config.changes.door.emplace().token_file = folder.path + "/token";
    return config;
}

}  // namespace

TEST_CASE("no file that one of the keys for secrets names is forgotten") {
    std::vector<std::string> found;
    Config config;
    config.kubernetes.emplace().kubeconfig = "kubeconfig";
    config.mesh.emplace().key_file = "mesh.key";
    config.model.emplace().token_file = "model.token";
    config.witness_files = {"witness"};
    config.key_file = "ledger.key";
    config.console.emplace().key_file = "console.key";
    config.channels.push_back({.url = {}, .url_file = "slack.url"});
    config.changes.door.emplace().token_file = "token";
    config.sinks.resize(3);
    config.sinks[0].postgres.emplace().url.file = "pg.url";
    config.sinks[1].nats.emplace().named.file = "nats.url";
    config.sinks[2].webhook.emplace().headers_file = "headers";
    config.fleet.emplace().postgres.url.file = "fleet.url";
    BlockSourcesConfig& sources = config.block_sources.emplace();
    sources.feeds.resize(2);
    sources.feeds[0].key_file = "bouncer";
    sources.feeds[1].taxii.emplace().token_file = "taxii.token";
    sources.feeds[1].taxii->login_file = "taxii.login";
    TaskConfig& task = config.tasks.emplace_back();
    task.run.http.emplace().headers_file = "run.headers";
    task.take_back.emplace().http.emplace().headers_file = "back.headers";
    task.check.action.http.emplace().headers_file = "check.headers";
    for (const SecretFile& one : secret_files_of(config)) {
        found.push_back(one.file.string());
        CHECK_FALSE(one.key.empty());
    }
    std::ranges::sort(found);
    CHECK(found == std::vector<std::string>{"back.headers", "bouncer", "check.headers",
                                            "console.key", "fleet.url", "headers", "kubeconfig",
                                            "ledger.key", "mesh.key", "model.token", "nats.url",
                                            "pg.url", "run.headers", "slack.url", "taxii.login",
                                            "taxii.token", "token"});
    CHECK(secret_files_of(Config()).empty());
}

TEST_CASE("of two roles the secrets of the agent's user are looked at by that user alone") {
    Config config;
    config.roles.emplace().key_file = "agent.key";
    config.model.emplace().token_file = "model.token";
    CHECK(secret_files_of(config).empty());
}

TEST_CASE(
    "an agent whose secrets others may read does not start, and the key and the mend are said") {
    const Folder folder;
    const Config config = config_with_secrets(folder);
    CHECK(check_secret_files(config).has_value());  // None of them is there.
    folder.write("slack.url", 0600);
    folder.write("token", 0400);
    CHECK(check_secret_files(config).has_value());
    for (const unsigned mode : {0644U, 0604U, 0660U}) {
        folder.write("token", 0600);
        folder.write("token", mode);
        const Result<void> checked = check_secret_files(config);
        REQUIRE_FALSE(checked);
        CHECK(checked.error().fault == Fault::refused);
        CHECK(checked.error().text.starts_with("changes.door.token_file: "));
        CHECK(checked.error().text.contains("chmod 600"));
        CHECK(checked.error().text.contains(folder.path + "/token"));
    }
}

}  // namespace homeostat::app
