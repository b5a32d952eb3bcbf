#pragma once

// Channels: what the state of a graph is made of, and how the writes of one superstep become one
// value of it.
//
//     struct State {
//         std::string verdict;
//         std::vector<std::string> log;
//         std::uint32_t served_count{0};
//
//         static constexpr auto channels() {
//             return std::tuple{LastValue<&State::verdict>{"verdict"}, Append<&State::log>{"log"},
//                               Folded<&State::served_count, std::plus<>>{"served_count"}};
//         }
//     };
//
// A node gets the state to read and gives writes back; it cannot change what its siblings see. A
// member that is no channel cannot be written, and a write of the wrong kind or type does not
// compile. What a superstep keeps is what changed: of a list the new items, not the list.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace homeostat::graph {

enum class ChannelKind : std::uint8_t {
    last_value,  ///< One write per superstep; a second one, of another task, is an error.
    append,      ///< A list that grows by what the tasks add, in the order of the tasks.
    folded,      ///< Fold{}(value, write) over the writes, in the order of the tasks.
};

template <auto Member>
struct LastValue {
    std::string_view name;
};

template <auto Member>
struct Append {
    std::string_view name;
};

/// Fold is a stateless callable: (Value, const Value& write) → Value.
template <auto Member, class Fold>
struct Folded {
    std::string_view name;
};

namespace channels_detail {

template <class Pointer>
struct MemberOf;
template <class S, class V>
struct MemberOf<V S::*> {
    using Value = V;
};

template <auto Member>
struct Name {};

template <class Channel>
struct Traits;
template <auto Member>
struct Traits<LastValue<Member>> {
    using Place = Name<Member>;
    using Value = MemberOf<decltype(Member)>::Value;
    static constexpr ChannelKind kind = ChannelKind::last_value;
    static constexpr auto member = Member;
};
template <auto Member>
struct Traits<Append<Member>> {
    using Place = Name<Member>;
    using Value = MemberOf<decltype(Member)>::Value;
    static_assert(std::same_as<Value, std::vector<typename Value::value_type>>,
                  "Append is for a std::vector");
    static constexpr ChannelKind kind = ChannelKind::append;
    static constexpr auto member = Member;
};
template <auto Member, class FoldType>
struct Traits<Folded<Member, FoldType>> {
    using Place = Name<Member>;
    using Value = MemberOf<decltype(Member)>::Value;
    using Fold = FoldType;
    static constexpr ChannelKind kind = ChannelKind::folded;
    static constexpr auto member = Member;
};

}  // namespace channels_detail

/// The channels of S by number, in the order in which it names them.
template <class S>
struct Channels {
    using List = decltype(S::channels());
    static constexpr std::size_t count = std::tuple_size_v<List>;

    template <std::size_t I>
    using At = channels_detail::Traits<std::tuple_element_t<I, List>>;

    template <std::size_t I>
    static constexpr std::string_view name = std::get<I>(S::channels()).name;

    /// The number of the channel that `Member` is; `count` if it is none.
    template <auto Member>
    static constexpr std::size_t index_of = [] {
        return []<std::size_t... I>(std::index_sequence<I...>) {
            std::size_t found = count;
            ((std::same_as<typename At<I>::Place, channels_detail::Name<Member>> ? void(found = I)
                                                                                 : void()),
             ...);
            return found;
        }(std::make_index_sequence<count>{});
    }();
};

/// A value for channel I: to be written, or, once writes were joined, as it becomes. Of a list that
/// is appended to, the items to add.
template <class S, std::size_t I>
struct WriteTo {
    static constexpr std::string_view kind_name = Channels<S>::template name<I>;
    using Channel = Channels<S>::template At<I>;

    typename Channel::Value value{};

    static void fields(auto& self, auto&& field) { field("value", self.value); }
};

namespace channels_detail {

template <class S, class Indexes>
struct WriteOf;
template <class S, std::size_t... I>
struct WriteOf<S, std::index_sequence<I...>> {
    using Type = std::variant<WriteTo<S, I>...>;
};

}  // namespace channels_detail

template <class S>
using Write = channels_detail::WriteOf<S, std::make_index_sequence<Channels<S>::count>>::Type;

template <class S, auto Member>
concept IsChannel = Channels<S>::template index_of<Member> < Channels<S>::count;

template <class S, auto Member, ChannelKind Kind>
concept IsChannelOf =
    IsChannel<S, Member> &&
    Channels<S>::template At<Channels<S>::template index_of<Member>>::kind == Kind;

template <auto Member>
using ValueOf = channels_detail::MemberOf<decltype(Member)>::Value;

/// Makes the value of a joined write the state's.
template <class S>
void apply(S& state, Write<S> joined) {
    std::visit(
        [&state]<class W>(W& write) {
            auto& member = state.*W::Channel::member;
            if constexpr (W::Channel::kind == ChannelKind::append) {
                std::ranges::move(write.value, std::back_inserter(member));
            } else {
                member = std::move(write.value);
            }
        },
        joined);
}

}  // namespace homeostat::graph
