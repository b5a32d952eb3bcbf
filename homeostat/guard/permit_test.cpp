// What the compiler has to refuse: a permit from anywhere but guard's Gate.

#include "homeostat/domain/permit.hpp"

#include "homeostat/guard/guard.hpp"

#include <doctest/doctest.h>

#include <type_traits>
#include <utility>

namespace homeostat::guard {

namespace {

template <class T>
concept CanBeMade =
    requires(EffectId effect, Step step) { T(std::move(effect), std::move(step)); } ||
    requires(EffectId effect, Step step) { T{std::move(effect), std::move(step)}; } ||
    requires { T{}; };

template <class T>
concept CanBeMadeWithoutPermit = CanBeMade<T> || requires(Step step) { T{std::move(step)}; };

/// A class that only looks like the Gate.
struct Impostor {
    template <class T>
    static constexpr bool can_make =
        requires(EffectId effect, Step step) { T(std::move(effect), std::move(step)); };
};

static_assert(!CanBeMade<Permit>);
static_assert(!Impostor::can_make<Permit>);
static_assert(!std::is_constructible_v<Permit, EffectId, Step>);
static_assert(!std::is_copy_constructible_v<Permit> && !std::is_copy_assignable_v<Permit>);
static_assert(std::is_move_constructible_v<Permit>);
static_assert(!CanBeMadeWithoutPermit<Request>);
static_assert(std::is_constructible_v<Request, Permit>);
static_assert(!std::is_copy_constructible_v<Request>);

}  // namespace

TEST_CASE("only guard's gate can make a permit, and only a permit can make a request") {
    CHECK_FALSE(CanBeMade<Permit>);
    CHECK_FALSE(CanBeMadeWithoutPermit<Request>);
}

}  // namespace homeostat::guard
