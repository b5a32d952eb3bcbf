#include "homeostat/net/refused_address.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace homeostat::net {

namespace asio = boost::asio;

namespace {

constexpr std::string_view is_metadata = "clouds keep a machine's credentials at such an address";
constexpr std::string_view is_link_local =
    "it is link-local, where clouds keep a machine's credentials";
constexpr std::string_view is_multicast = "it is multicast, and no one machine";
constexpr std::string_view is_no_machine = "it names no machine";

using BytesOfV4 = std::array<std::uint8_t, 4>;
using BytesOfV6 = std::array<std::uint8_t, 16>;

template <class Bytes>
struct Range {
    Bytes begin{};
    std::size_t bits{0};
    std::string_view why;

    [[nodiscard]] bool has(const Bytes& address) const {
        constexpr std::size_t byte_bits = 8;
        const std::size_t whole = bits / byte_bits;
        const std::size_t rest = bits % byte_bits;
        const bool is_begun = std::equal(
            begin.begin(), begin.begin() + static_cast<std::ptrdiff_t>(whole), address.begin());
        return is_begun &&
               (rest == 0 || (begin[whole] ^ address[whole]) >> (byte_bits - rest) == 0);
    }
};

// SOURCE: RFC 6890 (special purposes), RFC 3927, RFC 4291; the single addresses: the pages of
// Azure, Alibaba and Oracle about their metadata.
constexpr std::array refused_v4{Range<BytesOfV4>{{169, 254, 0, 0}, 16, is_link_local},
                                Range<BytesOfV4>{{0, 0, 0, 0}, 8, is_no_machine},
                                Range<BytesOfV4>{{224, 0, 0, 0}, 4, is_multicast},
                                Range<BytesOfV4>{{255, 255, 255, 255}, 32, is_no_machine},
                                Range<BytesOfV4>{{168, 63, 129, 16}, 32, is_metadata},
                                Range<BytesOfV4>{{100, 100, 100, 200}, 32, is_metadata},
                                Range<BytesOfV4>{{192, 0, 0, 192}, 32, is_metadata}};

// fd00:ec2::/32 is Amazon's for services of the instance, fd20:ce::254 Google's metadata.
constexpr std::array refused_v6{
    Range<BytesOfV6>{{0xfe, 0x80}, 10, is_link_local}, Range<BytesOfV6>{{}, 128, is_no_machine},
    Range<BytesOfV6>{{0xff}, 8, is_multicast},
    Range<BytesOfV6>{{0xfd, 0x00, 0x0e, 0xc2}, 32, is_metadata},
    Range<BytesOfV6>{
        {0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128, is_metadata}};

/// Behind which bits of an IPv6 address an IPv4 address stands, and is meant.
struct Carrier {
    Range<BytesOfV6> range;
    std::size_t at{0};
};

constexpr std::array carriers{
    Carrier{{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, {}}, 12},  // Mapped.
    Carrier{{{}, 96, {}}, 12},                                          // Compatible, given up.
    Carrier{{{0x00, 0x64, 0xff, 0x9b}, 96, {}}, 12},                    // NAT64.
    Carrier{{{0x20, 0x02}, 16, {}}, 2}};                                // 6to4.

template <std::size_t N, class Bytes>
std::string_view why_within(const std::array<Range<Bytes>, N>& ranges, const Bytes& address) {
    const auto found =
        std::ranges::find_if(ranges, [&](const Range<Bytes>& range) { return range.has(address); });
    return found == ranges.end() ? std::string_view{} : found->why;
}

std::optional<BytesOfV4> carried_by(const BytesOfV6& address) {
    for (const Carrier& carrier : carriers) {
        if (carrier.range.has(address)) {
            BytesOfV4 bytes{};
            std::copy_n(address.begin() + static_cast<std::ptrdiff_t>(carrier.at), bytes.size(),
                        bytes.begin());
            return bytes;
        }
    }
    return std::nullopt;
}

std::string_view why_refused_v6(const BytesOfV6& address) {
    constexpr BytesOfV6 loopback{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    if (address == loopback) {
        return {};  // And no compatible 0.0.0.1.
    }
    if (const std::string_view why = why_within(refused_v6, address); !why.empty()) {
        return why;
    }
    const std::optional<BytesOfV4> carried = carried_by(address);
    return carried ? why_within(refused_v4, *carried) : std::string_view{};
}

}  // namespace

std::string_view why_refused(std::string_view host) {
    boost::system::error_code error;
    const asio::ip::address address = asio::ip::make_address(std::string(host), error);
    if (error) {
        return {};
    }
    return address.is_v4() ? why_within(refused_v4, address.to_v4().to_bytes())
                           : why_refused_v6(address.to_v6().to_bytes());
}

Result<void> check_target(const Endpoint& endpoint) {
    const auto* tcp = std::get_if<TcpEndpoint>(&endpoint);
    const std::string_view why = tcp == nullptr ? std::string_view{} : why_refused(tcp->host);
    if (why.empty()) {
        return {};
    }
    return fail(Fault::invalid, fmt::format("{} is never asked: {}", to_text(endpoint), why));
}

}  // namespace homeostat::net
