// Any bytes for what a Redis cluster says of itself: a map is refused, wants more, or is one whose
// slots each have one keeper with an address; a redirection leads to an address or is none.

#include "homeostat/adapters/redis/slot_map.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/net/endpoint.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace net = homeostat::net;
namespace redis = homeostat::adapters::redis;

namespace {

void check_node(const net::Endpoint& node) {
    const auto* tcp = std::get_if<net::TcpEndpoint>(&node);
    homeostat::ensure(tcp != nullptr && tcp->port != 0, "a node has a port");
    homeostat::ensure(net::parse_endpoint("http://" + net::to_text(node)).has_value(),
                      "a node has an address, and no name");
}

void check_map(const redis::SlotMap& map) {
    homeostat::ensure(map.ranges().size() <= redis::ranges_max, "so many ranges at most");
    for (const redis::SlotRange& range : map.ranges()) {
        homeostat::ensure(range.first <= range.last && range.last < redis::slots_count,
                          "a range has slots, and they exist");
        homeostat::ensure(map.find(range.first) == &range && map.find(range.last) == &range,
                          "a slot is in one range");
        homeostat::ensure(range.replicas.size() < redis::range_nodes_max, "so many nodes at most");
        check_node(range.primary);
        for (const net::Endpoint& replica : range.replicas) {
            check_node(replica);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const net::Endpoint asked = net::TcpEndpoint{"127.0.0.1", 7000};
    std::string_view rest = text;
    const auto reply = redis::take_slots(rest, asked);
    if (!reply || !*reply) {
        homeostat::ensure(rest == text, "what is no reply is left alone");
    } else {
        homeostat::ensure(text.ends_with(rest) && rest.size() < text.size(),
                          "a reply is taken from the front");
        std::string_view cut = text.substr(0, text.size() - rest.size() - 1);
        const auto sooner = redis::take_slots(cut, asked);
        homeostat::ensure(sooner && !*sooner, "a reply is not whole before its last byte");
        if (const auto* map = std::get_if<redis::SlotMap>(&**reply)) {
            check_map(*map);
        }
    }
    homeostat::ensure(redis::slot_of(text) < redis::slots_count, "a key has a slot");
    if (const auto redirection = redis::parse_redirection(text, asked)) {
        check_node(redirection->node);
    }
    return 0;
}
