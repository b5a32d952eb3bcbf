#pragma once

// WorkerPool: the capacity of an instance. A request holds one of a fixed number of slots while it
// is worked on, waiting included, so an instance serves at most slots / time-held requests per
// second whatever the processor could do. Those who find no slot wait in a bounded queue.
//
// First come, first served. Single-threaded; the pool outlives its slots.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <expected>
#include <string_view>

namespace payment_gateway {

class WorkerPool;

/// A slot held; given back when it goes out of scope.
class WorkerSlot {
  public:
    explicit WorkerSlot(WorkerPool& pool) : pool_{&pool} {}
    WorkerSlot(WorkerSlot&& other) noexcept : pool_{other.pool_} { other.pool_ = nullptr; }
    WorkerSlot(const WorkerSlot&) = delete;
    WorkerSlot& operator=(const WorkerSlot&) = delete;
    WorkerSlot& operator=(WorkerSlot&&) = delete;
    ~WorkerSlot();

  private:
    WorkerPool* pool_;
};

struct WorkerLimits {
    std::uint32_t slots{};
    std::uint32_t queue_max{};
    std::chrono::milliseconds queue_wait_max{};
};

class WorkerPool {
  public:
    enum class Refusal : std::uint8_t { queue_full, waited_too_long };

    WorkerPool(boost::asio::any_io_executor executor, WorkerLimits limits);

    /// Waits for a slot. ERRORS: the queue is full, or the wait grew too long; answer 503 then.
    boost::asio::awaitable<std::expected<WorkerSlot, Refusal>> acquire();

    [[nodiscard]] std::uint32_t busy_count() const { return busy_count_; }
    [[nodiscard]] std::size_t queue_length() const { return queue_.size(); }
    [[nodiscard]] bool is_queue_full() const { return queue_.size() >= limits_.queue_max; }
    [[nodiscard]] const WorkerLimits& limits() const { return limits_; }

  private:
    friend class WorkerSlot;
    struct Waiter;
    void release();

    boost::asio::any_io_executor executor_;
    WorkerLimits limits_;
    std::uint32_t busy_count_{};
    std::deque<Waiter*> queue_;
};

std::string_view name_of(WorkerPool::Refusal refusal);

}  // namespace payment_gateway
