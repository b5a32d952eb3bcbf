#pragma once

// The kinds of store that state_graph_bench measures with.

#include "homeostat/adapters/segment_log/checkpoint_store.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/memory_store.hpp"

#include <stdlib.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace homeostat::graph::bench {

enum class Mode : std::uint8_t { no_store, memory, file_synced, file_effects };

/// The store that ships, in a directory of $TMPDIR that goes away with it.
class Segments final : public CheckpointStore {
  public:
    explicit Segments(bool syncs_all) : syncs_all_(syncs_all) {
        std::string name = (std::filesystem::temp_directory_path() / "commits.XXXXXX").string();
        ensure(::mkdtemp(name.data()) != nullptr, "a benchmark gets a directory");
        directory_ = name;
        auto store = adapters::segment_log::CheckpointStore::open(
            {.directory = directory_, .boot_id = "bench", .probe = {}});
        ensure(store.has_value(), store ? "" : store.error().text);
        store_ = std::move(*store);
    }
    ~Segments() override {
        store_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }
    Segments(const Segments&) = delete;
    Segments& operator=(const Segments&) = delete;

    Result<std::uint64_t> claim(const std::string& thread) override {
        return store_->claim(thread);
    }
    Result<void> append(const Commit& commit, std::uint64_t epoch, Durability how) override {
        return store_->append(commit, epoch, syncs_all_ ? Durability::synced : how);
    }
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& thread,
                                                   std::uint64_t until) const override {
        return store_->read(thread, until);
    }
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& thread,
                                                      std::uint64_t before,
                                                      std::size_t count_max) const override {
        return store_->history(thread, before, count_max);
    }
    [[nodiscard]] Result<std::vector<std::string>> threads() const override {
        return store_->threads();
    }
    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t bytes = 0;
        for (const auto& file : std::filesystem::directory_iterator(directory_)) {
            bytes += file.file_size();
        }
        return bytes;
    }

  private:
    bool syncs_all_;
    std::filesystem::path directory_;
    std::unique_ptr<CheckpointStore> store_;
};

inline std::unique_ptr<CheckpointStore> store_of(Mode mode) {
    switch (mode) {
        case Mode::no_store:
            return nullptr;
        case Mode::memory:
            return std::make_unique<MemoryStore>();
        case Mode::file_synced:
            return std::make_unique<Segments>(true);
        case Mode::file_effects:
            return std::make_unique<Segments>(false);
    }
    return nullptr;
}

}  // namespace homeostat::graph::bench
