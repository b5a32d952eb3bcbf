#pragma once

// TemplateTable: the templates of a service's logs, found while its lines come.
//
// Drain's idea (He, Zhu, Zheng and Lyu, ICWS 2017): a line is compared only with the templates in
// two leaves of a tree of fixed depth, joins the most similar one, and what differs varies from
// then on. Here a leaf is named by gloss, level, count of words, and the first or the last word
// that does not vary, so that neither a name at the front nor one at the back hides a template.
// Lines of two glosses or two levels are never one template. Two more differences: a template
// holds hashes, not text, and its id never changes.
//
// Memory is bounded. A template that is needed no more makes room, the one not seen for longest
// first; one that stands for a minute is pushed out only by others that do, so that a flood of new
// shapes costs nothing that was known. An id that was pushed out is remembered, as far as there is
// room, so that an old line does not look new again.
//
// What an id depends on: where all that varies in a line is known by its looks (log_template.hpp),
// its shape alone, whatever else was read before. Where words vary, the line that came first; two
// processes may then have two ids for one template, and nobody but their glosses tells.
//
// Pure. Not thread-safe. Values only.

#include "homeostat/base/time.hpp"
#include "homeostat/domain/ids.hpp"
#include "homeostat/sense/log_template.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace homeostat::sense {

struct TemplateLimits {
    /// Templates told apart. A service has tens; text that a stranger writes makes any number.
    /// Zero: all lines are overflow.
    std::size_t templates_max{512};
    /// Templates that may be new in one reading; what would be further ones is overflow, until the
    /// next. Zero: all lines that are not known are overflow.
    std::size_t new_max{64};
    /// Of the words that do not vary, so many parts in a hundred have to be the same. Two of three
    /// are enough, three of five are not, nor is one of two: most words that differ in a short line
    /// are the program's. Drain's 40 counts what varies, too.
    std::size_t similar_percent{65};
    /// A template seen again so long after it was found stands: longer than a burst.
    Duration stands_after{std::chrono::minutes{1}};
};

/// The id under which lines count that found no room in the table.
[[nodiscard]] TemplateId overflow_template();

struct SeenTemplate {
    TemplateId id;       ///< The line's own, or the overflow template.
    bool is_new{false};  ///< It was found just now. Never true of the overflow.
};

/// One line, when it is looked at.
struct Sighting {
    const LogShape& shape;
    std::string_view gloss_id;  ///< Empty: it has none.
    Instant at;
};

class TemplateTable {
  public:
    /// Says that lines of another reading follow.
    void begin_reading() { new_count_ = 0; }

    /// Says which template the line is of, and learns from it.
    [[nodiscard]] SeenTemplate see(const Sighting& line, const TemplateLimits& limits);

    [[nodiscard]] std::size_t size() const { return templates_.size(); }

  private:
    static constexpr std::size_t leaf_max = 64;  ///< Compared with one line, of each of two leaves.
    static constexpr std::size_t forgotten_max = 4096;

    struct Template {
        std::uint64_t hash{0};  ///< What the id says in hex.
        std::array<std::uint64_t, 2> leaves{};
        std::vector<std::uint64_t> words;  ///< As a shape's.
        std::size_t constants_count{0};    ///< Of the line it was found in.
        std::uint64_t seen_count_at{0};    ///< How many lines there were when it was last seen.
        Instant found_at{};
        bool stands{false};
    };
    using Place = std::uint32_t;

    [[nodiscard]] Template* most_similar(const LogShape& shape,
                                         const std::array<std::uint64_t, 2>& leaves,
                                         const TemplateLimits& limits);
    [[nodiscard]] bool is_before(Place left, Place right) const;
    void make_room(const std::array<std::uint64_t, 2>& leaves, const TemplateLimits& limits);
    void remove(Place place);
    void leave(std::uint64_t leaf, Place place);

    std::vector<Template> templates_;
    std::unordered_map<std::uint64_t, std::vector<Place>> leaves_;  ///< Never walked through.
    std::vector<std::uint64_t> forgotten_;  ///< By their last bits; empty until one is forgotten.
    std::size_t new_count_{0};
    std::uint64_t lines_count_{0};
};

}  // namespace homeostat::sense
