// The ledger in a process that gets no memory at its nth allocation: the process ends there, and
// what it leaves is whole.

#include "ledger_run.hpp"

#include <cstdlib>
#include <new>

namespace {

/// Allocations until one fails; below zero: none does. A test binary has one thread and this one
/// place to count them.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): operator new has no object.
long allocations_left = -1;

void* allocate(std::size_t bytes) {
    if (allocations_left == 0) {
        throw std::bad_alloc();
    }
    allocations_left -= allocations_left > 0 ? 1 : 0;
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

/// Fails the `index`th allocation of `play` and all later ones; false when there is none such.
template <class Play>
bool has_failed(long index, const Play& play) {
    bool has_thrown = false;
    allocations_left = index;
    try {
        play();
    } catch (const std::bad_alloc&) {
        has_thrown = true;
    }
    const bool is_used_up = allocations_left == 0;
    allocations_left = -1;
    return has_thrown || is_used_up;
}

}  // namespace

TEST_CASE("without memory at any allocation the ledger stays whole") {
    constexpr Told anything{.durable_count = 1, .appended_count = 5};
    SimDisk begun;
    REQUIRE(run(begun, {Durability::synced}).durable_count == 1);
    begun.end_processes();
    const std::vector<Durability> more{Durability::synced, Durability::written, Durability::synced};
    long failures_count = 0;
    for (bool fails = true; fails; ++failures_count) {
        CAPTURE(failures_count);
        SimDisk disk = begun;
        fails = has_failed(failures_count, [&] { static_cast<void>(run(disk, more)); });
        disk.end_processes();
        const std::string trouble = trouble_with(disk, anything);
        REQUIRE_MESSAGE(trouble.empty(), trouble);
    }
    --failures_count;  // The last one found all the memory it wanted.
    MESSAGE(failures_count, " allocations failed");
    CHECK(failures_count > 200);
}

}  // namespace homeostat::ledger_test
