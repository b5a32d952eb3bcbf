#pragma once

// CheckpointStore in the segments of a ledger: a commit is one group with one entry, `checkpoint`,
// under the name of its thread.
//
// For graphs that run by themselves; the executor writes its commits into the groups of its own
// ledger, in the same form. What a thread needs to go on is held in memory, its history is read
// from the segments.
//
// Blocks. Not thread-safe.

#include "homeostat/adapters/segment_log/segment_writer.hpp"
#include "homeostat/graph/store.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

class CheckpointStore final : public graph::CheckpointStore {
  public:
    /// Takes the lock of the directory and reads what is there; a torn tail is cut off.
    /// ERRORS: busy, with the holder; full; corrupt, with file and offset: nothing was changed.
    [[nodiscard]] static Result<std::unique_ptr<CheckpointStore>> open(WriterOptions options);

    [[nodiscard]] Result<std::uint64_t> claim(const std::string& thread) override;
    [[nodiscard]] Result<void> append(const graph::Commit& commit,
                                      std::uint64_t epoch,
                                      graph::Durability durability) override;
    [[nodiscard]] Result<std::vector<graph::Commit>> read(const std::string& thread,
                                                          std::uint64_t until) const override;
    [[nodiscard]] Result<std::vector<graph::Commit>> history(const std::string& thread,
                                                             std::uint64_t before,
                                                             std::size_t count_max) const override;
    [[nodiscard]] Result<std::vector<std::string>> threads() const override;

  private:
    struct Latest {
        std::uint64_t epoch{0};
        std::vector<graph::Commit> commits;  ///< From the latest snapshot on.
    };
    explicit CheckpointStore(SegmentWriter writer) : writer_(std::move(writer)) {}
    [[nodiscard]] Result<void> recover();
    void remember(graph::Commit commit);
    [[nodiscard]] Result<const Latest*> find(const std::string& thread) const;
    /// All that were ever written, of one thread, oldest first.
    [[nodiscard]] Result<std::vector<graph::Commit>> all_of(const std::string& thread) const;

    mutable SegmentWriter writer_;  // Reading goes through its disk.
    std::map<std::string, Latest> threads_;
};

}  // namespace homeostat::adapters::segment_log
