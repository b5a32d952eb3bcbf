#include "homeostat/adapters/redis/resp.hpp"

#include "homeostat/adapters/redis/resp_parts.hpp"

#include <fmt/format.h>

#include <charconv>

namespace homeostat::adapters::redis {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t line_bytes_max = 512;  // Redis's complaints are shorter by far.

}  // namespace

std::unexpected<std::variant<NotWhole, Error>> broken_part(std::string text) {
    return std::unexpected<std::variant<NotWhole, Error>>(
        Error{Fault::broken, "Redis: " + std::move(text)});
}

std::unexpected<std::variant<NotWhole, Error>> not_whole() {
    return std::unexpected<std::variant<NotWhole, Error>>(NotWhole{});
}

Taken<std::string_view> take_line(std::string_view& rest) {
    const std::size_t end = rest.substr(0, line_bytes_max).find(line_end);
    if (end == std::string_view::npos) {
        return rest.size() < line_bytes_max ? Taken<std::string_view>(not_whole())
                                            : broken_part("a line is too long");
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + line_end.size());
    return line;
}

Taken<std::int64_t> take_number(std::string_view& rest) {
    const Taken<std::string_view> line = take_line(rest);
    if (!line) {
        return std::unexpected(line.error());
    }
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
    if (error != std::errc{} || end != line->data() + line->size()) {
        return broken_part("a number is none");
    }
    return number;
}

Taken<std::int64_t> take_number_of(char kind, std::string_view& rest) {
    if (rest.empty()) {
        return not_whole();
    }
    if (rest.front() != kind) {
        return broken_part(fmt::format("a part with '{}' is wanted, something else came", kind));
    }
    rest.remove_prefix(1);
    return take_number(rest);
}

Taken<std::optional<std::string>> take_value(std::string_view& rest) {
    const Taken<std::int64_t> size = take_number_of('$', rest);
    if (!size) {
        return std::unexpected(size.error());
    }
    if (*size == -1) {
        return std::optional<std::string>();
    }
    if (*size < 0 || *size > static_cast<std::int64_t>(value_bytes_max)) {
        return broken_part(
            fmt::format("a value of {} bytes, at most {} are read", *size, value_bytes_max));
    }
    const auto bytes = static_cast<std::size_t>(*size);
    if (rest.size() < bytes + line_end.size()) {
        return not_whole();
    }
    if (rest.substr(bytes, line_end.size()) != line_end) {
        return broken_part("a value does not end where it should");
    }
    std::string value(rest.substr(0, bytes));
    rest.remove_prefix(bytes + line_end.size());
    return value;
}

namespace {

Taken<Reply> take_values(std::string_view& rest) {
    const Taken<std::int64_t> count = take_number(rest);
    if (!count) {
        return std::unexpected(count.error());
    }
    if (*count < 0 || *count > static_cast<std::int64_t>(values_max)) {
        return broken_part(fmt::format("{} values, at most {} are read", *count, values_max));
    }
    Values values;
    while (values.size() < static_cast<std::size_t>(*count)) {
        Taken<std::optional<std::string>> value = take_value(rest);
        if (!value) {
            return std::unexpected(value.error());
        }
        values.push_back(*std::move(value));
    }
    return Reply(std::move(values));
}

Taken<Reply> take_any(std::string_view& rest) {
    if (rest.empty()) {
        return not_whole();
    }
    const char kind = rest.front();
    rest.remove_prefix(1);
    switch (kind) {
        case '*':
            return take_values(rest);
        case ':': {
            const Taken<std::int64_t> number = take_number(rest);
            return number ? Taken<Reply>(Reply(*number)) : std::unexpected(number.error());
        }
        case '-': {
            const Taken<std::string_view> line = take_line(rest);
            return line ? Taken<Reply>(Reply(Complaint{std::string(*line)}))
                        : std::unexpected(line.error());
        }
        case '+': {
            const Taken<std::string_view> line = take_line(rest);
            return line ? Taken<Reply>(Reply(Word{std::string(*line)}))
                        : std::unexpected(line.error());
        }
        default:
            return broken_part("a reply of no kind that was asked for");
    }
}

}  // namespace

std::string command_of(const std::vector<std::string>& words) {
    std::string text = fmt::format("*{}\r\n", words.size());
    for (const std::string& word : words) {
        text += fmt::format("${}\r\n{}\r\n", word.size(), word);
    }
    return text;
}

Result<std::optional<Reply>> take_reply(std::string_view& rest) {
    std::string_view ahead = rest;
    Taken<Reply> reply = take_any(ahead);
    if (reply) {
        rest = ahead;
        return std::optional<Reply>(*std::move(reply));
    }
    if (const auto* error = std::get_if<Error>(&reply.error())) {
        return std::unexpected(*error);
    }
    return std::optional<Reply>();
}

}  // namespace homeostat::adapters::redis
