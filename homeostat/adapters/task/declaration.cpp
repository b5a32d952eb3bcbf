#include "homeostat/adapters/task/declaration.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <span>

namespace homeostat::adapters::task {

namespace {

/// As a shell would have to be told it: where an argument ends can be seen.
std::string quoted(const std::string& word) {
    const bool is_plain = !word.empty() && word.find_first_of(" \t\n\"'\\$`") == std::string::npos;
    return is_plain ? word : "'" + word + "'";
}

}  // namespace

std::string digest_of(const Declaration& declaration) {
    const std::string text = to_text(to_json(declaration));
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    ensure(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1,
           "OpenSSL computes SHA-256");
    std::string hex;
    for (const unsigned char byte : std::span(digest).first(size)) {
        hex += fmt::format("{:02x}", byte);
    }
    return hex;
}

DeclaredTask declared(const Declaration& declaration) {
    return {.task = declaration.task,
            .declaration = digest_of(declaration),
            .is_reversible = declaration.take_back.has_value(),
            .is_repeatable = declaration.is_repeatable,
            .is_destructive = declaration.is_destructive,
            .keeps_capacity = declaration.keeps_capacity,
            .also_for = declaration.also_for.value_or(std::vector<SymptomKind>{})};
}

std::string describe(const Action& action) {
    if (const auto* http = std::get_if<HttpCall>(&action.call)) {
        return http->method + " " + http->url;
    }
    if (const auto* job = std::get_if<JobCall>(&action.call)) {
        return fmt::format("Job of {}/{}", job->name_space, job->from);
    }
    std::string text;
    for (const std::string& word : std::get<Command>(action.call).argv) {
        text += (text.empty() ? "" : " ") + quoted(word);
    }
    return text;
}

}  // namespace homeostat::adapters::task
