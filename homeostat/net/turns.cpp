#include "homeostat/net/turns.hpp"

#include "homeostat/net/stream.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <list>
#include <utility>

namespace homeostat::net {

struct Turns::State {
    struct Waiting {
        boost::asio::steady_timer timer;
        bool is_given{false};  ///< The turn is theirs from now on, and they have not gone on yet.
    };

    bool is_taken{false};
    std::list<Waiting*> waiting;

    void pass_on() {
        if (waiting.empty()) {
            is_taken = false;
            return;
        }
        Waiting* next = waiting.front();
        waiting.pop_front();
        next->is_given = true;
        next->timer.cancel();
    }
};

namespace {

/// Far enough to mean "for ever", near enough that adding it to any clock cannot overflow.
constexpr Duration wait_max = std::chrono::hours{24};

/// A place in the queue for as long as a frame waits. A frame that is destroyed before it could go
/// on gives back the turn that it was given.
class Place {
  public:
    Place(std::shared_ptr<Turns::State> state,
          const boost::asio::any_io_executor& executor,
          Duration wait)
        : state_(std::move(state)), waiting_{boost::asio::steady_timer(executor, wait)} {
        state_->waiting.push_back(&waiting_);
    }
    ~Place() {
        state_->waiting.remove(&waiting_);
        if (waiting_.is_given) {
            state_->pass_on();
        }
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] boost::asio::steady_timer& timer() { return waiting_.timer; }
    /// Whether the turn has come; it is the caller's to give back then.
    [[nodiscard]] bool claim() { return std::exchange(waiting_.is_given, false); }

  private:
    std::shared_ptr<Turns::State> state_;
    Turns::State::Waiting waiting_;
};

std::unexpected<Error> too_late() {
    return fail(Fault::late, "others were at it until the deadline");
}

}  // namespace

Turns::Turn::~Turn() {
    if (state_) {
        state_->pass_on();
    }
}

Turns::Turns(boost::asio::any_io_executor executor)
    : executor_(std::move(executor)), state_(std::make_shared<State>()) {}

Task<Result<Turns::Turn>> Turns::take(Instant deadline) {
    const std::shared_ptr<State> state = state_;
    const Instant now = boot_now();
    if (deadline <= now) {
        co_return too_late();
    }
    if (!state->is_taken) {
        state->is_taken = true;
        co_return Turn(state);
    }
    if (state->waiting.size() >= waiting_max) {
        co_return fail(Fault::busy, "too many wait for it already");
    }
    // Compared before the subtraction: Instant::max() is a legal deadline.
    const Duration wait = deadline > now + wait_max ? wait_max : deadline - now;
    Place place(state, executor_, wait);
    boost::system::error_code error;
    co_await place.timer().async_wait(into(error));
    if (!place.claim()) {
        co_return too_late();
    }
    co_return Turn(state);
}

}  // namespace homeostat::net
