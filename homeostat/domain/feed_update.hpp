#pragma once

// FeedUpdate: what a list of suspicious sources says has changed.
//
// Pure. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat {

/// A source is on the list.
struct Listing {
    Network network;
    std::string reason;               ///< The feed's, cut and of plain characters. For people only.
    std::optional<Duration> lasts{};  ///< From now on; absent: the feed does not say.

    friend bool operator==(const Listing&, const Listing&) = default;
};

struct FeedUpdate {
    std::vector<Listing> listed;
    std::vector<Network> removed;
    std::uint64_t skipped{0};  ///< What is about something else than addresses, or about no block.
    bool has_more{false};  ///< Not all of it was read: the place in it may not be kept for long.

    friend bool operator==(const FeedUpdate&, const FeedUpdate&) = default;
};

constexpr std::size_t reason_bytes_listed_max = 64;

/// A text of a feed as a reason: cut, with anything but letters, digits and `._/:-` replaced.
[[nodiscard]] inline std::string plain_reason(std::string_view text) {
    std::string plain(text.substr(0, reason_bytes_listed_max));
    for (char& c : plain) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || std::string_view("._/:-").contains(c);
        c = is_plain ? c : '_';
    }
    return plain;
}

}  // namespace homeostat
