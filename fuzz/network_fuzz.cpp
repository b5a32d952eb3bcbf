// Any bytes as a network: refused, or written back as what reads the same.

#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto network = homeostat::parse_network(text);
    if (!network) {
        return 0;
    }
    const auto again = homeostat::parse_network(homeostat::to_text(*network));
    ensure(again && *again == *network, "a network is written as it is read");
    const auto key = homeostat::parse_network(homeostat::to_v6_text(*network));
    ensure(key && key->bytes == network->bytes, "its IPv6 text has the same bytes");
    ensure(homeostat::contains(*network, *network), "a network holds itself");
    ensure(homeostat::prefix_of(*network, network->bits) == *network, "no bits behind its prefix");
    static_cast<void>(homeostat::is_reserved(*network));
    return 0;
}
