#include "homeostat/sim/cases/split.hpp"

#include "homeostat/base/fnv1a.hpp"
#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/rng.hpp"

#include <string>

namespace homeostat::sim::cases {

namespace {

/// Another salt is another split: whatever was trained before would have seen what it is asked.
/// With 1, every family that a restart heals was held out, and nobody could learn to restart. 2 is
/// the next with which each remedy heals a family of training; set before the first training.
constexpr std::string_view salt_of(Pool pool) {
    return pool == Pool::family ? "homeostat cases 2" : "homeostat cases 1";
}
constexpr double held_out_share = 0.2;

}  // namespace

bool is_held_out(Pool pool, std::string_view name) {
    const std::string text =
        std::string(salt_of(pool)) + '/' + std::string(to_text(pool)) + '/' + std::string(name);
    return Rng(fnv1a(text)).unit() < held_out_share;
}

bool is_in(Split split, Pool pool, std::string_view name) {
    switch (split) {
        case Split::all:
            return true;
        case Split::train:
            return !is_held_out(pool, name);
        case Split::held_out:
            return is_held_out(pool, name);
        case Split::new_words:
            return is_held_out(pool, name) != (pool == Pool::family);
    }
    return false;
}

}  // namespace homeostat::sim::cases
