#pragma once

// SourcesFile: the file from which Envoy takes what it does with the sources of requests: an RBAC
// filter that comes by extension discovery (ECDS), so that no listener and no connection ends.
//
// The filter is a chain of questions, each asked by one trie of prefixes: is the source denied, as
// an address, as a network; is it on trial; is it watched. The first that says yes names a policy,
// and Envoy counts the requests of each policy; whoever is in none of them is let through by the
// last. So the strongest mark of a source holds. Addresses and networks have tries of their own
// because Envoy's are not made for prefixes inside others: ten thousand networks with an address in
// each it rejects in one trie, and takes in two.
//
// What the operator calls critical stands in their first file, as beginnings of paths, and is
// carried from file to file. Everything else is made anew from the marks; so a file is read only if
// it is, member for member, what we would write of the same marks. One that denies everybody, or
// more than one customer at once, cannot be written and is not read.
//
// Choices not taken: `rules` of principals, which Envoy goes through one by one (ten thousand cost
// three quarters of its throughput); shadow rules, a second look-up for what an allowing policy
// counts as well.
//
// Pure. Values only.

#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/marking.hpp"
#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

/// Fifty thousand IPv6 addresses are 4 MB of it.
constexpr JsonLimits sources_file_limits{.bytes_max = std::size_t{8} << 20U, .depth_max = 64};

/// The filter's name in Envoy's configuration, and before each policy's in its counters.
constexpr std::string_view sources_filter = "homeostat.sources";
constexpr std::string_view policy_prefix = "homeostat_";
constexpr std::string_view critical_suffix = "_critical";

constexpr std::size_t critical_paths_max = 16;

struct SourcesFile {
    std::string version;
    std::vector<std::string> critical;  ///< Beginnings of paths, sorted.
    std::map<Network, Mark> marks;      ///< Of sources that have one: never `none`.

    /// ERRORS: invalid, with the mend.
    [[nodiscard]] static Result<SourcesFile> parse(std::string_view text);

    [[nodiscard]] std::string render() const;
};

}  // namespace homeostat::adapters::envoy
