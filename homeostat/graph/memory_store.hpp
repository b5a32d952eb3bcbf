#pragma once

// MemoryStore: commits for as long as the process lives. For tests, the simulator and measurements.
//
// Not thread-safe.

#include "homeostat/graph/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace homeostat::graph {

class MemoryStore final : public CheckpointStore {
  public:
    [[nodiscard]] Result<std::uint64_t> claim(const std::string& thread) override;
    [[nodiscard]] Result<void> append(const Commit& commit,
                                      std::uint64_t epoch,
                                      Durability durability) override;
    [[nodiscard]] Result<std::vector<Commit>> read(const std::string& thread,
                                                   std::uint64_t until) const override;
    [[nodiscard]] Result<std::vector<Commit>> history(const std::string& thread,
                                                      std::uint64_t before,
                                                      std::size_t count_max) const override;
    [[nodiscard]] Result<std::vector<std::string>> threads() const override;

  private:
    struct Kept {
        std::uint64_t epoch{0};
        std::vector<Commit> commits;  ///< Number n stands at n - 1.
    };
    [[nodiscard]] Result<const Kept*> find(const std::string& thread) const;

    std::map<std::string, Kept> threads_;
};

}  // namespace homeostat::graph
