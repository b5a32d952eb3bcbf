#pragma once

// ThreatFeed: a list of sources of requests that somebody else suspects.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/feed_update.hpp"

namespace homeostat::ports {

class ThreatFeed {
  public:
    virtual ~ThreatFeed() = default;

    /// What has changed since it was last asked; `is_whole`: all that it lists. After an error
    /// nobody knows what was lost, so the next question is for the whole. Never throws.
    /// ERRORS: those of the feed.
    virtual Task<Result<FeedUpdate>> poll(bool is_whole, Instant deadline) = 0;
};

}  // namespace homeostat::ports
