// What a feed says, taken in.

#include "homeostat/base/ensure.hpp"
#include "homeostat/immune/immune.hpp"
#include "homeostat/immune/suspects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <expected>
#include <iterator>
#include <span>
#include <tuple>
#include <utility>

namespace homeostat::immune {

namespace {

/// One update of one feed while it is taken in.
struct Taking {
    State& state;
    const Settings& settings;
    std::size_t index;
    Instant now;
    /// A range costs as many look-ups as it has addresses, and a feed may list any number of them.
    std::size_t addresses_left{2 * settings.limits.sources_max};
    std::vector<std::pair<Network, const Listing*>> fresh{};  ///< What the feed lists first now.

    [[nodiscard]] Feed& feed() const { return state.feeds[index]; }
    [[nodiscard]] const FeedSettings& of() const { return settings.feeds[index]; }
};

std::uint64_t& count_of(Feed& feed, Objection why) {
    return feed.objections[static_cast<std::size_t>(why)];
}

/// The entries that the edge needs for it: a part of a /24 becomes its addresses.
std::expected<std::vector<Network>, Objection> sources_of(const Network& network) {
    if (is_source(network)) {
        return std::vector{network};
    }
    const bool is_short = is_v4(network);
    if (network.bits < (is_short ? source_bits_v4 : source_bits_v6)) {
        return std::unexpected(Objection::too_wide);
    }
    if (!is_short) {
        return std::unexpected(Objection::uneven);
    }
    std::vector<Network> addresses;
    const unsigned count = 1U << static_cast<unsigned>(Network::bits_max - network.bits);
    for (unsigned index = 0; index < count; ++index) {
        Network& address = addresses.emplace_back(network);
        address.bits = Network::bits_max;
        address.bytes.back() = static_cast<std::uint8_t>(address.bytes.back() + index);
    }
    return addresses;
}

std::expected<std::vector<Network>, Objection> admitted(const Taking& taking,
                                                        const Network& network) {
    const bool is_allowed = std::ranges::any_of(
        taking.settings.allowed,
        [&network](const Network& allowed) { return overlap(allowed, network); });
    if (is_allowed) {
        return std::unexpected(Objection::allowed);
    }
    if (is_reserved(network)) {
        return std::unexpected(Objection::reserved);
    }
    if (taking.now < taking.feed().quarantined_until) {
        return std::unexpected(Objection::quarantined);
    }
    return sources_of(network);
}

Instant end_of(const Taking& taking, const Listing& listing) {
    const Limits& limits = taking.settings.limits;
    const Duration lasts = listing.lasts.value_or(limits.lasts_default);
    return taking.now + std::min(lasts, limits.lasts_max);
}

std::uint16_t index_of(std::vector<std::string>& reasons, const std::string& reason) {
    const auto found = std::ranges::find(reasons, reason);
    if (found != reasons.end()) {
        return static_cast<std::uint16_t>(std::distance(reasons.begin(), found));
    }
    if (reasons.size() == reasons_max) {
        return 0;
    }
    reasons.push_back(reason);
    return static_cast<std::uint16_t>(reasons.size() - 1);
}

/// What the feed lists already lasts as it says now; what it lists first is put aside.
void note(Taking& taking, const Listing& listing) {
    if (taking.addresses_left == 0) {
        ++count_of(taking.feed(), Objection::no_room);
        return;
    }
    const auto sources = admitted(taking, listing.network);
    if (!sources) {
        ++count_of(taking.feed(), sources.error());
        return;
    }
    taking.addresses_left -= std::min(taking.addresses_left, sources->size());
    const Instant until = end_of(taking, listing);
    if (until <= taking.now) {
        return;
    }
    for (const Network& source : *sources) {
        const auto found = taking.state.suspects.find(source);
        const bool is_known =
            found != taking.state.suspects.end() && is_listed_by(found->second, taking.index);
        if (is_known) {
            found->second.listed_until[taking.index] = until;
        } else if (taking.fresh.size() < taking.of().sources_max) {
            taking.fresh.emplace_back(source, &listing);
        } else {
            ++count_of(taking.feed(), Objection::no_room);
        }
    }
}

void remove(const Taking& taking, const Network& network) {
    auto& suspects = taking.state.suspects;
    if (is_source(network)) {
        const auto found = suspects.find(network);
        if (found != suspects.end()) {
            unlist(taking.state, found->second, taking.index);
        }
        return;
    }
    if (!is_v4(network) || network.bits < source_bits_v4) {
        return;  // It was never taken in.
    }
    // A network is in front of its addresses, which are next to each other.
    for (auto one = suspects.lower_bound(network);
         one != suspects.end() && contains(network, one->first); ++one) {
        unlist(taking.state, one->second, taking.index);
    }
}

/// So many at once are more than a feed finds on an ordinary day.
bool has_grown(const Taking& taking) {
    const Limits& limits = taking.settings.limits;
    Feed& feed = taking.feed();
    if (taking.now - feed.grown_since >= limits.growth_for) {
        feed.grown_since = taking.now;
        feed.grown_count = 0;
    }
    const std::size_t share = feed.sources_count * limits.growth_percent_max / 100;
    feed.grown_count += taking.fresh.size();
    return feed.grown_count > std::max(limits.growth_max, share);
}

void list(const Taking& taking, bool is_held) {
    for (const auto& [source, listing] : taking.fresh) {
        const auto [found, is_new] = taking.state.suspects.try_emplace(source);
        Suspect& suspect = found->second;
        const bool was_listed = is_listed(suspect);
        if (is_listed_by(suspect, taking.index) || (was_listed && is_held)) {
            continue;  // Twice in one update; or what another feed lists, on a word that is
                       // doubted.
        }
        suspect.listed_until[taking.index] = end_of(taking, *listing);
        ++taking.feed().sources_count;
        if (!was_listed) {
            suspect.listed_at = taking.now;
            suspect.reason = index_of(taking.state.reasons, listing->reason);
            // What was held back before and is listed again is held back still.
            suspect.held_until = is_held ? Instant::max() : suspect.held_until;
        }
    }
}

/// Drops the oldest listings of the feed beyond what it may have.
void evict_of_feed(const Taking& taking) {
    Feed& feed = taking.feed();
    if (feed.sources_count <= taking.of().sources_max) {
        return;
    }
    std::vector<std::pair<Instant, Network>> listed;
    for (const auto& [source, suspect] : taking.state.suspects) {
        if (is_listed_by(suspect, taking.index)) {
            listed.emplace_back(suspect.listed_at, source);
        }
    }
    const std::size_t excess = feed.sources_count - taking.of().sources_max;
    std::ranges::sort(listed);
    for (const auto& [at, source] : std::span(listed).first(excess)) {
        unlist(taking.state, taking.state.suspects.at(source), taking.index);
        ++count_of(feed, Objection::no_room);
    }
}

/// Of all feeds: the least sure first, and of equals the oldest.
void evict(const Taking& taking) {
    const std::size_t sources_max = taking.settings.limits.sources_max;
    std::vector<std::tuple<std::uint32_t, Instant, Network>> listed;
    if (taking.state.suspects.size() <= sources_max) {
        return;
    }
    for (const auto& [source, suspect] : taking.state.suspects) {
        if (is_listed(suspect)) {
            listed.emplace_back(confidence_in(suspect, taking.settings), suspect.listed_at, source);
        }
    }
    const std::size_t excess = listed.size() - std::min(listed.size(), sources_max);
    std::ranges::sort(listed);
    for (const auto& [confidence, at, source] : std::span(listed).first(excess)) {
        Suspect& suspect = taking.state.suspects.at(source);
        for (std::size_t feed = 0; feed < taking.state.feeds.size(); ++feed) {
            unlist(taking.state, suspect, feed);
        }
        ++count_of(taking.feed(), Objection::no_room);
    }
}

/// Told once in the life of a process for each; how often stands in the metrics.
void tell_refusals(const Taking& taking, const Feed& before, std::vector<FeedBody>& news) {
    for (const Objection why : {Objection::allowed, Objection::reserved, Objection::too_wide}) {
        const auto place = static_cast<std::size_t>(why);
        if (before.objections[place] == 0 && taking.feed().objections[place] > 0) {
            news.push_back({FeedEvent::refused, taking.of().name, taking.feed().objections[place],
                            fmt::format("it lists what is never marked: {}", to_text(why))});
        }
    }
}

}  // namespace

std::uint32_t confidence_in(const Suspect& suspect, const Settings& settings) {
    std::uint32_t most = 0;
    for (std::size_t feed = 0; feed < settings.feeds.size(); ++feed) {
        most = is_listed_by(suspect, feed) ? std::max(most, settings.feeds[feed].confidence) : most;
    }
    return most;
}

bool is_believed(const Suspect& suspect, const Settings& settings) {
    const auto agreeing =
        std::ranges::count_if(suspect.listed_until, [](Instant until) { return until != never; });
    return agreeing >= 2 || confidence_in(suspect, settings) >= settings.limits.confidence_min;
}

void unlist(State& state, Suspect& suspect, std::size_t feed) {
    if (is_listed_by(suspect, feed)) {
        suspect.listed_until[feed] = never;
        --state.feeds[feed].sources_count;
    }
}

std::vector<FeedBody> take(State& state,
                           const Settings& settings,
                           std::size_t feed,
                           const FeedUpdate& update,
                           Instant now) {
    ensure(feed < settings.feeds.size() && settings.feeds.size() <= feeds_max, "a feed of ours");
    Taking taking{.state = state, .settings = settings, .index = feed, .now = now};
    const Feed before = taking.feed();
    std::vector<FeedBody> news;
    if (before.polls_failed >= settings.limits.polls_failed_max) {
        news.push_back({FeedEvent::answers, taking.of().name, before.sources_count, ""});
    }
    taking.feed().polls_failed = 0;
    taking.feed().answered_at = now;
    taking.feed().skipped += update.skipped;
    taking.feed().wants_whole = now < before.quarantined_until;
    for (const Network& network : update.removed) {
        remove(taking, network);
    }
    for (const Listing& listing : update.listed) {
        note(taking, listing);
    }
    const bool is_held = has_grown(taking);
    list(taking, is_held);
    if (is_held && !taking.fresh.empty()) {
        news.push_back(
            {FeedEvent::grown, taking.of().name, taking.fresh.size(),
             fmt::format("{} new ones within a minute, and it listed {} before; they are only "
                         "watched until `growth_max` is raised",
                         taking.feed().grown_count, before.sources_count)});
    }
    evict_of_feed(taking);
    evict(taking);
    tell_refusals(taking, before, news);
    return news;
}

std::vector<FeedBody> miss(State& state,
                           const Settings& settings,
                           std::size_t feed,
                           const std::string& because) {
    Feed& own = state.feeds.at(feed);
    own.wants_whole = true;
    ++own.polls_failed;
    if (own.polls_failed != settings.limits.polls_failed_max) {
        return {};
    }
    return {{FeedEvent::silent, settings.feeds[feed].name, own.sources_count, because}};
}

bool wants_whole(const State& state, std::size_t feed, Instant now) {
    const Feed& own = state.feeds.at(feed);
    return own.wants_whole && now >= own.quarantined_until;
}

}  // namespace homeostat::immune
