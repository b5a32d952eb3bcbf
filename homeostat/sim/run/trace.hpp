#pragma once

// Trace: everything of a history that two runs of a seed must have in common, a line at a time.
//
// The lines are hashed; they are kept only if somebody wants to read them. Also the marks: rare
// states that a set of seeds has to reach, or it proves less than it seems to.
//
// Pure.

#include "homeostat/base/time.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sim {

class Trace {
  public:
    explicit Trace(bool keeps_lines) : keeps_lines_(keeps_lines) {}

    void say(Instant at, std::string_view line) {
        mix(static_cast<std::uint64_t>(to_ns(at)));
        for (const char c : line) {
            mix(static_cast<unsigned char>(c));
        }
        if (keeps_lines_) {
            lines_.push_back(
                fmt::format("{:10.3f} s  {}", to_seconds(at.time_since_epoch()), line));
        }
    }
    /// Only hashed: what nobody reads, as the digest of the world.
    void mix(std::uint64_t value) { hash_ = (hash_ ^ value) * 0x100000001B3ULL; }

    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

    void reached(std::string_view mark) { ++marks_[std::string(mark)]; }
    [[nodiscard]] const std::map<std::string, std::uint64_t>& marks() const { return marks_; }

  private:
    bool keeps_lines_;
    std::uint64_t hash_{0xCBF29CE484222325ULL};
    std::vector<std::string> lines_;
    std::map<std::string, std::uint64_t> marks_;
};

/// All that there are. One that thousands of seeds do not reach is a hole in the generators, but
/// for those below; --require-marks refuses one that is reached and not among these.
[[nodiscard]] std::span<const std::string_view> all_marks();

/// Of these, what thousands of seeds may miss: no set of seeds has to reach it.
[[nodiscard]] std::span<const std::string_view> marks_not_required();

}  // namespace homeostat::sim
