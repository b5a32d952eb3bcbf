#pragma once

// Declaration: a task as its operator has declared it: what is run, what takes that back, what
// says whether all is well.
//
// What a digest covers is what a proof and an approval are for: every word that is run or sent,
// how long it may take, and how dangerous it is. Of the environment it covers the names and not the
// values, which are secrets and change with them; how often a check looks is not in it either. What
// a program does that lies on the disk under the same name is its operator's word.
//
// Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/declared_task.hpp"
#include "homeostat/domain/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace homeostat::adapters::task {

/// A program, by its argument vector and never through a shell. It gets PATH, HOME, LANG, what is
/// passed on, and nothing else of our environment; its stdin is empty.
struct Command {
    static constexpr std::string_view kind_name = "command";
    std::vector<std::string> argv;
    std::string directory;               ///< Absolute; where it starts.
    std::vector<std::string> passed_on;  ///< Names of variables of ours that it gets.
    std::vector<int> refused;            ///< Exit statuses by which it says: nothing was changed.
    static void fields(auto& self, auto&& field) {
        field("argv", self.argv);
        field("directory", self.directory);
        field("passed_on", self.passed_on);
        field("refused", self.refused);
    }
};

/// One request over HTTP. Redirects are not followed.
struct HttpCall {
    static constexpr std::string_view kind_name = "http";
    std::string method;
    std::string url;
    std::string body;
    std::string content_type;
    std::string headers_file;   ///< Lines "Name: value", read anew for each request; empty: none.
    std::string authorities;    ///< PEM; who may vouch for an https peer.
    std::vector<int> statuses;  ///< That mean done, or well. Empty: any from 200 to 299.
    static void fields(auto& self, auto&& field) {
        field("method", self.method);
        field("url", self.url);
        field("body", self.body);
        field("content_type", self.content_type);
        field("headers_file", self.headers_file);
        field("authorities", self.authorities);
        field("statuses", self.statuses);
    }
};

/// A Job of a cluster, made of a template that its operator has put there. What its pods run is in
/// no digest, as what a program does is not.
struct JobCall {
    static constexpr std::string_view kind_name = "job";
    std::string name_space;
    std::string from;  ///< Of a CronJob, which is suspended.
    static void fields(auto& self, auto&& field) {
        field("namespace", self.name_space);
        field("from", self.from);
    }
};

struct Action {
    std::variant<Command, HttpCall, JobCall> call;
    Duration timeout{std::chrono::seconds{30}};
    static void fields(auto& self, auto&& field) {
        field("call", self.call);
        field("timeout", self.timeout);
    }
};

struct Declaration {
    TaskId task;
    Action run;
    std::optional<Action> take_back;
    Action check;
    Duration check_every{std::chrono::seconds{5}};
    bool is_repeatable{false};   ///< May be run again after nobody knows whether it was done.
    bool is_destructive{true};   ///< What it takes away is gone.
    bool keeps_capacity{false};  ///< It takes no instance out.
    /// Absent rather than empty: what was declared and proven before there was such a key has kept
    /// its digest.
    std::optional<std::vector<SymptomKind>> also_for{};

    /// What its digest covers.
    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("run", self.run);
        field("take_back", self.take_back);
        field("check", self.check);
        field("is_repeatable", self.is_repeatable);
        field("is_destructive", self.is_destructive);
        field("keeps_capacity", self.keeps_capacity);
        field("also_for", self.also_for);
    }
};

/// SHA-256 over its canonical JSON, as hex.
[[nodiscard]] std::string digest_of(const Declaration& declaration);

/// What is known of it beyond the executor: its digest and how dangerous it is.
[[nodiscard]] DeclaredTask declared(const Declaration& declaration);

/// "./empty --keep 7", "POST http://127.0.0.1:80/x", "Job of shop/reindex", for people.
[[nodiscard]] std::string describe(const Action& action);

}  // namespace homeostat::adapters::task
