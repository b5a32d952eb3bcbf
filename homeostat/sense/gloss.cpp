#include "homeostat/sense/gloss.hpp"

#include "homeostat/base/ensure.hpp"
#include "homeostat/sense/lexicon.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace homeostat::sense {

namespace {

constexpr std::size_t stars_max = 8;
constexpr std::size_t pattern_words_max = 16;
constexpr std::uint32_t own_weight = 1000;  ///< Above any count of words.

/// The pieces between the stars; empty parts are left out.
std::vector<Pieces> parts_of(std::string_view pattern) {
    std::vector<Pieces> parts;
    while (!pattern.empty()) {
        const std::size_t star = pattern.find('*');
        Pieces pieces;
        add_pieces(pattern.substr(0, star), pieces);
        if (pieces.count > 0) {
            parts.push_back(pieces);
        }
        pattern.remove_prefix(star == std::string_view::npos ? pattern.size() : star + 1);
    }
    return parts;
}

/// "issuer declines cards" → "user_issuer_declines_cards".
std::string id_of(std::string_view words) {
    std::string id = "user_";
    for (const char c : words) {
        const bool is_capital = c >= 'A' && c <= 'Z';
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        id += is_capital ? static_cast<char>(c - 'A' + 'a') : is_plain ? c : '_';
    }
    return id;
}

std::uint64_t key_of(std::uint32_t node, std::uint64_t piece) {
    std::uint64_t key = (piece ^ (node + 1ULL)) * 0x9E3779B97F4A7C15ULL;
    key ^= key >> 29U;
    return key == 0 ? 1 : key;
}

}  // namespace

Result<void> check_pattern(std::string_view pattern) {
    const auto wrong = [](std::string text) { return fail(Fault::invalid, std::move(text)); };
    if (pattern.size() > pattern_bytes_max) {
        return wrong(fmt::format("a pattern of {} bytes — write at most {}", pattern.size(),
                                 pattern_bytes_max));
    }
    if (std::ranges::count(pattern, '*') > static_cast<std::ptrdiff_t>(stars_max)) {
        return wrong(fmt::format("more than {} stars — one stands for any words", stars_max));
    }
    std::size_t words = 0;
    for (const Pieces& part : parts_of(pattern)) {
        words += part.count;
    }
    if (words == 0) {
        return wrong("no word in the pattern — write words of the line, * for what varies");
    }
    if (words > pattern_words_max) {
        return wrong(
            fmt::format("{} words — {} are enough to tell a line", words, pattern_words_max));
    }
    return {};
}

Lexicon::Lexicon(std::span<const UserGloss> own) : nodes_(1), edges_(64) {
    for (const UserGloss& one : own.first(std::min(own.size(), user_glosses_max))) {
        ensure(check_pattern(one.pattern).has_value(), "the operator's patterns were checked");
        glosses_.push_back(Meaning{id_of(one.words), one.words, one.kind, false});
        add_pattern(one.pattern, static_cast<std::uint32_t>(glosses_.size() - 1), own_weight);
    }
    for (const std::span<const GlossRow> rows : lexicon_rows()) {
        for (const GlossRow& row : rows) {
            add_row(row);
        }
    }
    for (const CodeRow& row : code_rows()) {
        add_row(GlossRow{row.id, row.words, row.kind, patterns_of(row)});
    }
    for (const GlossRow& row : general_rows()) {
        add_row(row, true);
    }
}

void Lexicon::add_row(const GlossRow& row, bool is_general) {
    const auto known = std::ranges::find(glosses_, row.id, &Meaning::id);
    const auto gloss = static_cast<std::uint32_t>(known - glosses_.begin());
    if (known == glosses_.end()) {
        glosses_.push_back(
            Meaning{std::string(row.id), std::string(row.words), row.kind, is_general});
    }
    std::string_view rest = row.patterns;
    while (!rest.empty()) {
        const std::size_t bar = rest.find('|');
        add_pattern(rest.substr(0, bar), gloss, 0);
        rest.remove_prefix(bar == std::string_view::npos ? rest.size() : bar + 1);
    }
}

void Lexicon::add_pattern(std::string_view pattern,
                          std::uint32_t gloss,
                          std::uint32_t more_weight) {
    const std::vector<Pieces> parts = parts_of(pattern);
    ensure(!parts.empty(), "a pattern has a word");
    const auto index = static_cast<std::uint32_t>(patterns_.size());
    Pattern added{gloss, static_cast<std::uint32_t>(parts.size()), more_weight};
    for (std::uint32_t part = 0; part < parts.size(); ++part) {
        std::uint32_t node = 0;
        for (const std::uint64_t piece : parts[part].all()) {
            node = add_child(node, piece);
        }
        nodes_[node].ends.push_back(Part{index, part});
        added.weight += static_cast<std::uint32_t>(parts[part].count);
    }
    patterns_.push_back(added);
}

std::uint32_t Lexicon::child_of(std::uint32_t node, std::uint64_t piece) const {
    const std::uint64_t key = key_of(node, piece);
    const std::size_t mask = edges_.size() - 1;
    for (std::size_t slot = key & mask;; slot = (slot + 1) & mask) {
        if (edges_[slot].key == key) {
            return edges_[slot].to;
        }
        if (edges_[slot].to == 0) {
            return 0;  // There always is an empty slot: the table is half empty.
        }
    }
}

std::uint32_t Lexicon::add_child(std::uint32_t node, std::uint64_t piece) {
    if (const std::uint32_t known = child_of(node, piece); known != 0) {
        return known;
    }
    nodes_.emplace_back();
    if (nodes_.size() * 2 > edges_.size()) {
        grow();
    }
    const std::uint64_t key = key_of(node, piece);
    const std::size_t mask = edges_.size() - 1;
    std::size_t slot = key & mask;
    while (edges_[slot].to != 0) {
        slot = (slot + 1) & mask;
    }
    edges_[slot] = Edge{key, static_cast<std::uint32_t>(nodes_.size() - 1)};
    return edges_[slot].to;
}

void Lexicon::grow() {
    const std::vector<Edge> before = std::exchange(edges_, std::vector<Edge>(edges_.size() * 2));
    const std::size_t mask = edges_.size() - 1;
    for (const Edge& edge : before) {
        if (edge.to != 0) {
            std::size_t slot = edge.key & mask;
            while (edges_[slot].to != 0) {
                slot = (slot + 1) & mask;
            }
            edges_[slot] = edge;
        }
    }
}

/// One line: how far each pattern with stars has come, and the best that is whole.
class Lexicon::Search {
  public:
    explicit Search(const Lexicon& lexicon) : lexicon_(lexicon) {}

    std::optional<Gloss> run(std::span<const std::uint64_t> pieces) {
        for (std::size_t begin = 0; begin < pieces.size(); ++begin) {
            std::uint32_t node = 0;
            for (std::size_t end = begin; end < pieces.size(); ++end) {
                node = lexicon_.child_of(node, pieces[end]);
                if (node == 0) {
                    break;
                }
                for (const Part& part : lexicon_.nodes_[node].ends) {
                    meet(part, begin, end + 1);
                }
            }
        }
        if (!best_) {
            return std::nullopt;
        }
        const Meaning& meaning = lexicon_.glosses_[lexicon_.patterns_[*best_].gloss];
        return Gloss{meaning.id, meaning.words, meaning.kind, meaning.is_general};
    }

  private:
    struct Progress {
        std::uint32_t parts_count{0};
        std::uint32_t end{0};  ///< Where the last of them ends.
    };

    void meet(const Part& part, std::size_t begin, std::size_t end) {
        const Pattern& pattern = lexicon_.patterns_[part.pattern];
        if (pattern.parts_count > 1) {
            if (progress_.empty()) {
                progress_.resize(lexicon_.patterns_.size());
            }
            Progress& progress = progress_[part.pattern];
            if (progress.parts_count != part.index || begin < progress.end) {
                return;
            }
            progress = Progress{part.index + 1, static_cast<std::uint32_t>(end)};
            if (progress.parts_count < pattern.parts_count) {
                return;
            }
        }
        const bool is_better =
            !best_ || pattern.weight > lexicon_.patterns_[*best_].weight ||
            (pattern.weight == lexicon_.patterns_[*best_].weight && part.pattern < *best_);
        if (is_better) {
            best_ = part.pattern;
        }
    }

    const Lexicon& lexicon_;
    std::vector<Progress> progress_;  ///< By pattern; empty until one with stars begins.
    std::optional<std::uint32_t> best_;
};

std::optional<Gloss> Lexicon::gloss_of(const LogShape& shape) const {
    return Search(*this).run(shape.pieces.all());
}

const Lexicon& shipped_lexicon() {
    static const Lexicon lexicon;
    return lexicon;
}

std::optional<Gloss> gloss_of(std::string_view line) {
    return shipped_lexicon().gloss_of(shape_of(line));
}

}  // namespace homeostat::sense
