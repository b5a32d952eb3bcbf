#include "homeostat/app/secret_files.hpp"

#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace homeostat::app {

namespace {

class Names {
  public:
    void add(std::string key, const std::filesystem::path& file) {
        if (!file.empty()) {
            files_.push_back({std::move(key), file});
        }
    }
    [[nodiscard]] std::vector<SecretFile> take() { return std::move(files_); }

  private:
    std::vector<SecretFile> files_;
};

void add_sinks(Names& names, const Config& config) {
    for (std::size_t index = 0; index < config.sinks.size(); ++index) {
        const SinkConfig& sink = config.sinks[index];
        const std::string at = fmt::format("record.sinks[{}]", index);
        if (sink.postgres) {
            names.add(at + ".postgres.url_file", sink.postgres->url.file);
        }
        if (sink.nats) {
            names.add(at + ".nats.url_file", sink.nats->named.file);
        }
        if (sink.webhook) {
            names.add(at + ".webhook.headers_file", sink.webhook->headers_file);
        }
    }
    if (config.fleet) {
        names.add("guard.fleet.postgres.url_file", config.fleet->postgres.url.file);
    }
}

void add_people(Names& names, const Config& config) {
    for (std::size_t index = 0; index < config.channels.size(); ++index) {
        names.add(fmt::format("notify[{}].webhook.url_file", index),
                  config.channels[index].url_file);
    }
    if (config.console) {
        names.add("console.key", config.console->key_file);
    }
    if (config.changes.door) {
        names.add("changes.door.token_file", config.changes.door->token_file);
    }
}

void add_feeds(Names& names, const BlockSourcesConfig& sources) {
    for (std::size_t index = 0; index < sources.feeds.size(); ++index) {
        const BlockFeedConfig& feed = sources.feeds[index];
        const std::string at = fmt::format("block_sources.feeds[{}]", index);
        names.add(at + ".key", feed.key_file);
        if (feed.taxii) {
            names.add(at + ".taxii.login", feed.taxii->login_file);
            names.add(at + ".taxii.token", feed.taxii->token_file);
        }
    }
}

void add_action(Names& names, const std::string& at, const TaskActionConfig& action) {
    if (action.http) {
        names.add(at + ".http.headers_file", action.http->headers_file);
    }
}

void add_tasks(Names& names, const Config& config) {
    for (std::size_t index = 0; index < config.tasks.size(); ++index) {
        const TaskConfig& task = config.tasks[index];
        const std::string at = fmt::format("tasks[{}]", index);
        add_action(names, at + ".run", task.run);
        if (task.take_back) {
            add_action(names, at + ".take_back", *task.take_back);
        }
        add_action(names, at + ".check", task.check.action);
    }
}

bool is_there(const SecretFile& one) {
    std::error_code ignored;
    return std::filesystem::exists(one.file, ignored);
}

}  // namespace

std::vector<SecretFile> secret_files_of(const Config& config) {
    Names names;
    if (config.kubernetes) {
        names.add("runtime.kubernetes.kubeconfig", config.kubernetes->kubeconfig);
    }
    add_sinks(names, config);
    if (!config.witness_files.empty()) {
        names.add("record.key", config.key_file);
    }
    if (config.model && !config.roles) {  // Of two roles the agent's user has it, and looks itself.
        names.add("model.token_file", config.model->token_file);
    }
    if (config.mesh) {
        names.add("mesh.key", config.mesh->key_file);
    }
    if (config.block_sources) {
        add_feeds(names, *config.block_sources);
    }
    add_people(names, config);
    add_tasks(names, config);
    return names.take();
}

std::vector<SecretFile> present(std::vector<SecretFile> files) {
    std::erase_if(files, [](const SecretFile& one) { return !is_there(one); });
    return files;
}

Result<void> check_secret_files(const Config& config) {
    for (const SecretFile& one : present(secret_files_of(config))) {
        if (const Result<void> kept = os::check_secret_file(one.file.string()); !kept) {
            return fail(one.key, kept.error());
        }
    }
    return {};
}

}  // namespace homeostat::app
