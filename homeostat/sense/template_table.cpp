#include "homeostat/sense/template_table.hpp"

#include "homeostat/base/fnv1a.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace homeostat::sense {

namespace {

std::uint64_t mixed(std::uint64_t state, std::uint64_t value) {
    state = (state ^ value) * 0x9E3779B97F4A7C15ULL;  // 2^64 over the golden ratio.
    return state ^ (state >> 32U);
}

/// What lines must share to be of one template, whatever their words are.
std::uint64_t root_of(const Sighting& line) {
    const std::uint64_t root =
        mixed(fnv1a(line.gloss_id), static_cast<std::uint64_t>(line.shape.level) + 1);
    return mixed(mixed(root, line.shape.keys), line.shape.words_count);
}

std::uint64_t hash_of(const Sighting& line) {
    std::uint64_t hash = root_of(line);
    for (const std::uint64_t word : line.shape.all()) {
        hash = mixed(hash, word);
    }
    return hash;
}

/// The two leaves that a line belongs to.
std::array<std::uint64_t, 2> leaves_of(const Sighting& line) {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    for (const std::uint64_t word : line.shape.all()) {
        first = first == 0 ? word : first;
        last = word == 0 ? last : word;
    }
    const std::uint64_t root = root_of(line);
    return {mixed(mixed(root, 1), first), mixed(mixed(root, 2), last)};
}

std::size_t constants_count(std::span<const std::uint64_t> words) {
    return words.size() - static_cast<std::size_t>(std::ranges::count(words, 0U));
}

/// Words that are the same in both; none if a word that is no value differs.
std::size_t same_count(std::span<const std::uint64_t> left, std::span<const std::uint64_t> right) {
    std::size_t count = 0;
    for (std::size_t index = 0; index < left.size(); ++index) {
        if (left[index] != right[index]) {
            if (is_state_word(left[index]) || is_state_word(right[index])) {
                return 0;
            }
        } else if (left[index] != 0) {
            ++count;
        }
    }
    return count;
}

TemplateId id_of(std::uint64_t hash) {
    return TemplateId(fmt::format("{:016x}", hash));
}

}  // namespace

TemplateId overflow_template() {
    return TemplateId("overflow");
}

TemplateTable::Template* TemplateTable::most_similar(const LogShape& shape,
                                                     const std::array<std::uint64_t, 2>& leaves,
                                                     const TemplateLimits& limits) {
    const std::size_t constants = constants_count(shape.all());
    Template* best = nullptr;
    std::size_t best_same = 0;
    for (const std::uint64_t leaf : leaves) {
        const auto found = leaves_.find(leaf);
        if (found == leaves_.end()) {
            continue;
        }
        for (const Place place : found->second) {
            Template& one = templates_[place];
            if (one.words.size() != shape.words_count) {
                continue;  // Two leaves of one hash, which somebody may have looked for.
            }
            const std::size_t same = same_count(one.words, shape.all());
            // Measured by the line it was found in, a template always knows that line again.
            const std::size_t of = std::max(constants, one.constants_count);
            if ((same > 0 || of == 0) && same * 100 >= of * limits.similar_percent &&
                (best == nullptr || same > best_same)) {
                best = &one;
                best_same = same;
            }
        }
    }
    return best;
}

/// Says whether `left` has to go before `right`.
bool TemplateTable::is_before(Place left, Place right) const {
    const Template& one = templates_[left];
    const Template& other = templates_[right];
    return std::pair(one.stands, one.seen_count_at) < std::pair(other.stands, other.seen_count_at);
}

void TemplateTable::leave(std::uint64_t leaf, Place place) {
    const auto found = leaves_.find(leaf);
    if (found == leaves_.end()) {
        return;
    }
    std::erase(found->second, place);
    if (found->second.empty()) {
        leaves_.erase(found);
    }
}

void TemplateTable::remove(Place place) {
    const std::uint64_t hash = templates_[place].hash;
    forgotten_.resize(forgotten_max);
    forgotten_[hash % forgotten_max] = hash;
    for (const std::uint64_t leaf : templates_[place].leaves) {
        leave(leaf, place);
    }
    const auto last = static_cast<Place>(templates_.size() - 1);
    if (place != last) {
        templates_[place] = std::move(templates_[last]);
        for (const std::uint64_t leaf : templates_[place].leaves) {
            std::ranges::replace(leaves_[leaf], last, place);
        }
    }
    templates_.pop_back();
}

void TemplateTable::make_room(const std::array<std::uint64_t, 2>& leaves,
                              const TemplateLimits& limits) {
    const auto goes_first = [this](Place left, Place right) { return is_before(left, right); };
    for (const std::uint64_t leaf : leaves) {
        const auto found = leaves_.find(leaf);
        if (found != leaves_.end() && found->second.size() >= leaf_max) {
            remove(*std::ranges::min_element(found->second, goes_first));
        }
    }
    if (templates_.size() < limits.templates_max) {
        return;
    }
    Place oldest = 0;
    for (Place place = 1; place < templates_.size(); ++place) {
        oldest = is_before(place, oldest) ? place : oldest;
    }
    remove(oldest);
}

SeenTemplate TemplateTable::see(const Sighting& line, const TemplateLimits& limits) {
    ++lines_count_;
    const std::array<std::uint64_t, 2> leaves = leaves_of(line);
    if (Template* known = most_similar(line.shape, leaves, limits)) {
        for (std::size_t index = 0; index < known->words.size(); ++index) {
            known->words[index] =
                known->words[index] == line.shape.words[index] ? known->words[index] : 0;
        }
        known->seen_count_at = lines_count_;
        known->stands = known->stands || line.at - known->found_at >= limits.stands_after;
        return {id_of(known->hash), false};
    }
    if (new_count_ >= limits.new_max || limits.templates_max == 0) {
        return {overflow_template(), false};
    }
    ++new_count_;
    make_room(leaves, limits);
    const std::uint64_t hash = hash_of(line);
    const bool was_known = !forgotten_.empty() && forgotten_[hash % forgotten_max] == hash;
    const auto place = static_cast<Place>(templates_.size());
    templates_.push_back(Template{.hash = hash,
                                  .leaves = leaves,
                                  .words = {line.shape.all().begin(), line.shape.all().end()},
                                  .constants_count = constants_count(line.shape.all()),
                                  .seen_count_at = lines_count_,
                                  .found_at = line.at,
                                  .stands = false});
    for (const std::uint64_t leaf : leaves) {
        leaves_[leaf].push_back(place);
    }
    return {id_of(hash), !was_known};
}

}  // namespace homeostat::sense
