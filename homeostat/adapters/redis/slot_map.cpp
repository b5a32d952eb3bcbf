#include "homeostat/adapters/redis/slot_map.hpp"

#include "homeostat/adapters/redis/resp_parts.hpp"
#include "homeostat/base/ensure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

namespace homeostat::adapters::redis {

namespace {

/// CRC-16/XMODEM, which is what Redis spreads its keys by.
std::uint16_t crc16(std::string_view bytes) {
    constexpr std::uint32_t polynomial = 0x1021;
    std::uint32_t crc = 0;
    for (const char byte : bytes) {
        crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8U;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? polynomial : 0U);
        }
    }
    return static_cast<std::uint16_t>(crc & 0xFFFFU);
}

/// Where a node listens, as it is told: without a host it is the one that was asked.
Result<net::Endpoint> node_at(std::string_view host,
                              std::int64_t port,
                              const net::Endpoint& asked) {
    if (host.empty()) {
        const auto* tcp = std::get_if<net::TcpEndpoint>(&asked);
        host = tcp != nullptr ? std::string_view(tcp->host) : std::string_view("127.0.0.1");
    }
    const bool is_v6 = host.contains(':');
    const Result<net::Address> address =
        net::parse_endpoint(is_v6 ? fmt::format("http://[{}]:{}", host, port)
                                  : fmt::format("http://{}:{}", host, port));
    if (!address || address->path != "/") {
        return fail(Fault::broken,
                    "Redis: a node of the cluster has no IP address with a port — set "
                    "cluster-preferred-endpoint-type ip");
    }
    return address->endpoint;
}

template <class T>
Taken<T> refuse(const Error& error) {
    return std::unexpected<std::variant<NotWhole, Error>>(error);
}

Taken<std::size_t> take_count(std::string_view& rest, std::size_t min, std::size_t max) {
    const Taken<std::int64_t> count = take_number_of('*', rest);
    if (!count) {
        return std::unexpected(count.error());
    }
    if (*count < static_cast<std::int64_t>(min) || *count > static_cast<std::int64_t>(max)) {
        return broken_part(fmt::format("{} parts where {} to {} belong", *count, min, max));
    }
    return static_cast<std::size_t>(*count);
}

/// Host, port, id and, since Redis 7, what else is known of the node.
Taken<net::Endpoint> take_node(std::string_view& rest, const net::Endpoint& asked) {
    constexpr std::size_t plain_parts = 3;
    constexpr std::size_t more_parts_max = 16;
    const Taken<std::size_t> parts = take_count(rest, plain_parts, plain_parts + 1);
    if (!parts) {
        return std::unexpected(parts.error());
    }
    const Taken<std::optional<std::string>> host = take_value(rest);
    if (!host) {
        return std::unexpected(host.error());
    }
    const Taken<std::int64_t> port = take_number_of(':', rest);
    if (!port) {
        return std::unexpected(port.error());
    }
    if (const Taken<std::optional<std::string>> id = take_value(rest); !id) {
        return std::unexpected(id.error());
    }
    Taken<std::size_t> left = *parts > plain_parts ? take_count(rest, 0, more_parts_max) : 0;
    if (!left) {
        return std::unexpected(left.error());
    }
    for (; *left > 0; --*left) {
        if (const Taken<std::optional<std::string>> part = take_value(rest); !part) {
            return std::unexpected(part.error());
        }
    }
    Result<net::Endpoint> node = node_at(host->value_or(""), *port, asked);
    return node ? Taken<net::Endpoint>(*std::move(node)) : refuse<net::Endpoint>(node.error());
}

Taken<std::uint16_t> take_slot(std::string_view& rest) {
    const Taken<std::int64_t> slot = take_number_of(':', rest);
    if (!slot) {
        return std::unexpected(slot.error());
    }
    return *slot >= 0 && *slot < slots_count
               ? Taken<std::uint16_t>(static_cast<std::uint16_t>(*slot))
               : broken_part(fmt::format("a slot {}", *slot));
}

Taken<SlotRange> take_range(std::string_view& rest, const net::Endpoint& asked) {
    constexpr std::size_t slots_parts = 2;
    const Taken<std::size_t> parts =
        take_count(rest, slots_parts + 1, slots_parts + range_nodes_max);
    if (!parts) {
        return std::unexpected(parts.error());
    }
    const Taken<std::uint16_t> first = take_slot(rest);
    if (!first) {
        return std::unexpected(first.error());
    }
    const Taken<std::uint16_t> last = take_slot(rest);
    if (!last) {
        return std::unexpected(last.error());
    }
    if (*last < *first) {
        return broken_part(fmt::format("slots from {} to {}", *first, *last));
    }
    SlotRange range{.first = *first, .last = *last, .primary = {}};
    for (std::size_t index = slots_parts; index < *parts; ++index) {
        Taken<net::Endpoint> node = take_node(rest, asked);
        if (!node) {
            return std::unexpected(node.error());
        }
        if (index == slots_parts) {
            range.primary = *std::move(node);
        } else {
            range.replicas.push_back(*std::move(node));
        }
    }
    return range;
}

void sort(std::vector<SlotRange>& ranges) {
    std::ranges::sort(ranges, {}, &SlotRange::first);
}

/// REQUIRES: they are sorted.
bool has_slot_twice(const std::vector<SlotRange>& ranges) {
    const auto overlap = [](const SlotRange& a, const SlotRange& b) { return b.first <= a.last; };
    return std::ranges::adjacent_find(ranges, overlap) != ranges.end();
}

Taken<SlotMap> take_map(std::string_view& rest, const net::Endpoint& asked) {
    const Taken<std::size_t> count = take_count(rest, 0, ranges_max);
    if (!count) {
        return std::unexpected(count.error());
    }
    std::vector<SlotRange> ranges;
    while (ranges.size() < *count) {
        Taken<SlotRange> range = take_range(rest, asked);
        if (!range) {
            return std::unexpected(range.error());
        }
        ranges.push_back(*std::move(range));
    }
    sort(ranges);
    if (has_slot_twice(ranges)) {
        return broken_part("a slot is in two ranges");
    }
    return SlotMap(std::move(ranges));
}

}  // namespace

std::uint16_t slot_of(std::string_view key) {
    const std::size_t open = key.find('{');
    if (open != std::string_view::npos) {
        const std::size_t close = key.find('}', open + 1);
        if (close != std::string_view::npos && close > open + 1) {
            key = key.substr(open + 1, close - open - 1);
        }
    }
    return crc16(key) % slots_count;
}

SlotMap::SlotMap(std::vector<SlotRange> ranges) : ranges_(std::move(ranges)) {
    sort(ranges_);
    ensure(!has_slot_twice(ranges_), "a slot is in one range");
}

const SlotRange* SlotMap::find(std::uint16_t slot) const {
    const auto behind = std::ranges::upper_bound(ranges_, slot, {}, &SlotRange::first);
    if (behind == ranges_.begin() || std::prev(behind)->last < slot) {
        return nullptr;
    }
    return &*std::prev(behind);
}

Result<std::optional<SlotsReply>> take_slots(std::string_view& rest, const net::Endpoint& asked) {
    if (rest.starts_with('-')) {
        Result<std::optional<Reply>> reply = take_reply(rest);
        if (!reply) {
            return std::unexpected(reply.error());
        }
        return *reply ? std::optional<SlotsReply>(std::get<Complaint>(**reply)) : std::nullopt;
    }
    std::string_view ahead = rest;
    Taken<SlotMap> map = take_map(ahead, asked);
    if (map) {
        rest = ahead;
        return std::optional<SlotsReply>(*std::move(map));
    }
    if (const auto* error = std::get_if<Error>(&map.error())) {
        return std::unexpected(*error);
    }
    return std::optional<SlotsReply>();
}

std::optional<Redirection> parse_redirection(std::string_view complaint,
                                             const net::Endpoint& asked) {
    const bool is_asking = complaint.starts_with("ASK ");
    if (!is_asking && !complaint.starts_with("MOVED ")) {
        return std::nullopt;
    }
    const std::size_t place_at = complaint.find(' ', complaint.find(' ') + 1);
    if (place_at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view place = complaint.substr(place_at + 1);
    const std::size_t colon = place.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view port_text = place.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc{} || end != port_text.data() + port_text.size()) {
        return std::nullopt;
    }
    const Result<net::Endpoint> node = node_at(place.substr(0, colon), port, asked);
    return node ? std::optional(Redirection{*node, is_asking}) : std::nullopt;
}

}  // namespace homeostat::adapters::redis
