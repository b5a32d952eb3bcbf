#pragma once

// The keys that say what is wanted and allowed: goals, the model, limits, and where
// everything is written down.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_sink_keys.hpp"
#include "homeostat/app/config_values.hpp"
#include "homeostat/app/config_world_keys.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

struct GoalsSection {
    double availability = Config{}.availability_goal;
    Duration latency_p99 = Config{}.latency_p99_goal;
    static void keys(auto& self, auto&& key) {
        key(Key{"availability",
                "Share of requests that succeed; a larger share of failures, if unusual, is a "
                "symptom"},
            RatioValue{}, self.availability);
        key(Key{"latency_p99",
                "99 of 100 answers come within this; a longer mean, if unusual, is a symptom"},
            timeout_value, self.latency_p99);
    }
};

struct LlamaServerSection {
    std::filesystem::path file;
    std::filesystem::path binary;
    std::uint32_t memory_mib_max = ModelConfig{}.memory_mib_max;
    std::vector<std::filesystem::path> readable;
    static void keys(auto& self, auto&& key) {
        key(Key{"file", "The model, a GGUF file", Need::required}, PathValue{}, self.file);
        key(Key{"binary", "llama-server; from PATH without this"}, PathValue{}, self.binary);
        key(Key{"memory_mib_max",
                "What it may have of memory, in MiB; 0 is twice the file and 512 MiB"},
            CountValue<std::uint32_t>{.max = 1U << 20U}, self.memory_mib_max);
        key(Key{"readable",
                "What it reads besides the model, the system's programs and what lies beside it"},
            ListOf<PathValue>{PathValue{}, 16}, self.readable);
    }
};

struct ModelSection {
    std::optional<LlamaServerSection> llama_server;
    std::string url;
    adapters::llm::ModelApi api = ModelConfig{}.api;
    std::string name;
    Duration deadline = ModelConfig{}.deadline;
    std::filesystem::path calibration;
    static void keys(auto& self, auto&& key) {
        key(Key{"llama_server", "A model server that the agent starts and watches"}, SectionKind{},
            self.llama_server);
        key(Key{"url", "Or one that runs already, on this machine"}, ModelUrlValue{}, self.url);
        key(Key{"api",
                "By which requests the server at url is asked: llama-server's own, or OpenAI's "
                "completions with logprobs, as vLLM has them"},
            EnumValue<adapters::llm::ModelApi>{}, self.api);
        key(Key{"name", "Which of the models at url, with the openai API; its first without this"},
            TextValue{.bytes_max = 256}, self.name);
        key(Key{"deadline", "After this the rules decide alone"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::seconds{10}}, self.deadline);
        key(Key{"calibration", "What the model's word is worth; without it, nothing"}, PathValue{},
            self.calibration);
    }
};

/// What a ledger from before them means by their absence is not what a configuration means by it.
[[nodiscard]] inline guard::Limits limits_of_config() {
    guard::Limits limits;
    limits.demotes = true;
    return limits;
}

struct GuardSection {
    guard::Limits limits = limits_of_config();
    Duration proof_time = Config{}.proof_time;
    Duration hold_for = Config{}.hold_for;
    Duration question_for = Config{}.question_for;
    static void keys(auto& self, auto&& key) {
        constexpr DurationValue span{};
        key(Key{"cool_down", "Per target and remedy, from the close of an incident"}, span,
            self.limits.cool_down);
        key(Key{"attempts_max", "Remedies per incident; 0 never acts"},
            CountValue<std::uint32_t>{.max = 100}, self.limits.attempts_max);
        key(Key{"min_healthy", "Serving instances that must remain after every step"},
            CountValue<std::uint32_t>{.max = instances_max}, self.limits.min_healthy);
        key(Key{"taken_back_max",
                "What somebody else takes back so often in ten minutes is not done again"},
            CountValue<std::uint32_t>{.max = 100}, self.limits.taken_back_max);
        key(Key{"freeze_above",
                "Share of instances that may look dead at once; above it nothing is done unless "
                "the edge confirms it"},
            RatioValue{}, self.limits.freeze_above);
        key(Key{"effects_max", "Effects over all targets within effects_window; 0 never acts"},
            CountValue<std::uint32_t>{.max = 10'000}, self.limits.effects_max);
        key(Key{"effects_window", "See effects_max"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{24}},
            self.limits.effects_window);
        key(Key{"back_off_first", "Wait before a second restart of a crashed instance; doubles"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::hours{1}},
            self.limits.back_off_first);
        key(Key{"back_off_max", "And never longer than this"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::hours{24}},
            self.limits.back_off_max);
        key(Key{"demote",
                "A kind of remedy of which one did not help asks from then on, until a person "
                "promotes it, docs/autonomy.md"},
            FlagValue{}, self.limits.demotes);
        key(Key{"proof_time", "A version that served so long without an incident is good"},
            DurationValue{std::chrono::milliseconds{100}, std::chrono::hours{24 * 7}},
            self.proof_time);
        key(Key{"hold_for", "A temporary remedy is given back after so long at the latest"},
            DurationValue{std::chrono::seconds{1}, std::chrono::hours{24}}, self.hold_for);
        key(Key{"question_for", "A person has so long to answer; silence is no"},
            DurationValue{std::chrono::seconds{10}, std::chrono::hours{24}}, self.question_for);
    }
};

struct WitnessSection {
    std::filesystem::path file;
    static void keys(auto& self, auto&& key) {
        key(Key{"file", "A line of JSON for each signed head; outside the ledger", Need::required},
            PathValue{}, self.file);
    }
};

struct RecordSection {
    std::filesystem::path ledger;
    std::filesystem::path sink;
    std::vector<SinkSection> sinks;
    std::filesystem::path index;
    std::filesystem::path key_file;
    std::vector<WitnessSection> witnesses;
    adapters::segment_log::HeadPace pace;
    Duration keep = Config{}.keep;
    static void keys(auto& self, auto&& key) {
        key(Key{"ledger", "Directory of the ledger; var/SERVICE/ledger without it"}, PathValue{},
            self.ledger);
        key(Key{"sink", "File for a copy, one JSON line a group; outside the ledger"}, PathValue{},
            self.sink);
        key(Key{"sinks", "Where decisions are kept outside, docs/sinks.md"},
            SectionsKind{sinks_max}, self.sinks);
        key(Key{"index", "File NAME.index to answer `incidents` from; var/SERVICE/ledger.index"},
            PathValue{}, self.index);
        key(Key{"key", "Signs the ledger's heads; made if missing; var/SERVICE/ledger.key"},
            PathValue{}, self.key_file);
        key(Key{"witnesses",
                "Where signed heads are kept, to notice a ledger that was cut or "
                "replaced"},
            SectionsKind{4}, self.witnesses);
        key(Key{"head_groups", "A signed head after so many groups of records"},
            CountValue<std::uint64_t>{.min = 1, .max = 100'000}, self.pace.groups);
        key(Key{"head_every", "And after so long"}, DurationValue{std::chrono::seconds{1}},
            self.pace.every);
        key(Key{"unwitnessed_groups",
                "Groups that no witness has before nothing is done on our "
                "own judgement"},
            CountValue<std::uint64_t>{.min = 1, .max = 1'000'000},
            self.pace.unwitnessed_groups_max);
        key(Key{"unwitnessed_for", "Likewise by time"}, DurationValue{std::chrono::seconds{1}},
            self.pace.unwitnessed_for_max);
        // At least a month: far longer than guard remembers, and than an incident waits for people.
        key(Key{"keep",
                "Records older than this are dropped, whole segments and never of an open "
                "incident"},
            DurationValue{std::chrono::hours{24 * 31}, std::chrono::hours{24 * 3660}}, self.keep);
    }
};

struct ControlSection {
    std::filesystem::path socket;
    std::filesystem::path suspended;
    static void keys(auto& self, auto&& key) {
        key(Key{"socket", "The agent's own socket; var/SERVICE/homeostat.sock without it"},
            PathValue{}, self.socket);
        key(Key{"switch", "While this file exists nothing is done; var/SERVICE/suspended"},
            PathValue{}, self.suspended);
    }
};

}  // namespace homeostat::app
