#pragma once

// What a flagd reads: the definitions of flags in one JSON file, and the version that all of them
// together are.
//
// A version is the hash of the definitions: the same again after a revert, whoever made it.
// Whatever else stands in the file (its schema, its metadata) defines nothing and is in no version,
// so that the mark of our effect, which is put into the metadata, changes none. How a value is
// written, and in which order members stand, changes none either.
//
// The names of flags are text from outside: they are shown to people made plain, and to no model.
//
// Pure. Values only.

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/domain/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::flagd {

constexpr std::size_t flag_file_bytes_max = std::size_t{1} << 20U;
constexpr std::size_t flags_max = 4096;
constexpr std::size_t flag_key_bytes_max = 256;

/// The member of the file's metadata that says whose write it is: "i-3.e1 f-… f-…".
constexpr std::string_view effect_member = "homeostat.dev/effect";

/// SOURCE: flagd's schema. What several flags share stands beside them.
enum class DefinitionKind : std::uint8_t { flag, shared };
constexpr auto names_of(std::type_identity<DefinitionKind>) {
    return std::to_array<std::string_view>({"flag", "shared"});
}

struct Definition {
    DefinitionKind kind{DefinitionKind::flag};
    std::string key;
    std::string text;  ///< Its JSON, with members in the order in which they stood.

    static void fields(auto& self, auto&& field) {
        field("kind", self.kind);
        field("key", self.key);
        field("text", self.text);
    }
    friend bool operator==(const Definition&, const Definition&) = default;
};

/// Sorted by kind and key, each once.
using Definitions = std::vector<Definition>;

/// A file as it was read.
struct FlagFile {
    json::object document;
    Definitions definitions;
    VersionId version;
    std::string mark;  ///< The value of effect_member; empty: none.
};

/// ERRORS: invalid, naming the place: no JSON, no object of flags, too many or too long.
[[nodiscard]] Result<FlagFile> parse_flag_file(std::string_view text);

/// Sorts, and looks at what parse_flag_file looks at. ERRORS: invalid.
[[nodiscard]] Result<Definitions> checked(Definitions definitions);

/// "f-3b1f0a77c2d4": the hash of all of them.
[[nodiscard]] VersionId version_of(const Definitions& definitions);

/// One that two versions do not have alike. Null: it is not in that one.
struct Difference {
    DefinitionKind kind{DefinitionKind::flag};
    std::string key;
    const Definition* from{nullptr};
    const Definition* to{nullptr};
};

/// By kind and key. REQUIRES: both outlive it.
[[nodiscard]] std::vector<Difference> differences(const Definitions& from, const Definitions& to);

/// Null: there is none.
[[nodiscard]] const Definition* find(const Definitions& definitions,
                                     DefinitionKind kind,
                                     std::string_view key);

/// Both say the same, or neither is there.
[[nodiscard]] bool is_same(const Definition* one, const Definition* other);

/// The effect of ours that put the version in force there; empty: somebody else did.
[[nodiscard]] EffectId effect_of(const FlagFile& file);

/// For people: one name, plain and bounded.
[[nodiscard]] std::string shown(std::string_view key);

/// For people, as the reference of a change: "flag.new-checkout", or "flags.a.b.3-more". A plain
/// name that is no effect's id, whatever the flags are called.
[[nodiscard]] std::string reference_of(const std::vector<Difference>& changed);

}  // namespace homeostat::adapters::flagd
