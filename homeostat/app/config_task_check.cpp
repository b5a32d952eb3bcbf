#include "homeostat/app/config_task_check.hpp"

#include "homeostat/app/task_words.hpp"
#include "homeostat/net/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

namespace {

void check_parameter(const TaskParameterConfig& parameter,
                     const std::string& key,
                     ConfigReading& reading) {
    const bool is_word = !parameter.one_of.empty() || !parameter.value.empty();
    const bool is_number = parameter.integer || parameter.from || parameter.to;
    if (is_word == is_number) {
        reading.tell_at(key,
                        "it is a number or a word — write { integer: 7, from: 1, to: 30 }, or "
                        "{ one_of: [a, b], value: a }");
        return;
    }
    if (is_word && std::ranges::find(parameter.one_of, parameter.value) == parameter.one_of.end()) {
        reading.tell_at(
            key + ".value",
            parameter.value.empty()
                ? std::string("missing — write which of one_of it is")
                : fmt::format("'{}' is none of one_of — write one of those", parameter.value));
    }
    if (is_word) {
        return;
    }
    if (!parameter.integer || !parameter.from || !parameter.to) {
        reading.tell_at(key, "a number has bounds — write integer, from and to");
    } else if (*parameter.integer < *parameter.from || *parameter.integer > *parameter.to) {
        reading.tell_at(key + ".integer",
                        fmt::format("{} is not within {} and {}", *parameter.integer,
                                    *parameter.from, *parameter.to));
    }
}

void check_http(const TaskHttpConfig& http, const std::string& key, ConfigReading& reading) {
    const bool is_https = http.url.starts_with("https://");
    if (is_https == http.authorities.empty()) {
        reading.tell_at(key, is_https ? "nobody vouches for an https peer — write authorities: FILE"
                                      : "authorities are for https — write https:// in url, or "
                                        "leave them out");
    }
    const Result<net::Address> plain = net::parse_endpoint(without_words(http.url));
    if (!http.headers_file.empty() && plain && !net::is_local(plain->endpoint)) {
        reading.tell_at(key + ".headers_file",
                        "a token would cross the network as it is — write https:// in url");
    }
    if (http.body.empty() != http.content_type.empty()) {
        reading.tell_at(key,
                        "a body has a content_type, and nothing else has — write both or "
                        "neither");
    }
}

/// One action of a task, and where it stands.
struct Placed {
    const TaskActionConfig& action;
    const std::optional<TaskHttpSection>& http;
    std::string key;
};

/// Whoever looks for a task's Jobs goes by labels.
bool may_be_label(std::string_view name) {
    constexpr std::size_t label_bytes_max = 63;
    const auto is_edge = [](char c) { return c != '-' && c != '_' && c != '.'; };
    return !name.empty() && name.size() <= label_bytes_max && is_edge(name.front()) &&
           is_edge(name.back());
}

void check_job(const Placed& placed, ConfigReading& reading) {
    const std::string key = placed.key + ".job";
    if (reading.has(placed.key + ".command") || placed.http) {
        reading.tell_at(placed.key, "a job, and something else — keep one of them");
    }
    if (!reading.has("runtime.kubernetes")) {
        reading.tell_at(key,
                        "a Job runs in the cluster of a guarded Deployment, and here is none — "
                        "write command or http, or runtime.kubernetes");
    }
    if (placed.action.timeout < std::chrono::seconds{1}) {
        reading.tell_at(placed.key + ".timeout", "no Job is done in less than 1s — write more");
    }
}

void check_action(const Placed& placed, ConfigReading& reading) {
    const bool has_command = reading.has(placed.key + ".command");
    if (!placed.action.job.empty()) {
        check_job(placed, reading);
    } else if (has_command == placed.http.has_value()) {
        const bool is_check = placed.key.ends_with(".check");
        reading.tell_at(placed.key, has_command ? "both command and http — keep one of both"
                                    : is_check
                                        ? "neither command nor http — write one of both"
                                        : "neither command nor http nor job — write one of them");
        return;
    }
    if (placed.http) {
        check_http(placed.http->config, placed.key + ".http", reading);
    }
    if (!has_command) {
        for (const char* const of_command : {".environment", ".refused"}) {
            if (reading.has(placed.key + of_command)) {
                reading.tell_at(placed.key + of_command, "it is for a command — leave it out");
            }
        }
    }
}

std::vector<Placed> actions_of(const TaskSection& task, const std::string& key) {
    std::vector<Placed> actions;
    actions.push_back({task.check.config, task.check.http, key + ".check"});
    actions.push_back({task.run.config, task.run.http, key + ".run"});
    if (task.take_back) {
        actions.push_back({task.take_back->config, task.take_back->http, key + ".take_back"});
    }
    return actions;
}

std::vector<std::string> texts_of(const Placed& placed) {
    std::vector<std::string> texts = placed.action.command;
    if (placed.http) {
        texts.push_back(placed.http->config.url);
        texts.push_back(placed.http->config.body);
    }
    return texts;
}

// NOLINTNEXTLINE(readability-function-cognitive-complexity): one word after another.
void check_words(const TaskSection& task, const std::string& key, ConfigReading& reading) {
    std::vector<std::string> known{std::string(service_word)};
    for (const auto& [name, parameter] : task.parameters) {
        const std::string place = fmt::format("{}.parameters.{}", key, name);
        check_parameter(parameter.config, place, reading);
        if (!is_word_name(name)) {
            reading.tell_at(place, "a parameter's name has small letters and _ alone");
        }
        if (std::ranges::find(known, name) != known.end()) {
            reading.tell_at(place, "the word is the service's own name — write another one");
        }
        known.push_back(name);
    }
    std::set<std::string> used;
    for (const Placed& placed : actions_of(task, key)) {
        for (const std::string& text : texts_of(placed)) {
            for (const std::string& word : words_in(text)) {
                used.insert(word);
                if (std::ranges::find(known, word) == known.end()) {
                    reading.tell_at(placed.key, "unknown word " + not_one_of(word, known));
                }
            }
        }
    }
    for (const auto& [name, parameter] : task.parameters) {
        if (!used.contains(name)) {
            reading.tell_at(fmt::format("{}.parameters.{}", key, name),
                            fmt::format("no word has {{{}}} in it — write it there, or leave this "
                                        "out",
                                        name));
        }
    }
}

Autonomy autonomy_of(const ConfigFile& file, const TaskId& task) {
    const auto found = file.autonomy.tasks.find(task);
    return found == file.autonomy.tasks.end() ? Autonomy::watch : found->second;
}

void check_autonomy(const ConfigFile& file, const TaskSection& task, ConfigReading& reading) {
    const Autonomy level = autonomy_of(file, task.config.name);
    if (task.config.is_destructive && level == Autonomy::act) {
        reading.tell_at("autonomy.tasks." + task.config.name.text(),
                        "a destructive task never acts alone — write ask");
    }
}

/// A task that may take any instance out needs one more than must remain.
void check_capacity(const ConfigFile& file,
                    std::uint32_t regular_count,
                    const TaskSection& task,
                    const std::string& key,
                    ConfigReading& reading) {
    const bool may_act = autonomy_of(file, task.config.name) >= Autonomy::ask;
    const std::uint32_t remain = file.guard.limits.min_healthy;
    if (may_act && !task.config.keeps_capacity && regular_count > 0 && regular_count <= remain) {
        reading.tell_at(key, fmt::format("{} of {} instances must remain, so that it could never "
                                         "be run — write keeps_capacity: true if it takes none "
                                         "out, or a smaller guard.min_healthy",
                                         remain, regular_count));
    }
}

}  // namespace

void check_tasks(const ConfigFile& file, std::uint32_t regular_count, ConfigReading& reading) {
    std::set<TaskId> names;
    for (std::size_t index = 0; index < file.tasks.size(); ++index) {
        const TaskSection& task = file.tasks[index];
        const std::string key = fmt::format("tasks[{}]", index);
        if (!names.insert(task.config.name).second) {
            reading.tell_at(key, fmt::format("a second task called '{}' — give it another name",
                                             task.config.name.text()));
        }
        if (!reading.is_sound(key)) {
            continue;
        }
        for (const Placed& placed : actions_of(task, key)) {
            check_action(placed, reading);
            const bool is_labelled =
                may_be_label(task.config.name.text()) && may_be_label(file.service.text());
            if (!placed.action.job.empty() && !is_labelled) {
                reading.tell_at(placed.key + ".job",
                                "its Jobs have the task's and the service's name as labels, of 63 "
                                "bytes at most and a letter or a digit at each end — write others");
            }
        }
        check_words(task, key, reading);
        check_autonomy(file, task, reading);
        check_capacity(file, regular_count, task, key, reading);
    }
    for (const auto& [task, level] : file.autonomy.tasks) {
        if (!names.contains(task)) {
            reading.tell_at("autonomy.tasks." + task.text(),
                            "no task of that name is declared — add it to tasks, or leave this "
                            "out");
        }
    }
}

}  // namespace homeostat::app
