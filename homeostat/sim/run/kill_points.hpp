#pragma once

// KillPoints: every call by which a life of ours changes its disk or the world, in their order, and
// the ones before which it dies.
//
// A call that a life dies before never happens, nor does any later one of it. Reads are not
// counted: they change nothing, so that a death before one is a death before the next call.
//
// Pure. Counts nothing where nobody asked for it, and changes no history then.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace homeostat::sim {

/// One life, from its start until its death or the end.
struct LifeSeen {
    std::vector<std::string> calls;  ///< "append intent", "order drain payments-1".
    /// What its successor finds: the bytes of the ledger and what was done to the world.
    std::uint64_t left{0};
};

class KillPoints {
  public:
    /// `dies_before`: of the lives in turn the number of a call, from 1; those without one live on.
    explicit KillPoints(std::optional<std::vector<std::uint64_t>> dies_before)
        : dies_before_(std::move(dies_before)) {}

    [[nodiscard]] bool is_counting() const { return dies_before_.has_value(); }

    void begin_life() {
        is_dead_ = false;
        if (is_counting()) {
            lives_.emplace_back();
        }
    }
    void end_life(std::uint64_t left) {
        is_dead_ = false;
        if (is_counting()) {
            lives_.back().left = left;
        }
    }

    /// Right before the call. False: it never happens.
    [[nodiscard]] bool come_to(std::string_view call) {
        if (!is_counting() || is_dead_) {
            return !is_dead_;
        }
        LifeSeen& life = lives_.back();
        life.calls.push_back(std::string(call) + about_);
        const std::size_t number = lives_.size() - 1;
        is_dead_ = number < dies_before_->size() && life.calls.size() == dies_before_->at(number);
        return !is_dead_;
    }
    /// What the next calls are about, for people: " intent". Empty: nothing that is worth a word.
    void be_about(std::string about) { about_ = std::move(about); }

    [[nodiscard]] bool is_dead() const { return is_dead_; }
    [[nodiscard]] const std::vector<LifeSeen>& lives() const { return lives_; }

  private:
    std::optional<std::vector<std::uint64_t>> dies_before_;
    std::vector<LifeSeen> lives_;
    std::string about_;
    bool is_dead_{false};
};

}  // namespace homeostat::sim
