#include "homeostat/graph/stored_commit.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/graph/shape.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace homeostat::graph {

namespace {

constexpr std::size_t number_digits = 16;

struct StoredCommit {
    std::string thread;
    std::uint64_t number{0};
    std::string graph_digest;
    std::string parent;
    Instant at{};
    Cause cause{Cause::started};
    bool is_snapshot{false};
    std::string body;
    std::string hash;

    static void fields(auto& self, auto&& field) {
        field("thread", self.thread);
        field("number", self.number);
        field("graph_digest", self.graph_digest);
        field("parent", self.parent);
        field("at", self.at);
        field("cause", self.cause);
        field("is_snapshot", self.is_snapshot);
        field("body", self.body);
        field("hash", self.hash);
    }
};

constexpr std::string_view digits = "0123456789abcdef";

std::string bytes_to_hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        const auto value = static_cast<unsigned char>(byte);
        text += digits[value >> 4U];
        text += digits[value & 0xFU];
    }
    return text;
}

std::optional<std::string> bytes_of_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t index = 0; index < text.size(); index += 2) {
        const std::size_t high = digits.find(text[index]);
        const std::size_t low = digits.find(text[index + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) {
            return std::nullopt;
        }
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

std::optional<std::uint64_t> number_of_hex(std::string_view text) {
    std::uint64_t number = 0;
    for (const char digit : text) {
        const std::size_t value = digits.find(digit);
        if (value == std::string_view::npos) {
            return std::nullopt;
        }
        number = number << 4U | value;
    }
    return text.size() == number_digits ? std::optional(number) : std::nullopt;
}

std::optional<ContentHash> hash_of_hex(std::string_view text) {
    if (text.size() != 2 * number_digits) {
        return std::nullopt;
    }
    const auto high = number_of_hex(text.substr(0, number_digits));
    const auto low = number_of_hex(text.substr(number_digits));
    return high && low ? std::optional(ContentHash{*high, *low}) : std::nullopt;
}

std::unexpected<Error> not_hex(std::string_view field) {
    return fail(Fault::corrupt, "a commit's " + std::string(field) + " is not as it was written");
}

}  // namespace

json::value to_stored(const Commit& commit) {
    return to_json(StoredCommit{.thread = commit.thread,
                                .number = commit.number,
                                .graph_digest = to_hex(commit.graph_digest),
                                .parent = to_hex(commit.parent),
                                .at = commit.at,
                                .cause = commit.cause,
                                .is_snapshot = commit.is_snapshot,
                                .body = bytes_to_hex(commit.body),
                                .hash = to_hex(commit.hash)});
}

Result<Commit> from_stored(const json::value& stored) {
    Result<StoredCommit> read = from_json<StoredCommit>(stored);
    if (!read) {
        return fail(Fault::corrupt, "a commit: " + read.error().text);
    }
    const auto graph_digest = number_of_hex(read->graph_digest);
    const auto parent = hash_of_hex(read->parent);
    const auto hash = hash_of_hex(read->hash);
    std::optional<std::string> body = bytes_of_hex(read->body);
    if (!graph_digest || !parent || !hash || !body) {
        return not_hex(!graph_digest ? "graph_digest"
                       : !parent     ? "parent"
                       : !hash       ? "hash"
                                     : "body");
    }
    Commit commit{.thread = std::move(read->thread),
                  .number = read->number,
                  .graph_digest = *graph_digest,
                  .parent = *parent,
                  .at = read->at,
                  .cause = read->cause,
                  .is_snapshot = read->is_snapshot,
                  .body = std::move(*body),
                  .hash = *hash};
    if (commit.hash != content_hash_of(commit)) {
        return not_hex("content");
    }
    return commit;
}

}  // namespace homeostat::graph
