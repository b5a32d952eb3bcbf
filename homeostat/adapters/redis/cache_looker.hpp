#pragma once

// CacheLooker: our own reads of a cache and of its source, held against each other.
//
// Values change, and a copy may lag behind. So a copy that differs is stale only if the source has
// said the same for longer than a copy may be old; whoever looks at this cache teaches the looker
// since when that is. A copy that is absent is not wrong: who reads it asks the source.
//
// A copy is compared byte by byte with the field of the source's answer: a number as JSON writes
// it, a text without its quotes. A key has as many copies as there are nodes that readers read it
// at; it differs if one of them does, and is there if one is.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/options.hpp"
#include "homeostat/adapters/redis/redis_nodes.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/outcome.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::redis {

/// The field of a JSON answer, as a copy ought to have it; nothing without such a field.
[[nodiscard]] std::optional<std::string> copy_in(std::string_view answer, std::string_view field);

class CacheLooker {
  public:
    /// REQUIRES: check(options) found nothing.
    CacheLooker(boost::asio::any_io_executor executor, CacheOptions options);

    [[nodiscard]] const CacheOptions& options() const { return options_; }

    /// Looks into the cache itself. What does not answer by `deadline` is told of in the facts: the
    /// cache answers if every key was read where it is written to.
    [[nodiscard]] Task<CacheFacts> look(Instant deadline);

    /// Asks as readers do; `is_answering` says whether anybody answered. REQUIRES:
    /// options().readers
    [[nodiscard]] Task<CacheFacts> look_as_reader(Instant deadline);

    /// Drops the listed keys, and reads what is there then; see drop_outcome.hpp.
    [[nodiscard]] Task<Outcome> invalidate(Instant deadline);

  private:
    /// What the source has said of one entry, and since when.
    struct Truth {
        std::optional<std::string> value;
        Instant since{};
    };

    [[nodiscard]] std::vector<std::string> keys() const;
    [[nodiscard]] Task<Values> ask(EntryAddress address, Instant deadline) const;
    /// `copies`: of each key those that are there.
    [[nodiscard]] CacheFacts compare(const std::vector<std::vector<std::string>>& copies,
                                     const Values& truths,
                                     Instant at);

    boost::asio::any_io_executor executor_;
    CacheOptions options_;
    RedisNodes nodes_;
    std::vector<Truth> truths_;  ///< One for each entry.
};

}  // namespace homeostat::adapters::redis
