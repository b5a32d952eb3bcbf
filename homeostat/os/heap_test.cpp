#include "homeostat/os/heap.hpp"

#include "homeostat/base/sanitized_for_test.hpp"
#include "homeostat/os/proc.hpp"

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace homeostat::os {

namespace {

std::uint64_t resident_bytes() {
    const auto status = read_process_stat(::getpid());
    REQUIRE(status);
    return status->resident_pages * page_bytes();
}

}  // namespace

TEST_CASE("what was freed between what is kept goes back to the kernel") {
    if (is_sanitized) {  // A sanitizer has an allocator of its own.
        return;
    }
    constexpr std::size_t piece_bytes = 16'000;
    constexpr std::size_t pieces_count = 2'000;
    std::vector<std::string> kept;
    std::vector<std::string> dropped;
    for (std::size_t count = 0; count < pieces_count; ++count) {
        dropped.emplace_back(piece_bytes, 'x');
        kept.emplace_back(64, 'y');  // So that the allocator cannot just lower its end.
    }
    dropped.clear();
    const std::uint64_t before = resident_bytes();
    give_back_freed_memory();
    CHECK(before - resident_bytes() > piece_bytes * pieces_count / 2);
    CHECK(kept.back() == std::string(64, 'y'));
}

}  // namespace homeostat::os
