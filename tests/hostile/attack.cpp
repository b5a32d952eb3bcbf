#include "attack.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/os/file.hpp"

#include <fmt/format.h>

#include <cctype>
#include <utility>

namespace homeostat::hostile {

namespace {

constexpr std::string_view file = HOMEOSTAT_TEST_DATA "/attacks.json";

using LinesByAttack = std::array<std::vector<std::string>, attacks_count>;

LinesByAttack read_lines() {
    const Result<std::string> bytes = os::read_file(std::string(file), std::size_t{1} << 20U);
    ensure(bytes.has_value(), "the corpus of attacks is there");
    const Result<json::value> document = parse_json(*bytes);
    ensure(document.has_value(), "the corpus of attacks can be read");
    LinesByAttack all;
    for (std::size_t at = 0; at < attacks_count; ++at) {
        for (const json::value& line :
             document->as_object().at(to_text(static_cast<Attack>(at))).as_array()) {
            all.at(at).emplace_back(line.as_string());
        }
    }
    return all;
}

void replace_all(std::string& text, std::string_view part, std::string_view instead) {
    for (std::size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + instead.size())) {
        text.replace(at, part.size(), instead);
    }
}

template <std::size_t N>
std::string_view any_of(const std::array<std::string_view, N>& all, Rng& rng) {
    return all.at(static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(N) - 1)));
}

// --- disguises -----------------------------------------------------------------------------------

std::string shouted(std::string text, Rng& rng) {
    for (char& letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        letter = static_cast<char>(rng.between(0, 3) > 0 ? std::toupper(byte) : std::tolower(byte));
    }
    return text;
}

/// Nothing that is seen, between the letters.
std::string parted(std::string text, Rng& rng) {
    constexpr auto marks = std::to_array<std::string_view>(
        {"\u200b", "\u200d", "\u2060", "\u00ad", "\ufeff", "\u034f"});
    std::string told;
    for (const char letter : text) {
        told += letter;
        told += rng.between(0, 3) == 0 ? any_of(marks, rng) : std::string_view();
    }
    return told;
}

/// Letters of other alphabets that look the same.
std::string look_alike(std::string text, Rng& /*rng*/) {
    constexpr std::pair<char, std::string_view> letters[] = {
        {'a', "\u0430"}, {'c', "\u0441"}, {'e', "\u0435"}, {'o', "\u043e"}, {'p', "\u0440"}};
    for (const auto& [letter, other] : letters) {
        replace_all(text, std::string_view(&letter, 1), other);
    }
    return text;
}

std::string coloured(std::string text, Rng& rng) {
    constexpr auto begins = std::to_array<std::string_view>({"\x1b[31;1m", "\x1b[2J\x1b[H",
                                                             "\x1b]0;", "\x1b[8m", "\x1b[1A\x1b[2K",
                                                             "\x9b"
                                                             "31m"});
    return std::string(any_of(begins, rng)) + text + "\x1b[0m\x07";
}

std::string turned(std::string text, Rng& rng) {
    constexpr auto begins =
        std::to_array<std::string_view>({"\u202e", "\u202d", "\u2067", "\u200f", "\u061c"});
    return std::string(any_of(begins, rng)) + text + "\u202c\u2069";
}

std::string as_json(std::string text, Rng& rng) {
    constexpr auto keys = std::to_array<std::string_view>({"msg", "message", "error", "user"});
    const bool is_quoted = rng.between(0, 3) > 0;
    const std::string value = is_quoted ? to_text(json::value(text)) : "\"" + text + "\"";
    return fmt::format(R"({{"level":"error","{}":{},"id":{}}})", any_of(keys, rng), value,
                       rng.between(0, 9'999));
}

std::string as_logfmt(std::string text, Rng& rng) {
    constexpr auto keys = std::to_array<std::string_view>({"msg", "err", "reason", "note"});
    return fmt::format("ts=1769904000 level=error {}=\"{}\" id={}", any_of(keys, rng), text,
                       rng.between(0, 9'999));
}

std::string as_plain(std::string text, Rng& rng) {
    return fmt::format("2026-02-01T00:00:{:02} ERROR [worker-{}] {}", rng.between(0, 59),
                       rng.between(0, 99), text);
}

std::string lengthened(std::string text, Rng& rng) {
    constexpr std::size_t bytes_max = std::size_t{32} << 10U;
    constexpr auto fillers = std::to_array<std::string_view>({" ", "A", "\n", "x=1 ", "\u200b"});
    const auto bytes = static_cast<std::size_t>(rng.between(200, bytes_max));
    const std::string_view filler = any_of(fillers, rng);
    const bool is_before = rng.between(0, 1) == 0;
    std::string much;
    while (much.size() < bytes) {
        much += filler;
    }
    return is_before ? much + text : text + much;
}

/// Cut anywhere, or with bytes that are no text.
std::string broken(std::string text, Rng& rng) {
    text.resize(static_cast<std::size_t>(rng.between(0, static_cast<std::int64_t>(text.size()))));
    for (std::int64_t left = rng.between(0, 40); left > 0; --left) {
        text += static_cast<char>(rng.between(0, 255));
    }
    return text;
}

using Disguise = std::string (*)(std::string, Rng&);
constexpr Disguise disguises[] = {shouted, parted,    look_alike, coloured, turned,
                                  as_json, as_logfmt, as_plain,   broken};

}  // namespace

const std::vector<std::string>& lines_of(Attack attack) {
    static const LinesByAttack all = read_lines();
    return all.at(static_cast<std::size_t>(attack));
}

std::string filled(std::string line, const Names& names, std::uint64_t number) {
    replace_all(line, "{service}", names.service);
    replace_all(line, "{other}", names.other);
    replace_all(line, "{replica}", names.replica);
    replace_all(line, "{version}", names.version);
    replace_all(line, "{number}", fmt::format("{}", number));
    return line;
}

std::string draw_text(Attack attack, const Names& names, Rng& rng) {
    constexpr std::int64_t rarely = 40;  // A long text costs as much as hundreds of others.
    const std::vector<std::string>& lines = lines_of(attack);
    const auto last = static_cast<std::int64_t>(lines.size()) - 1;
    std::string text = filled(lines.at(static_cast<std::size_t>(rng.between(0, last))), names,
                              rng.next() % 10'000);
    for (std::int64_t left = rng.between(0, 2); left > 0; --left) {
        const auto kinds = static_cast<std::int64_t>(std::size(disguises));
        text = disguises[rng.between(0, kinds - 1)](std::move(text), rng);
    }
    return rng.between(1, rarely) == 1 ? lengthened(std::move(text), rng) : text;
}

}  // namespace homeostat::hostile
