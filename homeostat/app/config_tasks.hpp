#pragma once

// What the configuration says of tasks: remedies that their operator declares (docs/tasks.md).
// app/tasks.hpp makes of it what is run.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/declared_task.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/symptom.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace homeostat::app {

enum class HttpMethod : std::uint8_t { get, head, post, put, patch, del };

constexpr auto names_of(std::type_identity<HttpMethod>) {
    return std::to_array<std::string_view>({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"});
}

struct TaskHttpConfig {
    std::string url;  ///< "http://127.0.0.1:8080/x", or https with `authorities`.
    std::optional<HttpMethod>
        method;  ///< Absent: GET for a check, POST for what changes something.
    std::string body;
    std::string content_type;
    std::filesystem::path headers_file;   ///< Lines "Name: value"; empty: none.
    std::filesystem::path authorities;    ///< PEM; who may vouch for an https peer.
    std::vector<std::uint32_t> statuses;  ///< That mean done; empty: any from 200 to 299.
};

struct TaskActionConfig {
    std::vector<std::string> command;      ///< Or:
    std::optional<TaskHttpConfig> http;    ///< Or:
    std::string job{};                     ///< A suspended CronJob. Never two of these.
    std::vector<std::string> environment;  ///< Names of variables that a command gets of ours.
    /// Exit statuses by which a command says that it changed nothing. 75 is EX_TEMPFAIL.
    std::vector<std::uint32_t> refused{75};
    Duration timeout{std::chrono::seconds{30}};
};

struct TaskCheckConfig {
    TaskActionConfig action{.command = {},
                            .http = {},
                            .environment = {},
                            .refused = {},
                            .timeout = std::chrono::seconds{2}};
    Duration every{std::chrono::seconds{5}};
    std::uint32_t fails_max{3};  ///< In a row, before it is a symptom.
};

/// A value of the operator's that stands in words as {name}, within bounds of theirs.
struct TaskParameterConfig {
    std::optional<std::uint64_t> integer;  ///< With `from` and `to`; or:
    std::optional<std::uint64_t> from;
    std::optional<std::uint64_t> to;
    std::vector<std::string> one_of;
    std::string value;  ///< One of those.
};

struct TaskConfig {
    TaskId name;
    TaskActionConfig run;
    std::optional<TaskActionConfig> take_back;  ///< Absent: it cannot be taken back.
    TaskCheckConfig check;
    std::map<std::string, TaskParameterConfig> parameters;
    bool is_destructive{true};
    bool is_repeatable{false};
    bool keeps_capacity{false};
    /// Symptoms of the service for which it is offered as well, while its check fails, too.
    std::vector<SymptomKind> also_for{};
};

}  // namespace homeostat::app
