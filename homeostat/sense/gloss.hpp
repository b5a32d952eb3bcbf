#pragma once

// Gloss: a short meaning of a log line in trusted words.
//
// What a line says is the stranger's; what we make of it is ours. A gloss is picked from a lexicon
// that ships with the program (lexicon_*.cpp) and from the operator's own glosses: its id, words
// and class were written there, and no byte of the line is in them. Whoever writes lines can choose
// which gloss they get, and nothing else: a gloss is a claim, never grounds for an effect.
//
// Only the program's own words are looked at (LogShape::pieces): what is in quotes, in paths and
// addresses, and the value of a key that is not known to hold messages, is never read.
//
// Pure. Thread-safe once made. Linear in the pieces of a line, for a given lexicon.

#include "homeostat/base/named_enum.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/sense/log_template.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::sense {

/// What kind of trouble a gloss speaks of.
enum class GlossClass : std::uint8_t {
    dependency,   ///< Another service, database, queue or cache answers badly.
    resource,     ///< Memory, disk, descriptors, pools, threads: something is used up.
    credentials,  ///< Passwords, tokens, certificates, permissions.
    code,         ///< A fault of the program itself.
    config,       ///< Settings, schemas and names that do not fit.
    data,         ///< Content that cannot be read, is refused or is damaged.
    network,      ///< Connections, names and routes.
    client,       ///< The asker did something wrong or went away.
};

constexpr auto names_of(std::type_identity<GlossClass>) {
    return std::to_array<std::string_view>(
        {"dependency", "resource", "credentials", "code", "config", "data", "network", "client"});
}

constexpr std::size_t gloss_words_bytes_max = 40;
constexpr std::size_t gloss_words_max = 4;  ///< Of a shipped gloss.

/// Its texts live as long as the lexicon that gave it.
struct Gloss {
    std::string_view id;     ///< A plain name that stays: "pool_exhausted".
    std::string_view words;  ///< For a model or a person: "connection pool exhausted".
    GlossClass kind{GlossClass::code};
    bool is_general{false};  ///< It says hardly more than the line's level: "not found".
};

/// One of the operator's.
struct UserGloss {
    std::string pattern;  ///< Words in their order, `*` for anything between; case is nothing.
    std::string words;
    GlossClass kind{GlossClass::code};
    friend bool operator==(const UserGloss&, const UserGloss&) = default;
};

constexpr std::size_t user_glosses_max = 256;
constexpr std::size_t pattern_bytes_max = 200;

/// ERRORS: invalid, if it has no word, more than sixteen, more than eight `*`, or is too long.
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

/// A row of the shipped lexicon.
struct GlossRow {  // One with the id of an earlier row adds patterns to that.
    std::string_view id;
    std::string_view words;
    GlossClass kind;
    std::string_view patterns;  ///< "pool exhausted|timeout * from pool"
};

class Lexicon {
  public:
    /// The shipped rows and the operator's. REQUIRES: patterns that check_pattern permits.
    explicit Lexicon(std::span<const UserGloss> own = {});

    /// The one with the most words among those that fit; of equals the operator's, then the one
    /// that stands first in the lexicon.
    [[nodiscard]] std::optional<Gloss> gloss_of(const LogShape& shape) const;

    [[nodiscard]] std::size_t glosses_count() const { return glosses_.size(); }
    [[nodiscard]] std::size_t patterns_count() const { return patterns_.size(); }

  private:
    struct Meaning {
        std::string id;
        std::string words;
        GlossClass kind{GlossClass::code};
        bool is_general{false};
    };
    struct Pattern {
        std::uint32_t gloss{0};
        std::uint32_t parts_count{0};  ///< Between the stars.
        std::uint32_t weight{0};       ///< Words, and far more if it is the operator's.
    };
    struct Part {
        std::uint32_t pattern{0};
        std::uint32_t index{0};
    };
    struct Node {
        std::vector<Part> ends;  ///< Parts whose last word this is.
    };
    struct Edge {
        std::uint64_t key{0};
        std::uint32_t to{0};  ///< 0: no edge; the root is nowhere's child.
    };
    class Search;

    void add_row(const GlossRow& row, bool is_general = false);
    void add_pattern(std::string_view pattern, std::uint32_t gloss, std::uint32_t more_weight);
    [[nodiscard]] std::uint32_t child_of(std::uint32_t node, std::uint64_t piece) const;
    [[nodiscard]] std::uint32_t add_child(std::uint32_t node, std::uint64_t piece);
    void grow();

    std::vector<Meaning> glosses_;
    std::vector<Pattern> patterns_;
    std::vector<Node> nodes_;
    std::vector<Edge> edges_;  ///< A hash table of a power of two, at most half full.
};

/// The one without the operator's glosses.
[[nodiscard]] const Lexicon& shipped_lexicon();

/// By the shipped lexicon.
[[nodiscard]] std::optional<Gloss> gloss_of(std::string_view line);

}  // namespace homeostat::sense
