#pragma once

// What CrowdSec's local API answers to GET /v1/decisions/stream, read strictly.
//
// Of a decision four fields count, and what it says beside them is skipped: the API grows. A
// decision that is no ban, or about something else than an address or a range, is skipped and
// counted; so is one whose address or duration cannot be read, since one bad line of one list is no
// reason to hear nothing of the others. A document of another shape is refused as a whole.
//
// SOURCE: the API of CrowdSec 1.4 to 1.7, GetDecisionsStream.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/feed_update.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace homeostat::adapters::crowdsec {

/// Some 100,000 decisions: twice what may be marked.
constexpr std::size_t reply_bytes_max = std::size_t{16} << 20U;

/// ERRORS: broken: not such a document, or larger than `reply_bytes_max`.
[[nodiscard]] Result<FeedUpdate> parse_decisions(std::string_view text);

/// A duration as Go writes it: "3h59m57.5s", "-1m". Nothing: it is none.
/// ENSURES: within ± 32 years.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace homeostat::adapters::crowdsec
