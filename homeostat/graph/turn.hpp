#pragma once

// Turn: what a node makes of an event. Message in, effects out: a node never calls the world.
//
// A domain is a struct with eight types:
//     State     the thread's data, made of channels (channels.hpp)
//     Argument  what a fan-out gives to each of its tasks
//     Message   what the world sends to a waiting task
//     Command   what a task asks the driver to do; may be move-only
//     Record    what a task wants kept for ever
//     Question  what a person is asked, and Answer, what comes back
//     Around    what nodes may read besides the state
// State, Argument, Question and Answer are kept, so they need `fields()` (base/fields.hpp). What a
// domain has no use for is `Nothing`.
//
// Pure. Values only.

#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/graph/writes.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

struct Nothing {
    static void fields(auto&, auto&&) {}
    friend bool operator==(const Nothing&, const Nothing&) = default;
};

/// The task begins: its first attempt, or a further one while it knows of each that it failed.
struct Entered {};
/// The time that it asked for has come.
struct Woken {};
/// What it asked for is of unknown fate, since the process ended or an attempt took too long:
/// replies are lost. Look at the world before anything else. From then on each attempt of the task
/// begins like this: that the look failed says nothing about what it looked for.
struct Resumed {};
/// A person answered, or nobody did and this is the answer to silence.
template <class D>
struct Answered {
    typename D::Answer answer;
    bool is_by_silence{false};
};

template <class D>
using Event = std::variant<Entered, Woken, Resumed, Answered<D>, typename D::Message>;

/// What failed, to the node that deals with it.
struct Failure {
    std::string node;
    std::string because;

    static void fields(auto& self, auto&& field) {
        field("node", self.node);
        field("because", self.because);
    }
    friend bool operator==(const Failure&, const Failure&) = default;
};

/// What a node may read besides the state. Everything that is not in it a node cannot know.
template <class D>
struct Context {
    Instant now;
    const typename D::Around& around;
    std::uint64_t task{0};  ///< Of this thread; the same in each attempt.
    std::uint32_t attempt{1};
    Instant first_attempt_at{};
    const typename D::Argument* argument{nullptr};  ///< Null unless a fan-out made this task.
    const Failure* failure{nullptr};                ///< Null unless it deals with one.
};

template <class D>
struct Target {
    std::string node;
    std::optional<typename D::Argument> argument{};

    static void fields(auto& self, auto&& field) {
        field("node", self.node);
        field("argument", self.argument);
    }
};

template <class D>
class Superstep;

template <class D>
struct TurnCheck;

enum class TurnEnd : std::uint8_t { stay, done, fail };

/// Ends with `stay` to wait for a message or a time, with `done`, `to` or `send` to go on, or with
/// `fail`; the last one said counts.
template <class D>
class Turn {
  public:
    template <auto Member>
        requires IsChannelOf<typename D::State, Member, ChannelKind::last_value>
    Turn& set(ValueOf<Member> value) {
        writes_.template set<Member>(std::move(value));
        return *this;
    }
    template <auto Member>
        requires IsChannelOf<typename D::State, Member, ChannelKind::append>
    Turn& append(typename ValueOf<Member>::value_type item) {
        writes_.template append<Member>(std::move(item));
        return *this;
    }
    template <auto Member>
        requires IsChannelOf<typename D::State, Member, ChannelKind::folded>
    Turn& fold(ValueOf<Member> value) {
        writes_.template fold<Member>(std::move(value));
        return *this;
    }
    /// Kept for ever, with the checkpoint.
    Turn& record(typename D::Record record) {
        records_.push_back(std::move(record));
        return *this;
    }
    /// Carried out once this turn is durable. Only of a task that stays: somebody has to be there
    /// when the reply comes.
    Turn& command(typename D::Command command) {
        commands_.push_back(std::move(command));
        return *this;
    }

    /// A time that an earlier turn asked for counts no more.
    Turn& stay() { return ends(TurnEnd::stay); }
    Turn& stay_until(Instant at) {
        wake_at_ = at;
        return ends(TurnEnd::stay);
    }
    /// All successors come next. Not for a node that is to choose.
    Turn& done() { return ends(TurnEnd::done); }
    /// This successor comes next; said twice, both do, side by side. For a node that is to choose.
    Turn& to(std::string_view node) {
        targets_.push_back({std::string(node)});
        return ends(TurnEnd::done);
    }
    /// As `to`, and a task of its own for each time that it is said, in this order.
    Turn& send(std::string_view node, typename D::Argument argument) {
        targets_.push_back({std::string(node), std::move(argument)});
        return ends(TurnEnd::done);
    }
    /// This attempt has come to nothing: what it wrote is dropped, and it is tried again as the
    /// policy of the node has it.
    Turn& fail(std::string because) {
        failure_ = std::move(because);
        return ends(TurnEnd::fail);
    }

  private:
    friend class Superstep<D>;
    friend struct TurnCheck<D>;

    Turn& ends(TurnEnd end) {
        end_ = end;
        return *this;
    }

    TurnEnd end_{TurnEnd::stay};
    Writes<typename D::State> writes_;
    std::vector<Target<D>> targets_;
    std::vector<typename D::Record> records_;
    std::vector<typename D::Command> commands_;
    std::optional<Instant> wake_at_;
    std::string failure_;
};

/// How often a task is tried and how long it may take. The attempts and the time of the next are
/// part of the checkpoint: a crash forgets neither.
struct Policy {
    std::uint32_t attempts_max{1};                        ///< With the first.
    Duration wait_first{std::chrono::milliseconds{500}};  ///< Before the second attempt.
    Duration wait_max{std::chrono::seconds{128}};         ///< The wait doubles up to here.
    Duration attempt_for_max{};  ///< Then the attempt has failed, whatever it hears. 0: for ever.
    Duration idle_for_max{};     ///< The same since it last heard anything. 0: for ever.
};

/// A question to a person. Silence is an answer too, and has to be a harmless one.
template <class D>
struct Ask {
    std::function<typename D::Question(const typename D::State&, const Context<D>&)> question;
    /// ERRORS: invalid: this is no answer; the question stays open. Empty: any answer will do.
    std::function<Result<void>(const typename D::Question&, const typename D::Answer&)> check{};
    typename D::Answer by_silence{};
    Duration silence_for_max{};  ///< Above 0.
};

}  // namespace homeostat::graph
