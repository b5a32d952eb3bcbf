#include "homeostat/adapters/segment_log/segment_writer.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace homeostat::adapters::segment_log {

TEST_CASE("a segment is filled to its last byte, and not beyond") {
    const ScratchForTest measured;
    fill_for_test(options_for_test(measured), 2);
    const std::size_t bytes = std::filesystem::file_size(measured.segment(0));
    for (const std::size_t bytes_max : {bytes, bytes - 1}) {
        CAPTURE(bytes_max);
        const ScratchForTest scratch;
        Options options = options_for_test(scratch);
        options.segment_bytes_max = bytes_max;
        fill_for_test(options, 2);
        CHECK(std::filesystem::exists(scratch.segment(1)) == (bytes_max < bytes));
        CHECK(std::filesystem::file_size(scratch.segment(0)) <= bytes_max);
    }
}

}  // namespace homeostat::adapters::segment_log
