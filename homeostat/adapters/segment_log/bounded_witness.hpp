#pragma once

// BoundedWitness: a HeadFile that is never waited for longer than a deadline.
//
// A file on a network disk may hang in the kernel for hours, and such a call cannot be called back.
// It runs on a thread of its own, which is left behind when the deadline passes. Until that call
// has come back the witness is not asked again, so that there is one such thread at most and no
// head is written out of order.
//
// Thread-safe.

#include "homeostat/adapters/segment_log/head_file.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"

#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

namespace homeostat::adapters::segment_log {

class BoundedWitness {
  public:
    BoundedWitness(HeadFile file, Duration answers_within)
        : file_(std::move(file)), answers_within_(answers_within) {}

    /// As HeadFile. ERRORS: also unreachable: no answer in time, or none yet to an earlier call.
    [[nodiscard]] Result<std::optional<SignedHead>> last() const;
    [[nodiscard]] Result<void> append(const SignedHead& head) const;
    [[nodiscard]] Result<void> append_first(const SignedHead& head) const;

    [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }

  private:
    template <class T, class Call>
    [[nodiscard]] Result<T> bounded(Call call) const;

    HeadFile file_;
    Duration answers_within_;
    /// Owned by this and by the call that is under way, if one is.
    std::shared_ptr<std::atomic<bool>> is_asked_ = std::make_shared<std::atomic<bool>>(false);
};

}  // namespace homeostat::adapters::segment_log
