#pragma once

// Lasting: what our effects have left in the world for others to see, as far as the ledger tells,
// and how often somebody took it back.
//
// A version that we made current, an instance that we took out of rotation, a spare that we
// started: each is so until a step of ours ends it. If facts read later show otherwise, or somebody
// reports another version, it was taken back by somebody else; so it may have been, and is counted,
// where an effect of unknown fate is looked for and not found. If we died before its fate was
// known, it may as well never have happened: that counts only beside what somebody certainly took
// back. What one incident did and lost at once was taken back once, however many instances it was.
// Nobody took back what a reboot ends, a rotation or a spare, nor what an ending of ours is meant
// for; and what expires by itself, a circuit or a route, nobody has to.
//
// Bounded: the oldest go first. Pure. Values only; a part of History.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/facts.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/domain/outcome.hpp"
#include "homeostat/domain/remedy.hpp"
#include "homeostat/domain/step.hpp"

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::guard {

/// What somebody would take back of a step: "the deploy version", "the rotation of payments-0",
/// "the number of instances". Empty: nothing of it lasts.
[[nodiscard]] std::string lasting_part_of(const Remedy& remedy, const Step& step);
/// Of a remedy as a whole, where it has one that its goal cannot do without.
[[nodiscard]] std::string lasting_part_of(const Remedy& remedy);

class Lasting {
  public:
    void announce(const IncidentId& incident,
                  const EffectId& effect,
                  const Remedy& remedy,
                  const Step& step);
    void settle(const EffectId& effect, OutcomeKind kind, bool is_read_back, Instant at);

    /// Another process of ours began: what has no outcome yet may never have been ordered.
    void outlive();

    /// Whatever these facts show to be otherwise than we left it was taken back by `at`.
    void see(const Facts& facts, Instant at);
    void see(const Change& change, Instant at);

    /// The machine was started again, and the instants so far are of another boot.
    void move_back(Duration by);

    /// How often `part` was taken back at `since` or later, the present `facts` included.
    [[nodiscard]] std::uint32_t taken_back_count(const std::string& part,
                                                 const Facts& facts,
                                                 Instant since) const;

    /// The instances that nobody has put back since this incident was the last of us to take them
    /// out of rotation; also if it is not certain that it came to that.
    [[nodiscard]] std::vector<InstanceId> drained_by(const IncidentId& incident) const;

    friend bool operator==(const Lasting&, const Lasting&) = default;

    static constexpr std::size_t parts_max = 256;
    static constexpr std::size_t taken_back_max = 256;

  private:
    struct Part {
        std::string name;
        IncidentId incident;
        EffectId effect;
        Step step;
        std::optional<Instant> since{};  ///< Absent: not known to be in force.
        bool may_be_unborn{false};       ///< We died before its fate was known.
        bool is_excused{false};          ///< Its end says nothing of anybody, or was counted.
        EffectId ended_by{};             ///< Of ours, and not refused by whoever was asked.
        friend bool operator==(const Part&, const Part&) = default;
    };
    struct TakenBack {
        std::string part;
        Instant at{};
        bool is_certain{true};  ///< Else it may never have happened.
        friend bool operator==(const TakenBack&, const TakenBack&) = default;
    };

    /// What begins an ending: announced, and not settled.
    struct Ending {
        EffectId effect;
        Step step;  ///< Undrain or Stop.
        friend bool operator==(const Ending&, const Ending&) = default;
    };

    [[nodiscard]] static bool is_meant(const Step& ending, const Part& part);
    [[nodiscard]] static bool is_gone(const Part& part, const Facts& facts);
    [[nodiscard]] static bool is_gone(const Part& part, const Change& change);
    void replace_earlier(const Step& step);
    void announce_ending(const EffectId& effect, const Step& step);
    void settle_ending(const Ending& ending, OutcomeKind kind, bool is_read_back);
    void see_gone(const auto& seen, Instant at);
    void note_taken_back(const Part& part, Instant at);

    std::list<Part> parts_;
    std::list<TakenBack> taken_back_;
    std::list<Ending> endings_;
};

}  // namespace homeostat::guard
