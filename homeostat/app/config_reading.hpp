#pragma once

// Reading a tree of YAML into the structs of config_keys.hpp. Goes on after a problem, so that one
// look at the answer is enough to mend the whole file.
//
// Pure. Not thread-safe.

#include "homeostat/app/config_gloss_keys.hpp"
#include "homeostat/app/config_keys.hpp"
#include "homeostat/app/strict_yaml.hpp"
#include "homeostat/base/json.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::app {

class ConfigReading {
  public:
    explicit ConfigReading(std::vector<Problem> problems) : problems_(std::move(problems)) {}

    [[nodiscard]] ConfigFile read(const YamlNode& root);

    /// The same of a file of glosses.
    [[nodiscard]] GlossesFile read_glosses(const YamlNode& root);

    /// At a key by its path ("guard.min_healthy"), or at the nearest one around it.
    void tell_at(std::string_view path, std::string_view text);

    /// Says whether the file has this key.
    [[nodiscard]] bool has(std::string_view path) const { return places_.contains(path); }

    /// Says whether the keys of this section were looked at; "" is the whole file.
    [[nodiscard]] bool is_read(std::string_view path) const { return sections_.contains(path); }
    /// Says whether nothing is wrong with this key and what is in it.
    [[nodiscard]] bool is_sound(std::string_view path) const;

    [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

  private:
    void tell(Place place, const std::string& path, std::string_view text);
    template <class Section>
    void read_section(const YamlNode& node, const std::string& path, Section& out);
    template <class Section>
    void read_members(const std::vector<YamlMember>& members,
                      Place place,
                      const std::string& path,
                      Section& out);
    template <class Section>
    [[nodiscard]] std::vector<std::string> key_names();
    void refuse_unknown(const YamlMember& member,
                        const std::string& path,
                        const std::vector<std::string>& known);

    template <class Kind, class T>
    void read_value(const Kind& kind, const YamlNode& node, const std::string& path, T& out);
    template <class Kind, class T>
    void read_value(const ListOf<Kind>& kind,
                    const YamlNode& node,
                    const std::string& path,
                    std::vector<T>& out);
    template <class T>
    void read_value(const SectionKind& kind, const YamlNode& node, const std::string& path, T& out);
    template <class T>
    void read_value(const SectionKind& kind,
                    const YamlNode& node,
                    const std::string& path,
                    std::optional<T>& out);
    template <class T>
    void read_value(const SectionsKind& kind,
                    const YamlNode& node,
                    const std::string& path,
                    std::vector<T>& out);
    template <class Kind, class K, class T>
    void read_value(const MapOf<Kind>& kind,
                    const YamlNode& node,
                    const std::string& path,
                    std::map<K, T>& out);
    template <class T>
    void read_value(const OneKeyItemsKind& kind,
                    const YamlNode& node,
                    const std::string& path,
                    T& out);

    [[nodiscard]] bool is_of_kind(const YamlNode& node,
                                  YamlNode::Kind wanted,
                                  const std::string& path);
    [[nodiscard]] bool is_short_enough(const YamlNode& node,
                                       std::size_t count_max,
                                       const std::string& path);

    std::vector<Problem> problems_;
    json::value schema_;  ///< Made once a key is looked for that is not where it belongs.
    std::map<std::string, Place, std::less<>> places_;
    std::set<std::string, std::less<>> sections_;
    std::set<std::string, std::less<>> unsound_;
};

}  // namespace homeostat::app
