#include "homeostat/adapters/roles/letter.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace homeostat::adapters::roles {

namespace {

constexpr std::string_view signed_under = "homeostat letter 1\n";
constexpr std::string_view before_signature = R"(,"signature":")";
constexpr std::string_view after_signature = R"("})";
constexpr JsonLimits limits{.bytes_max = letter_bytes_max, .depth_max = 16};
constexpr std::size_t text_bytes_max = 2048;  // Twice what a model says of its trouble.
constexpr std::size_t items_max = 64;         // Of any list: evidence has 24 lines, menus have 8.
constexpr std::size_t life_bytes_max = 64;
constexpr std::size_t head_bytes_max = 320;  // Service, key, life and stamp: 64 bytes each at most.
constexpr std::size_t digits_per_byte = 2;
constexpr int hex_base = 16;

template <std::size_t Size>
std::optional<std::array<std::uint8_t, Size>> parse_hex(std::string_view text) {
    std::array<std::uint8_t, Size> bytes{};
    const bool is_hex = text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
    if (!is_hex || text.size() != digits_per_byte * Size) {
        return std::nullopt;
    }
    for (std::size_t at = 0; at < Size; ++at) {
        const std::string_view digits = text.substr(digits_per_byte * at, digits_per_byte);
        std::from_chars(digits.data(), digits.data() + digits.size(), bytes.at(at), hex_base);
    }
    return bytes;
}

/// What the signature is over and the signature itself.
struct Parts {
    std::string text;  ///< The letter without its last member.
    mesh::Signature signature{};
};

std::optional<Parts> parts_of(std::string_view bytes) {
    const std::size_t digits = digits_per_byte * mesh::Signature{}.size();
    const std::size_t tail = before_signature.size() + digits + after_signature.size();
    if (bytes.size() <= tail || !bytes.ends_with(after_signature)) {
        return std::nullopt;
    }
    const std::string_view last = bytes.substr(bytes.size() - tail);
    const auto signature =
        parse_hex<mesh::Signature{}.size()>(last.substr(before_signature.size(), digits));
    if (!last.starts_with(before_signature) || !signature) {
        return std::nullopt;
    }
    return Parts{std::string(bytes.substr(0, bytes.size() - tail)) + "}", *signature};
}

/// Lists and texts of any place; its depth is bounded by whoever has read it.
// NOLINTNEXTLINE(misc-no-recursion)
bool is_bounded(const json::value& value) {
    if (value.is_string()) {
        return value.get_string().size() <= text_bytes_max;
    }
    if (value.is_array()) {
        const json::array& items = value.get_array();
        return items.size() <= items_max && std::ranges::all_of(items, is_bounded);
    }
    return !value.is_object() || std::ranges::all_of(value.get_object(), [](const auto& member) {
        return is_bounded(member.value());
    });
}

std::string objection_to(const Symptom& symptom) {
    return is_plain_name(symptom.subject.name) ? "" : "a symptom of something without a name";
}

struct ObjectionToBody {
    std::string operator()(const Look& look) const {
        if (look.symptoms.size() > symptoms_max || look.troubles.size() > troubles_max) {
            return "a look with too much in it";
        }
        for (const Symptom& symptom : look.symptoms) {
            if (std::string objection = objection_to(symptom); !objection.empty()) {
                return objection;
            }
        }
        const bool is_short = std::ranges::all_of(look.troubles, [](const std::string& trouble) {
            return trouble.size() <= trouble_bytes_max;
        });
        return is_short ? "" : "a trouble of too many words";
    }
    std::string operator()(const Submit& submit) const {
        if (submit.proposal.menu.items.size() > menu_items_max ||
            submit.proposal.choice.scores.size() > menu_items_max) {
            return "a menu with too much on it";
        }
        return submit.proposal.diagnosis.causes.empty() ? "a diagnosis without a cause"
                                                        : objection_to(submit.proposal.symptom);
    }
    std::string operator()(const Clear& clear) const { return objection_to(clear.symptom); }
    std::string operator()(const Note& note) const {
        const auto is_name = [](const std::string& text) {
            return text.empty() || is_plain_name(text);
        };
        const Change& change = note.change;
        const bool has_names = is_plain_name(change.service.text()) && is_name(change.id.text()) &&
                               is_name(change.from.text()) && is_name(change.to.text()) &&
                               is_name(change.reference);
        return has_names ? "" : "a change with something in it that is no name";
    }
};

/// Empty: it keeps its bounds.
std::string objection_to(const Letter& letter) {
    if (!is_plain_name(letter.service.text()) || letter.life.size() > life_bytes_max ||
        letter.stamp.size() > life_bytes_max || letter.epoch > number_max ||
        letter.sequence > number_max) {
        return "no service, or a number that cannot be";
    }
    if (letter.scope && (letter.scope->is_whole() || !is_scope_name(letter.scope->name))) {
        return "a scope of nothing that has a name";
    }
    return std::visit(ObjectionToBody{}, letter.body);
}

}  // namespace

std::string to_hex(std::span<const std::uint8_t> bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::string voice_of(const Letter& letter) {
    return letter.scope ? letter.agent + " " + describe(*letter.scope) : letter.agent;
}

std::string_view head_of(std::string_view bytes) {
    return bytes.substr(0, head_bytes_max);
}

Result<std::string> seal(const Letter& letter, const mesh::SigningSeed& seed) {
    if (const std::string objection = objection_to(letter); !objection.empty()) {
        return fail(Fault::invalid, "a letter that nobody would take: " + objection);
    }
    const json::value value = to_json(letter);
    std::string text = to_text(value);
    const mesh::Signature signature = mesh::sign(seed, std::string(signed_under) + text);
    text.pop_back();
    text += before_signature;
    text += to_hex(signature);
    text += after_signature;
    if (!is_bounded(value) || text.size() > letter_bytes_max) {
        return fail(Fault::invalid, "a letter that nobody would take: too much is in it");
    }
    return text;
}

std::expected<Letter, Discard> open(std::string_view bytes,
                                    std::span<const mesh::PublicKey> agents) {
    if (bytes.size() > letter_bytes_max) {
        return std::unexpected(Discard::oversized);
    }
    const std::optional<Parts> parts = parts_of(bytes);
    const Result<json::value> value =
        parts ? parse_json(parts->text, limits) : fail(Fault::invalid, "no signature");
    const json::value* said =
        value && value->is_object() ? value->get_object().if_contains("agent") : nullptr;
    const auto key = said != nullptr && said->is_string()
                         ? parse_hex<mesh::PublicKey{}.size()>(said->get_string())
                         : std::nullopt;
    if (!key) {
        return std::unexpected(Discard::malformed);
    }
    // Who it is from before what it says: a stranger's proposal is not read.
    if (std::ranges::find(agents, *key) == agents.end()) {
        return std::unexpected(Discard::agent_unknown);
    }
    if (!mesh::is_signed_by(*key, std::string(signed_under) + parts->text, parts->signature)) {
        return std::unexpected(Discard::forged);
    }
    Result<Letter> letter = from_json<Letter>(*value);
    if (!letter || !is_bounded(*value) || !objection_to(*letter).empty()) {
        return std::unexpected(Discard::malformed);
    }
    return *std::move(letter);
}

}  // namespace homeostat::adapters::roles
