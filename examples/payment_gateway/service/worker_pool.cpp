#include "examples/payment_gateway/service/worker_pool.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace payment_gateway {

namespace asio = boost::asio;

struct WorkerPool::Waiter {
    asio::steady_timer timer;
    bool has_slot{};
};

WorkerSlot::~WorkerSlot() {
    if (pool_ != nullptr) {
        pool_->release();
    }
}

WorkerPool::WorkerPool(asio::any_io_executor executor, WorkerLimits limits)
    : executor_{std::move(executor)}, limits_{limits} {}

asio::awaitable<std::expected<WorkerSlot, WorkerPool::Refusal>> WorkerPool::acquire() {
    if (busy_count_ < limits_.slots) {
        ++busy_count_;
        co_return WorkerSlot{*this};
    }
    if (is_queue_full()) {
        co_return std::unexpected(Refusal::queue_full);
    }
    Waiter waiter{asio::steady_timer{executor_, limits_.queue_wait_max}};
    queue_.push_back(&waiter);
    co_await waiter.timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (waiter.has_slot) {
        co_return WorkerSlot{*this};
    }
    std::erase(queue_, &waiter);
    co_return std::unexpected(Refusal::waited_too_long);
}

void WorkerPool::release() {
    if (queue_.empty()) {
        --busy_count_;
        return;
    }
    Waiter* next = queue_.front();  // The slot passes on, so busy_count_ stays.
    queue_.pop_front();
    next->has_slot = true;
    next->timer.cancel();
}

std::string_view name_of(WorkerPool::Refusal refusal) {
    switch (refusal) {
        case WorkerPool::Refusal::queue_full:
            return "queue_full";
        case WorkerPool::Refusal::waited_too_long:
            return "waited_too_long";
    }
    return "?";
}

}  // namespace payment_gateway
