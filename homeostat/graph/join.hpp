#pragma once

// Join: the writes of all tasks of a superstep become at most one value per channel.
//
// The tasks are taken in their order in the step, so the result does not depend on which of them
// ended first. Nothing is changed before all of it is known to fit.
//
// Pure. Values only.

#include "homeostat/graph/channels.hpp"

#include <algorithm>
#include <string>

namespace homeostat::graph {

/// Whose writes they are: a task sets a last value once; a commit has one value of a channel, and a
/// snapshot one of each.
enum class WritesOf : std::uint8_t { task, commit, snapshot };

/// What is wrong with writes that were read, as part of a sentence; empty: nothing.
template <class S>
[[nodiscard]] std::string wrong_with_writes(const std::vector<Write<S>>& writes, WritesOf whose) {
    std::array<bool, Channels<S>::count> seen{};
    for (const Write<S>& write : writes) {
        const bool takes_one = std::visit(
            []<class W>(const W&) { return W::Channel::kind == ChannelKind::last_value; }, write);
        const bool is_again = std::exchange(seen.at(write.index()), true);
        if (is_again && (takes_one || whose != WritesOf::task)) {
            return "writes a value twice";
        }
    }
    const bool is_whole = writes.size() == Channels<S>::count;
    return whose == WritesOf::snapshot && !is_whole ? "does not say all of the state" : "";
}

template <class S>
class Join {
  public:
    explicit Join(const S& before) : before_(before) {}

    /// ERRORS: invalid, naming both writers and the channel: a second write to a last value.
    Result<void> add(const std::string& writer, std::vector<Write<S>> writes) {
        for (Write<S>& write : writes) {
            if (Result<void> added = add_one(writer, std::move(write)); !added) {
                return added;
            }
        }
        return {};
    }

    /// One joined write for each channel that was written to, in the order of the first write.
    [[nodiscard]] std::vector<Write<S>> take() && { return std::move(joined_); }

  private:
    struct Slot {
        std::size_t place{0};  ///< In joined_.
        std::string writer;
    };

    Result<void> add_one(const std::string& writer, Write<S> write) {
        std::optional<Slot>& slot = slots_[write.index()];
        return std::visit(
            [&]<std::size_t I>(WriteTo<S, I>& one) -> Result<void> {
                using Channel = WriteTo<S, I>::Channel;
                const bool is_first = !slot;
                if (is_first) {
                    slot = Slot{joined_.size(), writer};
                    joined_.emplace_back(std::in_place_index<I>, begin_with(one));
                    return {};
                }
                auto& value = std::get<I>(joined_[slot->place]).value;
                if constexpr (Channel::kind == ChannelKind::last_value) {
                    return fail(Fault::invalid, "two tasks of one superstep, " + slot->writer +
                                                    " and " + writer + ", wrote '" +
                                                    std::string(one.kind_name) +
                                                    "', which takes one write");
                } else if constexpr (Channel::kind == ChannelKind::append) {
                    std::ranges::move(one.value, std::back_inserter(value));
                } else {
                    value = typename Channel::Fold{}(std::move(value), std::as_const(one.value));
                }
                return {};
            },
            write);
    }

    template <std::size_t I>
    [[nodiscard]] auto begin_with(WriteTo<S, I>& one) const {
        using Channel = WriteTo<S, I>::Channel;
        if constexpr (Channel::kind == ChannelKind::folded) {
            return typename Channel::Fold{}(before_.*Channel::member, std::as_const(one.value));
        } else {
            return std::move(one.value);
        }
    }

    const S& before_;
    std::vector<Write<S>> joined_;
    std::array<std::optional<Slot>, Channels<S>::count> slots_;
};

}  // namespace homeostat::graph
