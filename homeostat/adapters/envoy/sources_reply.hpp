#pragma once

// What Envoy's admin says of the filter of sources: which file of marks it has loaded, and how many
// requests it has counted under each policy.
//
// A policy's counter is there from its first request on, once for each connection manager that has
// the filter; what is not there is zero. As in admin_reply.hpp, what we know and is of another kind
// is refused.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/domain/marking.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace homeostat::adapters::envoy {

struct SourcesReply {
    std::string version;
    std::uint64_t rejected_total{0};
    MarkCounts counts{};
};

/// The path that is asked for.
[[nodiscard]] std::string sources_request();

/// The reply to it. ERRORS: absent: Envoy has no such filter that it reads from a file; broken.
[[nodiscard]] Result<SourcesReply> parse_sources(std::string_view text);

/// The reply to `/server_info`: whether Envoy would keep to itself that it calls a prefix work in
/// progress. It else writes half a kilobyte of that into its log for each mark at each change:
/// 23 MB for fifty thousand. ERRORS: broken.
[[nodiscard]] Result<bool> parse_is_log_quiet(std::string_view text);

}  // namespace homeostat::adapters::envoy
