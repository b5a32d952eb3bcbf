#pragma once

// Shadow: what became of a symptom for which we named a remedy that nobody let us carry out.
//
// Two looks of our own are compared, the one on which guard refused and the one when the symptom
// had gone, and what was seen to change between them. Whatever was done and undone in between, and
// what leaves no trace in facts, is not seen: so `alone` means that nothing was seen, and a remedy
// that would leave no trace is never scored.
//
// Pure.

#include "homeostat/review/past.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace homeostat::review {

enum class Course : std::uint8_t {
    same,       ///< Somebody else did what we would have done, and the symptom went.
    otherwise,  ///< Somebody did something else.
    alone,      ///< The symptom went, and nothing was seen to be done: ours was not needed.
    undecided,  ///< It cannot be told.
};

constexpr auto names_of(std::type_identity<Course>) {
    return std::to_array<std::string_view>({"same", "otherwise", "alone", "undecided"});
}

[[nodiscard]] Course course_of(const Shadow& shadow);

}  // namespace homeostat::review
