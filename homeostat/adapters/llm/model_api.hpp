#pragma once

// ModelApi: by which requests a model server is asked.
//
// Pure. Values only.

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat::adapters::llm {

enum class ModelApi : std::uint8_t {
    llama,   ///< llama-server's own.
    openai,  ///< POST /v1/completions with logprobs, as vLLM and others serve it.
};

constexpr auto names_of(std::type_identity<ModelApi>) {
    return std::to_array<std::string_view>({"llama", "openai"});
}

}  // namespace homeostat::adapters::llm
