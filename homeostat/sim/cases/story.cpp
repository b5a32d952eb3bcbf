#include "homeostat/sim/cases/story.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/sim/world/draws.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace homeostat::sim::cases {

namespace {

constexpr double silent_share = 0.15;   ///< Of the plots that nobody notices, such as are told.
constexpr std::uint32_t waits_s = 120;  ///< For an alert.
constexpr std::uint32_t attempts_max = 16;
constexpr std::uint32_t topologies_max = 10'000;
/// Worlds are robust: most single faults cost users next to nothing, and nothing is to be done.
/// Where they would lose less than this share of their requests, the plot is told this often.
constexpr double mild_share = 0.05;
constexpr double mild_told_share = 0.1;
constexpr double looks_ahead_s = 60;
/// Of a healthy one it would be said wrongly that nothing is wrong, if it tipped over by itself.
constexpr double healthy_share = 0.01;
constexpr double healthy_looks_ahead_s = 240;

[[nodiscard]] std::optional<Story> begin(Rng& rng, const CaseOrder& order, const Theme& theme) {
    Setting setting = draw_setting(rng, order);
    std::optional<Plot> plot = draw_plot(rng, setting, theme);
    if (!plot) {
        return std::nullopt;
    }
    World world(setting.topology, rng.next());
    for (const auto* faults : {&plot->history, &plot->innocents, &plot->faults}) {
        for (const InjectedFault& fault : *faults) {
            world.add(fault);
        }
    }
    Recorder recorder(world);
    return Story{
        std::move(setting), std::move(*plot), std::move(world), std::move(recorder), {}, 0};
}

/// An alert that came with the fault or after it.
[[nodiscard]] bool is_alarmed(const Recorder& recorder) {
    return std::ranges::any_of(recorder.alerts(),
                               [](const Alert& alert) { return alert.fires_at > fault_at_s; });
}

void pass_to(Story& story, std::uint32_t second) {
    while (story.recorder.seconds().size() < second) {
        story.recorder.pass_second(story.world);
    }
}

/// A sensor that was wrong for a moment, or a threshold that was met by chance.
void raise_false_alarm(Rng& rng, Story& story) {
    constexpr std::array kinds{AlertKind::high_error_ratio, AlertKind::high_latency,
                               AlertKind::instance_down, AlertKind::memory_high,
                               AlertKind::high_traffic};
    const auto index =
        static_cast<std::uint32_t>(rng.next() % story.setting.topology.services.size());
    const auto fires_at = story.at_s - static_cast<std::uint32_t>(rng.between(1, 40));
    story.false_alarms.push_back({kinds[rng.next() % kinds.size()], index, fires_at, {}});
}

/// Whether users lose less than that share in the next seconds if nothing is done.
[[nodiscard]] bool is_mild(const Story& story, double share, double seconds) {
    World world = story.world;
    const Tally before = world.tally();
    world.run(ticks_of(seconds));
    const Tally lost = world.tally() - before;
    return lost.cost() - story.recorder.usual().users.cost() * seconds < share * lost.requests;
}

/// Plays it up to the moment of judgement. False: nobody would have noticed anything.
[[nodiscard]] bool play(Rng& rng, Story& story) {
    const bool is_healthy = story.plot.theme.flavour == Flavour::healthy;
    const bool may_be_silent = is_healthy || draw_chance(rng, silent_share);
    const auto delay_s = static_cast<std::uint32_t>(rng.between(3, 40));
    const auto begins_s = static_cast<std::uint32_t>(fault_at_s);
    pass_to(story, begins_s);
    const std::uint32_t until_s = begins_s + (is_healthy ? delay_s : waits_s);
    while (!is_alarmed(story.recorder) && story.recorder.seconds().size() < until_s) {
        story.recorder.pass_second(story.world);
    }
    story.at_s = until_s;
    if (is_alarmed(story.recorder)) {
        story.at_s = static_cast<std::uint32_t>(story.recorder.seconds().size()) + delay_s;
        pass_to(story, story.at_s);
    } else if (may_be_silent) {
        raise_false_alarm(rng, story);
    }
    return may_be_silent || is_alarmed(story.recorder);
}

[[nodiscard]] bool is_worth_telling(Rng& rng, const Story& story) {
    switch (story.plot.theme.flavour) {
        case Flavour::healthy:
            return is_mild(story, healthy_share, healthy_looks_ahead_s);
        case Flavour::passing:
            return true;
        default:
            return draw_chance(rng, mild_told_share) || !is_mild(story, mild_share, looks_ahead_s);
    }
}

}  // namespace

Story tell_story(const Rng& rng, const CaseOrder& order) {
    Rng theme_rng = rng.fork("theme");
    const Theme theme = draw_theme(theme_rng, order);
    std::optional<Story> last;
    for (std::uint32_t attempt = 1; attempt <= attempts_max || !last; ++attempt) {
        ensure(attempt <= topologies_max, "a family has topologies that can have it");
        Rng draws = rng.fork(fmt::format("attempt {}", attempt));
        std::optional<Story> story = begin(draws, order, theme);
        if (!story) {
            continue;  // Some topology has what the theme needs.
        }
        if (play(draws, *story) && is_worth_telling(draws, *story)) {
            return std::move(*story);
        }
        last.emplace(std::move(*story));
    }
    return std::move(*last);
}

}  // namespace homeostat::sim::cases
