#include "homeostat/domain/network.hpp"

#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <ranges>
#include <vector>

namespace homeostat {

namespace {

constexpr std::size_t groups_count = 8;
constexpr std::size_t v4_begin = 12;  ///< Where the bytes of an IPv4 address begin.
constexpr std::uint8_t byte_bits = 8;
constexpr std::uint8_t all_bits = 0xff;

using Groups = std::array<std::uint16_t, groups_count>;

template <class Number>
std::optional<Number> parse_number(std::string_view text, int base) {
    Number number{};
    const char* end = text.data() + text.size();
    const auto [at, error] = std::from_chars(text.data(), end, number, base);
    return error == std::errc{} && at == end && !text.empty() ? std::optional(number)
                                                              : std::nullopt;
}

/// Four decimal numbers, none with a leading zero: to some readers that would be octal.
std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        const bool is_last = index + 1 == bytes.size();
        const std::size_t end = is_last ? text.size() : text.find('.');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view part = text.substr(0, end);
        const std::optional<std::uint8_t> byte = parse_number<std::uint8_t>(part, 10);
        if (!byte || (part.size() > 1 && part.front() == '0')) {
            return std::nullopt;
        }
        bytes[index] = *byte;
        text.remove_prefix(is_last ? end : end + 1);
    }
    return bytes;
}

/// Groups of hexadecimal digits between colons; the last may be an IPv4 address. Empty text: none.
std::optional<std::vector<std::uint16_t>> parse_groups(std::string_view text) {
    std::vector<std::uint16_t> groups;
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view part = text.substr(0, colon);
        if (colon == std::string_view::npos && part.contains('.')) {
            const auto v4 = parse_v4(part);
            if (!v4) {
                return std::nullopt;
            }
            groups.push_back(static_cast<std::uint16_t>((*v4)[0] << byte_bits | (*v4)[1]));
            groups.push_back(static_cast<std::uint16_t>((*v4)[2] << byte_bits | (*v4)[3]));
            break;
        }
        const std::optional<std::uint16_t> group = parse_number<std::uint16_t>(part, 16);
        const bool ends_in_colon = colon != std::string_view::npos && colon + 1 == text.size();
        if (!group || part.size() > 4 || ends_in_colon || groups.size() == groups_count) {
            return std::nullopt;
        }
        groups.push_back(*group);
        text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
    }
    return groups;
}

std::optional<Groups> parse_v6(std::string_view text) {
    const std::size_t gap = text.find("::");
    const bool has_gap = gap != std::string_view::npos;
    const auto front = parse_groups(text.substr(0, has_gap ? gap : text.size()));
    const auto back = parse_groups(has_gap ? text.substr(gap + 2) : "");
    // A group in front of the gap cannot be an IPv4 address: it would not be the end.
    if (!front || !back || (has_gap && text.substr(0, gap).contains('.'))) {
        return std::nullopt;
    }
    const std::size_t count = front->size() + back->size();
    if (has_gap ? count >= groups_count : count != groups_count) {
        return std::nullopt;
    }
    Groups groups{};
    std::ranges::copy(*front, groups.begin());
    std::ranges::copy(*back, std::prev(groups.end(), std::ssize(*back)));
    return groups;
}

std::uint16_t group_at(const Network& network, std::size_t index) {
    return static_cast<std::uint16_t>(network.bytes[2 * index] << byte_bits |
                                      network.bytes[2 * index + 1]);
}

std::string v4_text(const Network& network) {
    const auto& bytes = network.bytes;
    return fmt::format("{}.{}.{}.{}", bytes[v4_begin], bytes[v4_begin + 1], bytes[v4_begin + 2],
                       bytes[v4_begin + 3]);
}

struct Gap {
    std::size_t begin{0};
    std::size_t count{0};
};

/// The first of the longest runs of two zero groups or more.
Gap longest_gap(const Network& network) {
    Gap best;
    Gap run;
    for (std::size_t index = 0; index < groups_count; ++index) {
        run = group_at(network, index) != 0 ? Gap{index + 1, 0} : Gap{run.begin, run.count + 1};
        best = run.count > best.count ? run : best;
    }
    return best.count > 1 ? best : Gap{groups_count, 0};
}

std::string v6_text(const Network& network) {
    if (is_v4(network)) {
        return "::ffff:" + v4_text(network);
    }
    const Gap gap = longest_gap(network);
    // What was called an IPv4-compatible address is written as one; ::1 and :: are not.
    if (gap.begin == 0 && gap.count == 6) {
        return "::" + v4_text(network);
    }
    std::string text;
    for (std::size_t index = 0; index < groups_count; ++index) {
        if (index == gap.begin) {
            text += "::";
            index += gap.count - 1;
            continue;
        }
        text += fmt::format("{}{:x}", text.empty() || text.ends_with(':') ? "" : ":",
                            group_at(network, index));
    }
    return text;
}

std::unexpected<Error> invalid(std::string_view says) {
    return fail(Fault::invalid, std::string(says));
}

/// Of IPv4: its first two bytes are enough for every row below but one.
constexpr Network v4_of(std::array<std::uint8_t, 3> begin, std::uint8_t bits) {
    Network network;
    network.bytes[v4_begin - 2] = all_bits;
    network.bytes[v4_begin - 1] = all_bits;
    std::ranges::copy(begin, network.bytes.begin() + v4_begin);
    network.bits = static_cast<std::uint8_t>(bits + Network::bits_of_v4);
    return network;
}

constexpr Network v6_of(std::array<std::uint8_t, 6> begin, std::uint8_t bits) {
    Network network;
    std::ranges::copy(begin, network.bytes.begin());
    network.bits = bits;
    return network;
}

// The networks of documentation are not among them: every example is about those.
constexpr std::array reserved_networks{
    v4_of({0}, 8),
    v4_of({10}, 8),
    v4_of({100, 64}, 10),
    v4_of({127}, 8),
    v4_of({169, 254}, 16),
    v4_of({172, 16}, 12),
    v4_of({192, 0, 0}, 24),
    v4_of({192, 168}, 16),
    v4_of({198, 18}, 15),
    v4_of({224}, 3),  // Multicast, and all behind it.
    v6_of({0}, 96),   // Unspecified, loopback, and IPv4 in a form that is given up.
    v6_of({0, 0x64, 0xff, 0x9b}, 47),  // Translated IPv4, 64:ff9b::/96 and 64:ff9b:1::/48.
    v6_of({0x01}, 64),
    v6_of({0xfc}, 7),
    v6_of({0xfe, 0x80}, 9),  // Link-local, and site-local as it once was.
    v6_of({0xff}, 8),
};

}  // namespace

Result<Network> parse_network(std::string_view text) {
    constexpr std::size_t text_bytes_max = 49;  // The longest IPv6 text with a prefix.
    if (text.size() > text_bytes_max) {
        return invalid("too long for an address");
    }
    const std::size_t slash = text.find('/');
    const std::string_view address = text.substr(0, slash);
    Network network;
    if (const auto v4 = parse_v4(address)) {
        network.bytes[v4_begin - 2] = all_bits;
        network.bytes[v4_begin - 1] = all_bits;
        std::ranges::copy(*v4, std::next(network.bytes.begin(), v4_begin));
    } else if (const std::optional<Groups> groups = parse_v6(address)) {
        for (std::size_t index = 0; index < groups_count; ++index) {
            network.bytes[2 * index] = static_cast<std::uint8_t>((*groups)[index] >> byte_bits);
            network.bytes[2 * index + 1] = static_cast<std::uint8_t>((*groups)[index] & all_bits);
        }
    } else {
        return invalid("neither an IPv4 nor an IPv6 address");
    }
    if (slash == std::string_view::npos) {
        return network;
    }
    const bool is_short = address.contains('.') && !address.contains(':');
    const std::uint8_t offset = is_short ? Network::bits_of_v4 : 0;
    const std::optional<std::uint8_t> bits = parse_number<std::uint8_t>(text.substr(slash + 1), 10);
    if (!bits || *bits > Network::bits_max - offset) {
        return invalid("a prefix of that length there is not");
    }
    const Network whole = prefix_of(network, static_cast<std::uint8_t>(*bits + offset));
    if (whole.bytes != network.bytes) {
        return invalid("it has bits behind its prefix");
    }
    return whole;
}

std::string to_text(const Network& network) {
    const bool is_short = is_v4(network);
    std::string text = is_short ? v4_text(network) : v6_text(network);
    if (network.bits < Network::bits_max) {
        text += fmt::format("/{}", network.bits - (is_short ? Network::bits_of_v4 : 0));
    }
    return text;
}

std::string to_v6_text(const Network& network) {
    return v6_text(network);
}

bool is_v4(const Network& network) {
    constexpr std::array<std::uint8_t, v4_begin> front{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255};
    return network.bits >= Network::bits_of_v4 &&
           std::ranges::equal(front, network.bytes | std::views::take(v4_begin));
}

bool contains(const Network& outer, const Network& inner) {
    return outer.bits <= inner.bits && prefix_of(inner, outer.bits).bytes == outer.bytes;
}

Network prefix_of(const Network& network, std::uint8_t bits) {
    ensure(bits <= Network::bits_max, "a prefix has at most 128 bits");
    Network cut = network;
    cut.bits = bits;
    for (std::size_t index = 0; index < Network::bytes_count; ++index) {
        const std::size_t begin = index * byte_bits;
        if (begin >= bits) {
            cut.bytes[index] = 0;
        } else if (bits - begin < byte_bits) {
            const unsigned kept = static_cast<unsigned>(all_bits) << (byte_bits - (bits - begin));
            cut.bytes[index] = static_cast<std::uint8_t>(cut.bytes[index] & kept);
        }
    }
    return cut;
}

bool is_reserved(const Network& network) {
    return std::ranges::any_of(reserved_networks,
                               [&](const Network& one) { return overlap(one, network); });
}

}  // namespace homeostat
