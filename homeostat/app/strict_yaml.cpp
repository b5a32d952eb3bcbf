#include "homeostat/app/strict_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <utility>

namespace homeostat::app {

namespace {

Place place_of(const YAML::Mark& mark) {
    return mark.is_null() ? Place{}
                          : Place{static_cast<std::size_t>(mark.line) + 1,
                                  static_cast<std::size_t>(mark.column) + 1};
}

YamlNode node_of(YamlNode::Kind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.place = place_of(mark);
    return node;
}

/// Thrown out of the library's parser, and caught below, when going on makes no sense.
struct GivenUp : std::exception {};

bool is_control(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7F';
}

/// Builds the tree from the parser's events. The nodes on `open_` are the containers around the
/// place of the next event, the outermost first.
class TreeBuilder final : public YAML::EventHandler {
  public:
    explicit TreeBuilder(YamlReading& reading) : reading_(reading) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (reading_.root) {
            tell(place_of(mark), "a second document (---) — one file configures one service");
            throw GivenUp();
        }
    }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        add(node_of(YamlNode::Kind::nothing, mark));
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        tell(place_of(mark), "an alias (*) is not read here — write the value out");
        add(node_of(YamlNode::Kind::refused, mark));
    }

    void OnScalar(const YAML::Mark& mark,
                  const std::string& tag,
                  YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (std::ranges::any_of(value, is_control)) {
            tell(place_of(mark),
                 "a control character or line break inside a value — write it on one line");
        }
        const bool is_null = tag == "?" && (value == "~" || value == "null");
        YamlNode node = node_of(is_null ? YamlNode::Kind::nothing : YamlNode::Kind::text, mark);
        node.text = value;
        add(std::move(node));
    }

    void OnSequenceStart(const YAML::Mark& mark,
                         const std::string& tag,
                         YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        begin(node_of(YamlNode::Kind::list, mark));
    }
    void OnSequenceEnd() override { end(); }

    void OnMapStart(const YAML::Mark& mark,
                    const std::string& tag,
                    YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        begin(node_of(YamlNode::Kind::map, mark));
    }
    void OnMapEnd() override { end(); }

    void tell(Place place, std::string text) {
        reading_.problems.push_back(Problem{place, std::move(text)});
    }

  private:
    /// A container whose end has not come, and the key that waits for its value if it is a map.
    struct Open {
        YamlNode node;
        std::optional<YamlMember> waiting;
    };

    void begin(YamlNode node) {
        if (open_.size() >= yaml_depth_max) {
            tell(node.place, fmt::format("nested deeper than {} levels — a configuration never is",
                                         yaml_depth_max));
            throw GivenUp();
        }
        open_.push_back(Open{std::move(node), std::nullopt});
    }

    void end() {
        YamlNode node = std::move(open_.back().node);
        open_.pop_back();
        add(std::move(node));
    }

    void add(YamlNode node) {
        if (++values_count_ > yaml_values_max) {
            tell(node.place, fmt::format("more than {} values — a configuration never has so many",
                                         yaml_values_max));
            throw GivenUp();
        }
        if (open_.empty()) {
            reading_.root = std::move(node);
            return;
        }
        Open& around = open_.back();
        if (around.node.kind == YamlNode::Kind::list) {
            around.node.items.push_back(std::move(node));
        } else if (!around.waiting) {
            around.waiting = key_of(node);
        } else {
            if (node.kind == YamlNode::Kind::nothing) {
                node.place = around.waiting->place;  // The parser's is on the line behind.
            }
            around.waiting->value = std::move(node);
            add_member(around.node, std::move(*std::exchange(around.waiting, std::nullopt)));
        }
    }

    YamlMember key_of(const YamlNode& node) {
        if (node.kind != YamlNode::Kind::text && node.kind != YamlNode::Kind::refused) {
            tell(node.place, "a key has to be a word");
        }
        return YamlMember{node.text, node.place, {}};
    }

    void add_member(YamlNode& map, YamlMember member) {
        const auto first = std::ranges::find(map.members, member.key, &YamlMember::key);
        if (first == map.members.end()) {
            map.members.push_back(std::move(member));
            return;
        }
        tell(member.place, fmt::format("'{}' stands twice, first in line {} — keep one of them",
                                       member.key, first->place.line));
    }

    void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != YAML::NullAnchor) {
            tell(place_of(mark), "an anchor (&) is not read here — write the value out");
        }
    }

    /// The library's own marks: "?" a plain value, "!" a quoted one.
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") {
            tell(place_of(mark), "a tag (!) is not read here — write the value without it");
        }
    }

    YamlReading& reading_;
    std::vector<Open> open_;
    std::size_t values_count_{0};
};

Place place_of_byte(std::string_view text, std::size_t at) {
    const std::string_view before = text.substr(0, at);
    const auto lines_count = static_cast<std::size_t>(std::ranges::count(before, '\n'));
    const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0.
    return Place{lines_count + 1, at - line_begin + 1};
}

/// The first tab that indents a line up to `line_max`, which the parser trips over without a word.
Place tab_before(std::string_view text, std::size_t line_max) {
    std::size_t begin = 0;
    for (std::size_t line = 1; line <= line_max && begin < text.size(); ++line) {
        const std::size_t tab = text.find_first_not_of(' ', begin);
        if (tab != std::string_view::npos && text[tab] == '\t') {
            return Place{line, tab - begin + 1};
        }
        begin = std::min(text.find('\n', begin), text.size() - 1) + 1;
    }
    return {};
}

void parse(std::string_view text, TreeBuilder& builder) {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
        builder.tell(Place{}, "the file is empty — it needs at least service, runtime and signals");
        return;
    }
    parser.HandleNextDocument(builder);  // Refused by the builder, if there is one.
}

}  // namespace

YamlReading read_strict_yaml(std::string_view text) {
    YamlReading reading;
    TreeBuilder builder(reading);
    if (text.size() > yaml_bytes_max) {
        builder.tell(Place{}, fmt::format("{} bytes — a configuration has at most {}", text.size(),
                                          yaml_bytes_max));
        return reading;
    }
    if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
        builder.tell(place_of_byte(text, at), "a NUL byte — is this a text file in UTF-8?");
        return reading;
    }
    try {
        parse(text, builder);
    } catch (const GivenUp&) {
        return reading;  // Told already. The root is there if its document was whole.
    } catch (const YAML::Exception& error) {
        const Place place = place_of(error.mark);
        const Place tab = tab_before(text, place.line);
        builder.tell(tab.line > 0 ? tab : place,
                     tab.line > 0 ? "a tab in the indentation — write spaces"
                                  : "not valid YAML: " + error.msg +
                                        " — look at colons, quotes, brackets and indentation");
    }
    return reading;
}

}  // namespace homeostat::app
