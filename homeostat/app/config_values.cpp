#include "homeostat/app/config_values.hpp"

#include "homeostat/base/id.hpp"
#include "homeostat/net/endpoint.hpp"
#include "homeostat/net/refused_address.hpp"
#include "homeostat/record/redact.hpp"
#include "homeostat/sense/gloss.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <variant>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

struct Unit {
    std::string_view suffix;
    Duration length;
};

/// Longest first, for writing; "ms" is looked for before "s" and "m" when reading.
constexpr std::array units{Unit{"d", 24h}, Unit{"h", 1h}, Unit{"m", 1min}, Unit{"s", 1s},
                           Unit{"ms", 1ms}};

std::unexpected<Error> wrong(std::string text) {
    return fail(Fault::invalid, std::move(text));
}

/// The whole text as a number.
template <class T>
std::optional<T> number_of(std::string_view text) {
    T number{};
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [stop, error] = std::from_chars(begin, end, number);
    return error == std::errc() && stop == end ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
    return number_of<std::uint64_t>(text);
}

std::optional<double> real_number(std::string_view text) {
    const std::optional<double> number = number_of<double>(text);
    return number && std::isfinite(*number) ? number : std::nullopt;
}

/// What of a text may stand in a message: it is the user's own, and may be long.
std::string shown(std::string_view text) {
    constexpr std::size_t shown_bytes_max = 40;
    return text.size() <= shown_bytes_max
               ? "'" + std::string(text) + "'"
               : "'" + std::string(text.substr(0, shown_bytes_max)) + "…'";
}

/// 0.0.0.0 and its like.
bool is_unspecified(const net::Endpoint& endpoint) {
    const auto* tcp = std::get_if<net::TcpEndpoint>(&endpoint);
    if (tcp == nullptr) {
        return false;
    }
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(tcp->host, error);
    return !error && address.is_unspecified();
}

json::object text_schema(std::string_view pattern) {
    json::object schema;
    schema["type"] = "string";
    schema["pattern"] = json::value(std::string(pattern));
    return schema;
}

/// Insertions, deletions, changes and exchanges of neighbours that make `other` of `one`.
std::size_t distance(std::string_view one, std::string_view other) {
    std::vector<std::vector<std::size_t>> cost(one.size() + 1,
                                               std::vector<std::size_t>(other.size() + 1));
    for (std::size_t row = 0; row <= one.size(); ++row) {
        for (std::size_t column = 0; column <= other.size(); ++column) {
            if (row == 0 || column == 0) {
                cost[row][column] = row + column;
                continue;
            }
            const bool is_same = one[row - 1] == other[column - 1];
            const std::size_t changed = cost[row - 1][column - 1] + (is_same ? 0 : 1);
            std::size_t least =
                std::min({changed, cost[row - 1][column] + 1, cost[row][column - 1] + 1});
            const bool is_exchanged = row > 1 && column > 1 && one[row - 1] == other[column - 2] &&
                                      one[row - 2] == other[column - 1];
            if (is_exchanged) {
                least = std::min(least, cost[row - 2][column - 2] + 1);
            }
            cost[row][column] = least;
        }
    }
    return cost[one.size()][other.size()];
}

}  // namespace

std::string to_text(Duration span) {
    for (const Unit& unit : units) {
        // "24h" is what people say, and "1d" nobody reads twice.
        const bool is_day = unit.length == 24h && span <= 24h;
        if (!is_day && span.count() != 0 && span % unit.length == Duration{}) {
            return fmt::format("{}{}", span / unit.length, unit.suffix);
        }
    }
    return span.count() == 0 ? "0s" : fmt::format("{}ns", span.count());
}

Result<Duration> DurationValue::parse(std::string_view text) const {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::optional<std::uint64_t> count = whole_number(text.substr(0, digits));
    const auto unit = std::ranges::find(units, text.substr(digits), &Unit::suffix);
    if (!count || unit == units.end()) {
        const std::string mend =
            count && digits == text.size()
                ? fmt::format("write the unit too, {}s or {}ms", text, text)
                : "write a whole number with a unit, as in 500ms, 2s, 5m, 1h or 7d";
        return wrong(fmt::format("{} is not a duration — {}", shown(text), mend));
    }
    const auto most = static_cast<std::uint64_t>(max / unit->length);
    const Duration value =
        *count > most ? max + 1ns : unit->length * static_cast<std::int64_t>(*count);
    if (value < min || value > max) {
        return wrong(fmt::format("{} is out of range — write {} to {}", shown(text),
                                 app::to_text(min), app::to_text(max)));
    }
    return value;
}

json::value DurationValue::write(Duration value) const {
    return json::value(app::to_text(value));
}

json::object DurationValue::schema() const {
    return text_schema("^[0-9]+(ms|s|m|h|d)$");
}

Result<double> RatioValue::parse(std::string_view text) const {
    const bool is_percent = text.ends_with('%');
    const std::optional<double> number =
        real_number(is_percent ? text.substr(0, text.size() - 1) : text);
    if (!number) {
        return wrong(fmt::format("{} is not a ratio — write it as 99.9% or 0.999", shown(text)));
    }
    const double ratio = is_percent ? *number / 100 : *number;
    if (!is_percent && ratio >= 1 && ratio < 100) {
        return wrong(fmt::format("a ratio of {} — did you mean {}%?", text, text));
    }
    if (ratio <= 0 || ratio >= 1) {
        return wrong(
            fmt::format("{} is out of range — write more than 0% and less than 100%", shown(text)));
    }
    return ratio;
}

json::object RatioValue::schema() const {
    json::object number;
    number["type"] = "number";
    number["exclusiveMinimum"] = 0;
    number["exclusiveMaximum"] = 1;
    json::object schema;
    schema["anyOf"] = json::array{number, text_schema("^[0-9]+([.][0-9]+)?%$")};
    return schema;
}

Result<std::uint64_t> parse_count(std::string_view text, std::uint64_t min, std::uint64_t max) {
    const std::optional<std::uint64_t> count = whole_number(text);
    if (!count && !real_number(text)) {
        return wrong(fmt::format("{} is not a number — write a whole number from {} to {}",
                                 shown(text), min, max));
    }
    if (!count || *count < min || *count > max) {
        return wrong(fmt::format("{} is out of range — write a whole number from {} to {}",
                                 shown(text), min, max));
    }
    return *count;
}

json::object count_schema(std::uint64_t min, std::uint64_t max) {
    json::object schema;
    schema["type"] = "integer";
    schema["minimum"] = min;
    schema["maximum"] = max;
    return schema;
}

Result<std::string> TextValue::parse(std::string_view text) const {
    if (text.empty() || text.size() > bytes_max) {
        return wrong(text.empty() ? "an empty text — write something, or leave the key out"
                                  : fmt::format("a text of {} bytes — write at most {}",
                                                text.size(), bytes_max));
    }
    return std::string(text);
}

json::object TextValue::schema() const {
    json::object schema;
    schema["type"] = "string";
    schema["minLength"] = 1;
    schema["maxLength"] = bytes_max;
    return schema;
}

Result<std::string> GlossPatternValue::parse(std::string_view text) const {
    const Result<void> checked = sense::check_pattern(text);
    if (!checked) {
        return std::unexpected<Error>(checked.error());
    }
    return std::string(text);
}

json::object GlossPatternValue::schema() const {
    return TextValue{.bytes_max = sense::pattern_bytes_max}.schema();
}

Result<std::string> NameValue::parse(std::string_view text) const {
    if (!is_plain_name(text) || text.size() > bytes_max) {
        return wrong(
            fmt::format("{} is not a plain name — write 1 to {} of A-Z a-z 0-9 _ . -, "
                        "beginning with a letter, a digit or _",
                        shown(text), bytes_max));
    }
    if (record::redact(text) != text) {
        return wrong(
            "a name that looks like a secret: in every record it would be replaced, and be no name "
            "any more — write another one");
    }
    return std::string(text);
}

json::object NameValue::schema() const {
    return text_schema(fmt::format("^[A-Za-z0-9_][A-Za-z0-9_.-]{{0,{}}}$", bytes_max - 1));
}

Result<std::string> UrlPathValue::parse(std::string_view text) const {
    constexpr std::size_t bytes_max = 256;
    const bool is_path = text.starts_with('/') && text.size() <= bytes_max &&
                         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7F'; });
    if (!is_path) {
        return wrong(
            fmt::format("{} is not a path of a request — begin with a slash, as in "
                        "/healthz, and leave out host and spaces",
                        shown(text)));
    }
    return std::string(text);
}

json::object UrlPathValue::schema() const {
    return text_schema("^/[!-~]{0,255}$");
}

Result<std::string> UrlValue::parse(std::string_view text) const {
    const Result<net::Address> address = net::parse_endpoint(text);
    if (!address) {
        return wrong(address.error().text + " — write an address as in http://127.0.0.1:8080/path");
    }
    if (const Result<void> checked = net::check_target(address->endpoint); !checked) {
        return wrong(checked.error().text + " — write where the service itself listens");
    }
    return std::string(text);
}

json::object UrlValue::schema() const {
    return text_schema("^(http://|unix:/)[!-~]+$");
}

Result<std::string> ModelUrlValue::parse(std::string_view text) const {
    constexpr std::string_view mend =
        "write an address as in http://127.0.0.1:8080, or unix:/run/model.sock";
    const Result<net::Address> address = net::parse_endpoint(text);
    if (!address) {
        return wrong(fmt::format("{} — {}", address.error().text, mend));
    }
    if (is_unspecified(address->endpoint)) {
        return wrong(fmt::format("{} is where a server listens, not where it is asked — {}",
                                 shown(text), mend));
    }
    if (const Result<void> checked = net::check_target(address->endpoint); !checked) {
        return wrong(fmt::format("{} — {}", checked.error().text, mend));
    }
    if (address->path != "/") {
        return wrong(fmt::format("{} names a path, and llama-server's own are asked — {}",
                                 shown(text), mend));
    }
    return std::string(text);
}

json::object ModelUrlValue::schema() const {
    return text_schema(R"(^(http://[^/?#]+/?|unix:/[!-~]+)$)");
}

Result<std::string> EntryPatternValue::parse(std::string_view text) const {
    constexpr std::string_view word = "{entry}";
    const std::size_t at = text.find(word);
    if (at == std::string_view::npos || text.find(word, at + 1) != std::string_view::npos) {
        return wrong(
            fmt::format("{} does not say where the entry stands — write {{entry}} in it, "
                        "once",
                        shown(text)));
    }
    std::string one(text);
    one.replace(at, word.size(), "x");
    const Result<std::string> parsed =
        is_url ? UrlValue{}.parse(one) : TextValue{.bytes_max = 256}.parse(one);
    return parsed ? Result<std::string>(text) : std::unexpected<Error>(parsed.error());
}

json::object EntryPatternValue::schema() const {
    return text_schema(is_url ? "^(http://|unix:/)[!-~]*[{]entry[}][!-~]*$" : "[{]entry[}]");
}

Result<std::string> PeerValue::parse(std::string_view text) const {
    const bool is_file = text.starts_with("unix:/");
    const Result<net::Address> address =
        net::parse_endpoint(is_file ? std::string(text) : "http://" + std::string(text));
    const auto* tcp = address ? std::get_if<net::TcpEndpoint>(&address->endpoint) : nullptr;
    const bool is_without_port = tcp != nullptr && !text.ends_with(fmt::format(":{}", tcp->port));
    if (!address || address->path != "/" || is_without_port) {
        return wrong(
            fmt::format("{} is not an address with a port — write one as in "
                        "127.0.0.1:6379, or unix:/run/redis.sock",
                        shown(text)));
    }
    return std::string(text);
}

json::object PeerValue::schema() const {
    return text_schema("^(unix:/[!-~]+|[!-.0-~]+:[0-9]+)$");
}

Result<std::filesystem::path> PathValue::parse(std::string_view text) const {
    constexpr std::size_t bytes_max = 4000;
    if (text.empty() || text.size() > bytes_max) {
        return wrong("not a path — write one of 1 to 4000 bytes, or leave the key out");
    }
    if (text.front() == '~' || text.front() == '$') {
        return wrong(
            fmt::format("{} is taken as it stands here, without a shell — write the path "
                        "out",
                        shown(text)));
    }
    return std::filesystem::path(text);
}

json::object PathValue::schema() const {
    return text_schema("^[^~$]");
}

Result<bool> FlagValue::parse(std::string_view text) const {
    if (text != "true" && text != "false") {
        return wrong(fmt::format("{} is neither true nor false — write one of them", shown(text)));
    }
    return text == "true";
}

json::object FlagValue::schema() const {
    json::object schema;
    schema["type"] = "boolean";
    return schema;
}

std::string nearest(std::string_view text, const std::vector<std::string>& names) {
    constexpr std::size_t text_bytes_max = 64;
    if (text.size() > text_bytes_max) {
        return {};
    }
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(1, text.size() / 3) + 1;
    for (const std::string& name : names) {
        if (const std::size_t far = distance(text, name); far < best_distance) {
            best = name;
            best_distance = far;
        }
    }
    return best;
}

std::string not_one_of(std::string_view text, const std::vector<std::string>& names) {
    const std::string meant = nearest(text, names);
    const std::string hint = meant.empty() ? "" : fmt::format("did you mean '{}'? ", meant);
    return fmt::format("{} — {}known here: {}", shown(text), hint, fmt::join(names, ", "));
}

}  // namespace homeostat::app
