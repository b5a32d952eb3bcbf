// The ledger in a process that gets no memory at its nth allocation, once or from then on: the
// process ends there, or where it did without goes on, and what it leaves is whole.

#include "ledger_run.hpp"

#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

namespace {

struct Shortage {
    long allocations_left{-1};  ///< Until one fails; below zero: none does.
    bool is_sticky{false};      ///< All that follow fail as well.
    bool has_failed{false};
};

/// A test binary has one thread and this one place to count allocations.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no object.
Shortage shortage;

void* allocate(std::size_t bytes) {
    if (shortage.allocations_left == 0) {
        shortage.has_failed = true;
        shortage.allocations_left = shortage.is_sticky ? 0 : -1;
        throw std::bad_alloc();
    }
    shortage.allocations_left -= shortage.allocations_left > 0 ? 1 : 0;
    void* memory = std::malloc(bytes == 0 ? 1 : bytes);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* operator new(std::size_t bytes) {
    return allocate(bytes);
}
void* operator new[](std::size_t bytes) {
    return allocate(bytes);
}
// NOLINTBEGIN(clang-analyzer-cplusplus.NewDelete): what our operator new gave is malloc's.
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete[](void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}
// NOLINTEND(clang-analyzer-cplusplus.NewDelete)

namespace homeostat::ledger_test {

namespace {

/// Fails the `index`th allocation of `play`, and if `is_sticky` all later ones; false when there is
/// none such.
template <class Play>
bool has_failed(long index, bool is_sticky, const Play& play) {
    const auto end = [] { return std::exchange(shortage, {}).has_failed; };
    shortage = {.allocations_left = index, .is_sticky = is_sticky};
    try {
        play();
    } catch (const std::bad_alloc&) {
        return end();
    }
    return end();
}

/// Lets each allocation of a run fail in turn. Gives how many there were.
long fail_each(const SimDisk& begun, bool is_sticky) {
    constexpr Told anything{.durable_count = 1, .appended_count = 5};
    const std::vector<Durability> more{Durability::synced, Durability::written, Durability::synced};
    for (long index = 0;; ++index) {
        CAPTURE(is_sticky);
        CAPTURE(index);
        SimDisk disk = begun;
        Told told = anything;
        const bool fails = has_failed(index, is_sticky, [&] { told = run(disk, more, anything); });
        disk.end_processes();
        const std::string trouble = trouble_with(disk, told);
        REQUIRE_MESSAGE(trouble.empty(), trouble);
        if (!fails) {
            return index;
        }
    }
}

}  // namespace

TEST_CASE("without memory at any allocation, once or from then on, the ledger stays whole") {
    SimDisk begun;
    REQUIRE(run(begun, {Durability::synced}).durable_count == 1);
    begun.end_processes();
    for (const bool is_sticky : {true, false}) {
        const long failures_count = fail_each(begun, is_sticky);
        MESSAGE(failures_count, " allocations failed");
        CHECK(failures_count > 200);
    }
}

}  // namespace homeostat::ledger_test
