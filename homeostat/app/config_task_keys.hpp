#pragma once

// The keys that declare a task: what is run, what takes it back, what says whether all is well.
//
// Pure. Values only.

#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_sink_keys.hpp"
#include "homeostat/app/config_tasks.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

constexpr std::size_t tasks_max = 16;  ///< Each has a check that runs again and again.
constexpr std::size_t task_words_max = 64;
constexpr std::size_t task_statuses_max = 16;
constexpr std::size_t task_parameters_max = 16;
constexpr std::size_t job_name_max = 52;  ///< SOURCE: what the server allows of a CronJob.
constexpr std::uint64_t task_integer_max = 1'000'000'000;

/// An address with {words} in it, which is one for any of their values.
struct TaskUrlValue {
    [[nodiscard]] Result<std::string> parse(std::string_view text) const;
    [[nodiscard]] json::value write(const std::string& value) const { return json::value(value); }
    [[nodiscard]] json::object schema() const { return ReceiverUrlValue{}.schema(); }
};

/// One of `symptoms_for_tasks`.
struct TaskSymptomValue {
    [[nodiscard]] Result<SymptomKind> parse(std::string_view text) const;
    [[nodiscard]] json::value write(SymptomKind value) const {
        return json::value(std::string(to_text(value)));
    }
    [[nodiscard]] json::object schema() const;
};

struct TaskHttpSection {
    TaskHttpConfig config;
    static void keys(auto& self, auto&& key) {
        key(Key{"url", "Whom to ask; redirects are not followed", Need::required}, TaskUrlValue{},
            self.config.url);
        key(Key{"method", "GET for a check, otherwise POST, without this"}, EnumValue<HttpMethod>{},
            self.config.method);
        key(Key{"body", "What is sent"}, TextValue{.bytes_max = 4096}, self.config.body);
        key(Key{"content_type", "Of the body, as in application/json"}, TextValue{.bytes_max = 128},
            self.config.content_type);
        key(Key{"headers_file", "Further headers, a line \"Name: value\" each; a token, say"},
            PathValue{}, self.config.headers_file);
        key(Key{"authorities", "PEM; who may have signed the certificate of an https peer"},
            PathValue{}, self.config.authorities);
        key(Key{"statuses", "HTTP statuses that mean done, or well; any of 200 to 299 without"},
            ListOf<CountValue<std::uint32_t>>{CountValue<std::uint32_t>{.min = 200, .max = 599},
                                              task_statuses_max, true},
            self.config.statuses);
    }
};

/// What a command and a call have in common, and what is a command's alone.
template <class Section>
void action_keys(Section& self, auto&& key) {
    key(Key{"command",
            "A program and its arguments, no shell; a path with a slash begins at this file's "
            "directory"},
        ListOf<TextValue>{TextValue{}, task_words_max}, self.config.command);
    key(Key{"http", "Or a request"}, SectionKind{}, self.http);
    key(Key{"environment", "Names of variables of the agent's that the program gets as well"},
        ListOf<NameValue>{NameValue{}, task_words_max, true}, self.config.environment);
}

struct TaskActionSection {
    TaskActionConfig config;
    std::optional<TaskHttpSection> http;
    static void keys(auto& self, auto&& key) {
        action_keys(self, key);
        key(Key{"job",
                "Or a Job, made of the CronJob of this name, which is suspended, in the "
                "Deployment's namespace"},
            NameValue{.bytes_max = job_name_max}, self.config.job);
        key(Key{"refused", "Exit statuses by which the program says that it changed nothing"},
            ListOf<CountValue<std::uint32_t>>{CountValue<std::uint32_t>{.min = 1, .max = 255},
                                              task_statuses_max, true},
            self.config.refused);
        key(Key{"timeout", "After this it is ended, and nobody knows what it did"},
            DurationValue{std::chrono::milliseconds{100}, std::chrono::seconds{120}},
            self.config.timeout);
    }
};

struct TaskCheckSection {
    TaskActionConfig config = TaskCheckConfig{}.action;
    std::optional<TaskHttpSection> http;
    Duration every = TaskCheckConfig{}.every;
    std::uint32_t fails_max = TaskCheckConfig{}.fails_max;
    static void keys(auto& self, auto&& key) {
        action_keys(self, key);
        key(Key{"timeout", "A check that takes longer says nothing"},
            DurationValue{std::chrono::milliseconds{50}, std::chrono::seconds{5}},
            self.config.timeout);
        key(Key{"every", "From one check to the next"},
            DurationValue{std::chrono::milliseconds{200}, std::chrono::hours{1}}, self.every);
        key(Key{"fails_max", "So many failed checks in a row are a symptom"},
            CountValue<std::uint32_t>{.min = 1, .max = 100}, self.fails_max);
    }
};

struct TaskParameterSection {
    TaskParameterConfig config;
    static void keys(auto& self, auto&& key) {
        constexpr CountValue<std::uint64_t> count{.max = task_integer_max};
        key(Key{"integer", "A number, within from and to"}, count, self.config.integer);
        key(Key{"from", "The smallest that it may ever be"}, count, self.config.from);
        key(Key{"to", "The largest"}, count, self.config.to);
        key(Key{"one_of", "Or a word, of these"}, ListOf<NameValue>{NameValue{}, task_words_max},
            self.config.one_of);
        key(Key{"value", "Which of them"}, NameValue{}, self.config.value);
    }
};

struct TaskSection {
    TaskConfig config;
    TaskActionSection run;
    std::optional<TaskActionSection> take_back;
    TaskCheckSection check;
    std::map<std::string, TaskParameterSection> parameters;
    static void keys(auto& self, auto&& key) {
        key(Key{"name", "What the task is called", Need::required}, IdValue<TaskTag>{},
            self.config.name);
        key(Key{"check", "Says whether all is well: by exit status 0 or 1, or by HTTP",
                Need::required},
            SectionKind{}, self.check);
        key(Key{"run", "What makes it well; it has HOMEOSTAT_EFFECT, or a header Idempotency-Key",
                Need::required},
            SectionKind{}, self.run);
        key(Key{"take_back", "What undoes that; without it a task that did not help stays done"},
            SectionKind{}, self.take_back);
        key(Key{"parameters", "Values of yours that stand in words as {name}"},
            MapOf<SectionKind>{SectionKind{}, task_parameters_max}, self.parameters);
        key(Key{"destructive",
                "What it takes away is gone for good: it needs guard.destructive and, each time, "
                "a person",
                Need::required},
            FlagValue{}, self.config.is_destructive);
        key(Key{"repeatable",
                "Once more does no harm: it is run again if nobody knows whether it was done"},
            FlagValue{}, self.config.is_repeatable);
        key(Key{"keeps_capacity",
                "It takes no instance out, not for a moment; else it counts as a rolling restart"},
            FlagValue{}, self.config.keeps_capacity);
        key(Key{"for",
                "Symptoms of the service for which it is offered as well, at once, while its check "
                "fails, too"},
            ListOf<TaskSymptomValue>{TaskSymptomValue{}, symptoms_for_tasks.size(), true},
            self.config.also_for);
    }
};

}  // namespace homeostat::app
