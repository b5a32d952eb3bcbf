#pragma once

// Copying: what belongs to the sink's thread, besides the counts that others look at.

#include "homeostat/adapters/segment_log/file_sink.hpp"

#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstdint>
#include <filesystem>

namespace homeostat::adapters::segment_log {

struct Copying {
    Copying(const std::filesystem::path& file, const std::filesystem::path& ledger)
        : sink(file, ledger) {}

    FileSink sink;
    bool is_failing{false};
    std::atomic<int> batches_waiting_count{0};
    std::atomic<bool> is_behind{false};  ///< Some found no place to wait, and are in the segments.
    std::atomic<std::uint64_t> durable_index{0};  ///< Of the first group that is not durable.
    std::atomic<std::uint64_t> next_index{0};     ///< Of the first group that is not in the file.
    boost::asio::thread_pool thread{1};
};

}  // namespace homeostat::adapters::segment_log
