#pragma once

// ProofFile: what `homeostat remedy test` has found of a task, for just one declaration of it.
//
// Beside the ledger and for nobody but its owner: whoever can write it could as well write the
// configuration. It is replaced as a whole.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace homeostat::adapters::task {

struct TaskProof {
    std::string task;
    std::string declaration;    ///< Its digest, hex.
    std::string proven_at;      ///< Of the wall clock, RFC 3339.
    std::string by;             ///< User name.
    std::uint64_t check_ms{0};  ///< The longest of the looks.
    std::uint64_t run_ms{0};
    std::optional<std::uint64_t> take_back_ms;

    static void fields(auto& self, auto&& field) {
        field("task", self.task);
        field("declaration", self.declaration);
        field("proven_at", self.proven_at);
        field("by", self.by);
        field("check_ms", self.check_ms);
        field("run_ms", self.run_ms);
        field("take_back_ms", self.take_back_ms);
    }
};

/// Where a task's proof is kept, in the directory of all of them.
[[nodiscard]] std::string proof_path(const std::filesystem::path& directory, const TaskId& task);

/// Where its lock is.
[[nodiscard]] std::string lock_path(const std::filesystem::path& directory, const TaskId& task);

/// ERRORS: absent; invalid: larger than any, or no proof of this task; refused: others may write
/// it.
[[nodiscard]] Result<TaskProof> read_proof(const std::filesystem::path& directory,
                                           const TaskId& task);

/// Why the declaration is not proven, for people; empty: it is.
[[nodiscard]] std::string lack_of_proof(const std::filesystem::path& directory,
                                        const TaskId& task,
                                        const std::string& declaration);

/// Once it returns there is none, even after a loss of power: a test that does not come to its end
/// leaves nothing proven. ERRORS: full.
[[nodiscard]] Result<void> remove_proof(const std::filesystem::path& directory, const TaskId& task);

/// Durable when it returns. ERRORS: full.
[[nodiscard]] Result<void> write_proof(const std::filesystem::path& directory,
                                       const TaskProof& proof);

}  // namespace homeostat::adapters::task
