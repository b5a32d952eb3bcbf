#pragma once

// One page of a collection: the envelope that a TAXII 2.1 server answers to GET …/objects/ with.
//
// An object in it that is not read is counted, since one bad object is no reason to hear nothing of
// the others. An envelope of another shape is refused as a whole.
//
// SOURCE: TAXII 2.1, 3.7 and 5.4.
//
// Pure. Values only.

#include "homeostat/adapters/taxii/indicator.hpp"
#include "homeostat/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::taxii {

/// We ask for 250 objects: 16 KB each. Nothing else runs on the strand while one is read.
constexpr std::size_t page_bytes_max = std::size_t{4} << 20U;
constexpr std::size_t next_bytes_max = 1024;

struct Page {
    std::vector<Indicator> indicators;  ///< In the order in which the server was given them.
    std::uint64_t skipped{0};           ///< Objects that are not read; those of `indicators` too.
    bool has_more{false};
    std::string next;  ///< The server's word for the page behind this one; may be empty.
};

/// ERRORS: broken: no envelope, or larger than `page_bytes_max`.
[[nodiscard]] Result<Page> parse_envelope(std::string_view text, std::uint32_t confidence_min);

}  // namespace homeostat::adapters::taxii
