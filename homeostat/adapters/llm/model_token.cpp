#include "homeostat/adapters/llm/model_token.hpp"

#include "homeostat/os/secret_file.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace homeostat::adapters::llm {

Result<std::string> read_model_token(const std::filesystem::path& file) {
    if (file.empty()) {
        return std::string();
    }
    Result<std::string> text = os::read_secret_file(file.string(), model_token_bytes_max + 2);
    if (!text) {
        return fail("model.token_file", text.error());
    }
    text->erase(text->find_last_not_of("\r\n") + 1);
    const bool is_visible = std::ranges::all_of(*text, [](char c) { return c > ' ' && c <= '~'; });
    if (text->size() < model_token_bytes_min || text->size() > model_token_bytes_max ||
        !is_visible) {
        return fail(Fault::invalid,
                    fmt::format("model.token_file: {} is not one line of {} to {} visible "
                                "characters; write one by `openssl rand -hex 32`",
                                file.string(), model_token_bytes_min, model_token_bytes_max));
    }
    return text;
}

}  // namespace homeostat::adapters::llm
