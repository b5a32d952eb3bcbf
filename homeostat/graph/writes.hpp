#pragma once

// Writes: what one task wants the channels to become, checked as it is said; and a state before
// any.
//
// Pure. Values only.

#include "homeostat/graph/channels.hpp"

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

namespace channels_detail {

template <class Channel, class S>
void clear_if_list(S& state) {
    if constexpr (Channel::kind == ChannelKind::append) {
        (state.*Channel::member).clear();
    }
}
template <class S, std::size_t... I>
void clear_lists(S& state, std::index_sequence<I...> /*of all channels*/) {
    (clear_if_list<typename Channels<S>::template At<I>>(state), ...);
}

}  // namespace channels_detail

/// The state before any write: lists that begin with something are empty.
template <class S>
[[nodiscard]] S unwritten() {
    S state;
    channels_detail::clear_lists(state, std::make_index_sequence<Channels<S>::count>{});
    return state;
}

/// What one task writes. A later `set` of the same task replaces the earlier one.
template <class S>
class Writes {
  public:
    template <auto Member>
        requires IsChannelOf<S, Member, ChannelKind::last_value>
    void set(ValueOf<Member> value) {
        constexpr std::size_t index = Channels<S>::template index_of<Member>;
        std::erase_if(list_, [](const Write<S>& write) { return write.index() == index; });
        list_.emplace_back(std::in_place_index<index>, std::move(value));
    }

    template <auto Member>
        requires IsChannelOf<S, Member, ChannelKind::append>
    void append(typename ValueOf<Member>::value_type item) {
        constexpr std::size_t index = Channels<S>::template index_of<Member>;
        for (Write<S>& write : list_) {
            if (write.index() == index) {
                return std::get<index>(write).value.push_back(std::move(item));
            }
        }
        list_.emplace_back(std::in_place_index<index>);
        std::get<index>(list_.back()).value.push_back(std::move(item));
    }

    template <auto Member>
        requires IsChannelOf<S, Member, ChannelKind::folded>
    void fold(ValueOf<Member> value) {
        list_.emplace_back(std::in_place_index<Channels<S>::template index_of<Member>>,
                           std::move(value));
    }

    [[nodiscard]] const std::vector<Write<S>>& list() const { return list_; }
    [[nodiscard]] std::vector<Write<S>> take() && { return std::move(list_); }

  private:
    std::vector<Write<S>> list_;
};

}  // namespace homeostat::graph
