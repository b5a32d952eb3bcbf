#pragma once

// RedisNodes: the copies of listed keys in one Redis, in one and its replicas, or in a cluster.
//
// Each key is asked for by a command of its own, and each node is sent its commands together, all
// nodes at once: a cluster refuses one command for keys of several slots. What a node does not
// answer is told of beside what the others did.
//
// Who keeps what is asked of a cluster at first, from time to time, and after a node that
// redirected us or did not answer. A redirection is followed a few times at most; whoever redirects
// has not done what was asked.
//
// Not thread-safe; lives on the strand of its executor.

#include "homeostat/adapters/redis/options.hpp"
#include "homeostat/adapters/redis/redis_socket.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::redis {

/// A slot that moves costs one redirection, one that moves just now two.
constexpr int redirections_max = 5;

/// Of one call. A cache's entries are far fewer; whoever measures asks for more.
constexpr std::size_t keys_max = 16384;

/// Replicas that come into a cluster are looked into after this at the latest.
constexpr Duration slots_last_for = std::chrono::seconds{10};

/// Replicas that follow take less than a millisecond; longer waits are for such as do not.
constexpr Duration replicas_follow_within = std::chrono::milliseconds{50};

struct ReplicaCopy {
    net::Endpoint node;
    std::optional<std::string> value;
};

/// What is there of one key.
struct KeyCopies {
    std::optional<std::string> at_primary;
    std::vector<ReplicaCopy> at_replicas{};  ///< Of those that answered.
};

/// A node that did not do for some keys what it was asked.
struct NodeTrouble {
    net::Endpoint node;
    bool is_replica{false};
    bool may_have_done{false};  ///< It was sent, and what became of it is not known.
    std::size_t keys_count{0};
    Error error;
};

struct CopiesRead {
    std::vector<KeyCopies> keys;  ///< In the order in which they were asked for.
    std::vector<NodeTrouble> troubles{};

    /// Every key was read where it is written to. A replica may be silent.
    [[nodiscard]] bool is_whole() const;
};

struct Unlinked {
    std::size_t keys_count{0};   ///< For which a node said that no copy is there any more.
    std::size_t there_count{0};  ///< Of these, the ones that were there.
    std::vector<NodeTrouble> troubles{};
};

/// What one node keeps of the keys that were asked about.
struct NodeKeys {
    net::Endpoint node;
    bool is_replica{false};
    std::vector<std::string> keys{};
};

class RedisNodes {
  public:
    RedisNodes(boost::asio::any_io_executor executor, RedisPlace place);

    /// REQUIRES, of each: at most keys_max keys.
    [[nodiscard]] Task<CopiesRead> read(std::vector<std::string> keys, Instant deadline);

    /// Drops the keys where they are written to. With replicas to look after it waits a little
    /// until these have followed.
    [[nodiscard]] Task<Unlinked> unlink(std::vector<std::string> keys, Instant deadline);

    /// Who keeps these keys, in the order in which they first occur. ERRORS: as of
    /// RedisSocket::slots, of the last node that was asked; absent: nobody keeps one of them.
    [[nodiscard]] Task<Result<std::vector<NodeKeys>>> keepers(std::vector<std::string> keys,
                                                              Instant deadline);

  private:
    /// One key on its way to one node.
    struct Errand;
    /// Those that go to one node together.
    struct Batch;

    [[nodiscard]] bool is_cluster() const { return !place_.cluster.empty(); }
    [[nodiscard]] Task<Result<void>> learn_slots(Instant deadline);
    [[nodiscard]] std::vector<Errand> errands_of(std::vector<std::string> keys,
                                                 bool with_replicas) const;
    [[nodiscard]] Task<std::vector<Errand>> run(std::string verb,
                                                std::vector<std::string> keys,
                                                bool with_replicas,
                                                Instant deadline);
    [[nodiscard]] Batch batch_for(const Errand& errand, std::string_view verb) const;
    [[nodiscard]] std::vector<Batch> batches_of(std::string_view verb,
                                                std::vector<Errand>& errands) const;
    [[nodiscard]] Task<void> ask_from(std::size_t index,
                                      std::vector<Batch>& batches,
                                      Instant deadline) const;
    void take_answers(Batch& batch);
    void take_answer(Errand& errand, Reply reply);
    [[nodiscard]] static std::vector<NodeTrouble> troubles_in(const std::vector<Errand>& errands);

    boost::asio::any_io_executor executor_;
    RedisPlace place_;
    std::optional<SlotMap> slots_;  ///< Nothing: never heard of.
    Instant slots_at_{};
    bool has_doubt_{false};      ///< A node did something that `slots_` does not explain.
    std::size_t seed_index_{0};  ///< Of the node that knew them last.
};

}  // namespace homeostat::adapters::redis
