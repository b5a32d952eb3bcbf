#pragma once

// SourceEnds: until when each mark of the sources' file holds, in a file of its own beside it.
//
// Files of Envoy's have no expiry, and Envoy has to read all of its marks again for each change. So
// the ends stand apart: to renew a mark costs Envoy nothing. They are written before the marks that
// they end, and a mark without an end is over: whichever write is lost, a source is let in.
//
// Only the agent writes this file; Envoy does not know of it.
//
// Pure. Values only.

#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/network.hpp"

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::envoy {

/// An end further off was not written by us: the wall clock has been set back since, and the mark
/// is over. SOURCE: what a stick table of HAProxy may keep, too.
constexpr std::chrono::minutes mark_lasts_max{10};

using SourceEnds = std::map<Network, WallTime>;

/// ERRORS: invalid.
[[nodiscard]] Result<SourceEnds> parse_source_ends(std::string_view text);
[[nodiscard]] std::string render_ends(const SourceEnds& ends);

/// The marks whose time is over at `now`, and those that have none.
[[nodiscard]] std::vector<Network> ended_sources(const SourcesFile& file,
                                                 const SourceEnds& ends,
                                                 WallTime now);

/// When the next of the marks ends. REQUIRES: none is over.
[[nodiscard]] WallTime next_end(const SourcesFile& file, const SourceEnds& ends);

}  // namespace homeostat::adapters::envoy
