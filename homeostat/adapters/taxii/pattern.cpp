#include "homeostat/adapters/taxii/pattern.hpp"

#include <algorithm>
#include <optional>

namespace homeostat::adapters::taxii {

namespace {

bool is_of_word(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.").contains(c);
}

/// What is still to be read. Each part that is taken leaves with the blanks in front of it.
class Rest {
  public:
    explicit Rest(std::string_view text) : text_(text) {}

    [[nodiscard]] bool is_empty() {
        skip_blanks();
        return text_.empty();
    }
    bool take(char wanted) {
        skip_blanks();
        const bool is_there = text_.starts_with(wanted);
        text_.remove_prefix(is_there ? 1 : 0);
        return is_there;
    }
    /// As long as a word can be; empty: there is none.
    std::string_view take_word() {
        skip_blanks();
        const auto* const end = std::ranges::find_if_not(text_, is_of_word);
        return take_front(static_cast<std::size_t>(end - text_.begin()));
    }
    /// An escaped character stands in no address, so its backslash stays and the text is none.
    std::optional<std::string_view> take_quoted() {
        if (!take('\'')) {
            return std::nullopt;
        }
        const std::string_view text = take_front(std::min(text_.find('\''), text_.size()));
        const bool is_closed = text_.starts_with('\'');
        text_.remove_prefix(is_closed ? 1 : 0);
        return is_closed ? std::optional(text) : std::nullopt;
    }

  private:
    void skip_blanks() {
        text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
    }
    std::string_view take_front(std::size_t count) {
        const std::string_view front = text_.substr(0, count);
        text_.remove_prefix(count);
        return front;
    }

    std::string_view text_;
};

/// ipv4-addr:value = '192.0.2.7'
std::optional<Network> take_comparison(Rest& rest) {
    const std::string_view path = rest.take_word();
    const bool is_short = path == "ipv4-addr:value";
    if (!is_short && path != "ipv6-addr:value") {
        return std::nullopt;
    }
    if (!rest.take('=') && rest.take_word() != "ISSUBSET") {
        return std::nullopt;
    }
    const std::optional<std::string_view> text = rest.take_quoted();
    if (!text) {
        return std::nullopt;
    }
    const Result<Network> network = parse_network(*text);
    const bool is_meant = network && is_v4(*network) == is_short;
    return is_meant ? std::optional(*network) : std::nullopt;
}

/// [comparison OR comparison …] is added to `networks`.
bool take_observation(Rest& rest, std::vector<Network>& networks) {
    if (!rest.take('[')) {
        return false;
    }
    do {
        const std::optional<Network> network = take_comparison(rest);
        if (!network || networks.size() == pattern_networks_max) {
            return false;
        }
        networks.push_back(*network);
        if (rest.take(']')) {
            return true;
        }
    } while (rest.take_word() == "OR");
    return false;
}

}  // namespace

std::vector<Network> parse_pattern(std::string_view text) {
    if (text.size() > pattern_bytes_max) {
        return {};
    }
    Rest rest(text);
    std::vector<Network> networks;
    do {
        if (!take_observation(rest, networks)) {
            return {};
        }
        if (rest.is_empty()) {
            return networks;
        }
    } while (rest.take_word() == "OR");
    return {};
}

}  // namespace homeostat::adapters::taxii
