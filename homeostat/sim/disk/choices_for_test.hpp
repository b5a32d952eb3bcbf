#pragma once

// Choices: all answers that a sequence of choices can be given, one sequence after the other.
//
// For tests only.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace homeostat::sim::disk {

class ChoicesForTest {
  public:
    /// The next choice of this sequence.
    std::uint64_t operator()(std::uint64_t count) {
        if (at_ == picks_.size()) {
            picks_.push_back({0, count});
        }
        return picks_[at_++].picked;
    }

    /// Goes on to the next sequence; false after the last.
    bool advance() {
        picks_.resize(at_);
        at_ = 0;
        while (!picks_.empty() && ++picks_.back().picked == picks_.back().count) {
            picks_.pop_back();
        }
        return !picks_.empty();
    }

  private:
    struct Pick {
        std::uint64_t picked;
        std::uint64_t count;
    };
    std::vector<Pick> picks_;
    std::size_t at_{0};
};

}  // namespace homeostat::sim::disk
