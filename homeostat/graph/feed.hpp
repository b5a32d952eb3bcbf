#pragma once

// Feed: what was committed, for whoever wants to watch. What a reader sees is kept already.
//
// Nobody waits for a reader: one that is too slow loses the oldest commits and is told how many,
// and may read them from the store.
//
// Not thread-safe.

#include "homeostat/graph/commit.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <variant>

namespace homeostat::graph {

/// So many commits were lost to this reader, just before what it gets next.
struct Gap {
    std::uint64_t commits_count{0};
    friend bool operator==(const Gap&, const Gap&) = default;
};

class Feed {
  public:
    using Item = std::variant<Commit, Gap>;

    /// Where a reader is. One that is new begins with the next commit.
    class Reader {
        friend class Feed;
        std::uint64_t next_{0};
    };

    explicit Feed(std::size_t commits_max) : commits_max_(commits_max) {}

    /// After the store has it.
    void publish(Commit commit) {
        latest_.push_back(std::move(commit));
        published_count_ += 1;
        if (latest_.size() > commits_max_) {
            latest_.pop_front();
        }
    }

    [[nodiscard]] Reader subscribe() const {
        Reader reader;
        reader.next_ = published_count_;
        return reader;
    }

    /// Nothing: there is nothing new.
    [[nodiscard]] std::optional<Item> read(Reader& reader) const {
        if (reader.next_ == published_count_) {
            return std::nullopt;
        }
        const std::uint64_t oldest = published_count_ - latest_.size();
        if (reader.next_ < oldest) {
            const Gap gap{oldest - reader.next_};
            reader.next_ = oldest;
            return gap;
        }
        return latest_[reader.next_++ - oldest];
    }

  private:
    std::size_t commits_max_;
    std::deque<Commit> latest_;
    std::uint64_t published_count_{0};
};

}  // namespace homeostat::graph
