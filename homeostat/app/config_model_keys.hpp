#pragma once

// The keys that say where the local model is, and what it may have.
//
// Pure. Values only.

#include "homeostat/app/config.hpp"
#include "homeostat/app/config_kinds.hpp"
#include "homeostat/app/config_values.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

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
    std::filesystem::path token_file;
    Duration deadline = ModelConfig{}.deadline;
    std::filesystem::path calibration;
    static void keys(auto& self, auto&& key) {
        key(Key{"llama_server", "A model server that the agent starts and watches"}, SectionKind{},
            self.llama_server);
        key(Key{"url",
                "Or one that runs already, on this machine, or behind a token where only its node "
                "reads the way: it is asked by plain HTTP"},
            ModelUrlValue{}, self.url);
        key(Key{"api",
                "By which requests the server at url is asked: llama-server's own, or OpenAI's "
                "completions with logprobs, as vLLM has them"},
            EnumValue<adapters::llm::ModelApi>{}, self.api);
        key(Key{"name", "Which of the models at url, with the openai API; its first without this"},
            TextValue{.bytes_max = 256}, self.name);
        key(Key{"token_file", "One line, the token by which the server at url knows us"},
            PathValue{}, self.token_file);
        key(Key{"deadline", "After this the rules decide alone"},
            DurationValue{std::chrono::milliseconds{1}, std::chrono::seconds{10}}, self.deadline);
        key(Key{"calibration", "What the model's word is worth; without it, nothing"}, PathValue{},
            self.calibration);
    }
};

}  // namespace homeostat::app
