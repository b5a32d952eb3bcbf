#pragma once

// WatchedKind: objects of one kind as a watch tells of them, whoever holds the stream.
//
// A watch of our own (object_watch.hpp), or a part of one that several Deployments share
// (shared_watch.hpp). Whoever reads does not know which.
//
// Not thread-safe; lives on one strand.

#include "homeostat/adapters/kubernetes/kept_object.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace homeostat::adapters::kubernetes {

/// What is known now. Absence means something only once it was listed.
struct ObjectsSeen {
    std::map<std::string, KeptObject> objects;  ///< By name.
    std::uint64_t resource_version{0};          ///< Of all of it. 0: never listed.
    std::optional<Instant> heard_at{};          ///< When the server last said anything of it.
};

/// Wakes whoever waits for news. A timer that never ends by itself: cancelling it is how one
/// coroutine wakes others in Asio.
class ChangeBell {
  public:
    explicit ChangeBell(const boost::asio::any_io_executor& strand)
        : state_(std::make_shared<State>(strand)) {}
    ~ChangeBell() { stop(); }
    ChangeBell(const ChangeBell&) = delete;
    ChangeBell& operator=(const ChangeBell&) = delete;
    ChangeBell(ChangeBell&&) = delete;
    ChangeBell& operator=(ChangeBell&&) = delete;

    void ring() {
        ++state_->rings_count;
        state_->timer.cancel();
    }
    /// Nobody waits any more, now and from now on.
    void stop() {
        state_->is_stopped = true;
        state_->timer.cancel();
    }
    [[nodiscard]] std::uint64_t rings_count() const { return state_->rings_count; }

    /// Ends once rings_count() is not `known` any more, or when it is cancelled or stopped.
    Task<void> wait(std::uint64_t known) const { return wait_for(state_, known); }

  private:
    struct State {
        explicit State(const boost::asio::any_io_executor& strand)
            : timer(strand, boost::asio::steady_timer::time_point::max()) {}

        boost::asio::steady_timer timer;
        std::uint64_t rings_count{0};
        bool is_stopped{false};
    };

    static Task<void> wait_for(std::shared_ptr<State> state, std::uint64_t known) {
        boost::system::error_code ignored;  // Cancelled by a ring, or by the caller: both end it.
        if (state->rings_count == known && !state->is_stopped) {
            co_await state->timer.async_wait(
                boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
        }
    }

    /// Owned by the bell and by whoever waits: when an io_context is destroyed, frames that still
    /// wait in it are destroyed after the bell.
    std::shared_ptr<State> state_;
};

class WatchedKind {
  public:
    virtual ~WatchedKind() = default;

    /// Follows the server until stop(), where that is for this to do. Once, in a task of its own.
    virtual Task<void> run() = 0;
    /// Whoever waits for a change is let go; what is followed by it is followed no more.
    virtual void stop() = 0;

    [[nodiscard]] virtual const ObjectsSeen& seen() const = 0;
    /// Whose `heard_at` counts: of a share that of the watch, which is heard of for all.
    [[nodiscard]] virtual const ObjectsSeen& heard() const = 0;

    /// Why the server cannot be followed now; nothing: it is. What is seen stays.
    [[nodiscard]] virtual const std::optional<Error>& trouble() const = 0;

    /// Goes up when an object, or whether there is a trouble, has changed; starts at 0.
    [[nodiscard]] virtual std::uint64_t changes_count() const = 0;

    /// Ends once changes_count() is not `known` any more, at once if it is not already, or when it
    /// is cancelled or this is stopped. Any number may wait.
    virtual Task<void> wait_for_change(std::uint64_t known) = 0;
};

}  // namespace homeostat::adapters::kubernetes
