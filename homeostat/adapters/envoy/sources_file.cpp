#include "homeostat/adapters/envoy/sources_file.hpp"

#include "homeostat/base/named_enum.hpp"

#include <boost/system/error_code.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace homeostat::adapters::envoy {

namespace {

/// In the order in which they are asked for. Each is asked for twice: addresses, then networks.
constexpr std::array marks_asked{Mark::denied, Mark::on_trial, Mark::watched};
constexpr std::size_t questions_max = 2 * marks_asked.size();

constexpr std::size_t path_bytes_max = 128;

constexpr std::string_view types = "type.googleapis.com/";

std::unexpected<Error> invalid(std::string_view what) {
    return fail(Fault::invalid, fmt::format("{}.json: {}", sources_filter, what));
}

/// Letters that a JSON text and a path have in common, so that nothing has to be escaped.
bool is_plain_path(std::string_view path) {
    const auto is_plain = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    return path.starts_with('/') && path.size() <= path_bytes_max &&
           std::ranges::all_of(path, is_plain);
}

void add_action(std::string& text, Mark mark, std::string_view suffix) {
    text += fmt::format(
        R"({{"action":{{"name":"{0}{1}","typed_config":{{"@type":"{2}envoy.config.rbac.v3.Action",)"
        R"("name":"{3}{0}{1}","action":"{4}"}}}}}})",
        to_text(mark), suffix, types, policy_prefix, mark == Mark::denied ? "DENY" : "ALLOW");
}

/// What becomes of a request under this mark; critical ones are counted apart.
void add_leaf(std::string& text, Mark mark, const std::vector<std::string>& critical) {
    if (critical.empty()) {
        add_action(text, mark, "");
        return;
    }
    text += fmt::format(
        R"({{"matcher":{{"matcher_tree":{{"input":{{"name":"path","typed_config":{{"@type":)"
        R"("{}envoy.type.matcher.v3.HttpRequestHeaderMatchInput","header_name":":path"}}}},)"
        R"("prefix_match_map":{{"map":{{)",
        types);
    for (const std::string& path : critical) {
        text += fmt::format(R"({}"{}":)", text.ends_with('{') ? "" : ",", path);
        add_action(text, mark, critical_suffix);
    }
    text += R"(}}},"on_no_match":)";
    add_action(text, mark, "");
    text += "}}";
}

void add_range(std::string& text, const Network& source) {
    Network address = source;
    address.bits = Network::bits_max;
    const unsigned before = is_v4(source) ? Network::bits_of_v4 : 0;
    // The length always stands: Envoy takes one that is left out for zero, which is everybody.
    text += fmt::format(R"({}{{"address_prefix":"{}","prefix_len":{}}})",
                        text.ends_with('[') ? "" : ",", to_text(address), source.bits - before);
}

/// All but what follows where none of them matches.
void add_question(std::string& text,
                  Mark mark,
                  const std::vector<Network>& sources,
                  const std::vector<std::string>& critical) {
    text += fmt::format(
        R"({{"matcher":{{"matcher_tree":{{"input":{{"name":"source","typed_config":{{"@type":)"
        R"("{0}envoy.extensions.matching.common_inputs.network.v3.SourceIPInput"}}}},)"
        R"("custom_match":{{"name":"prefix","typed_config":{{"@type":)"
        R"("{0}xds.type.matcher.v3.IPMatcher","range_matchers":[{{"ranges":[)",
        types);
    for (const Network& source : sources) {
        add_range(text, source);
    }
    text += R"(],"on_match":)";
    add_leaf(text, mark, critical);
    text += R"(}]}}},"on_no_match":)";
}

std::vector<Network> sources_with(const std::map<Network, Mark>& marks,
                                  Mark mark,
                                  bool is_address) {
    std::vector<Network> sources;
    for (const auto& [source, own] : marks) {
        if (own == mark && (source.bits == Network::bits_max) == is_address) {
            sources.push_back(source);
        }
    }
    return sources;
}

const json::value* found_at(const json::value& value, std::string_view pointer) {
    boost::system::error_code error;
    return value.find_pointer(pointer, error);
}

std::optional<std::string_view> text_at(const json::value& value, std::string_view pointer) {
    const json::value* found = found_at(value, pointer);
    return found != nullptr && found->is_string()
               ? std::optional(std::string_view(found->get_string()))
               : std::nullopt;
}

/// Of a leaf. Nothing: it names no policy of ours.
std::optional<Mark> mark_of(const json::value& leaf) {
    const std::optional<std::string_view> direct = text_at(leaf, "/action/typed_config/name");
    const std::optional<std::string_view> policy =
        direct ? direct : text_at(leaf, "/matcher/on_no_match/action/typed_config/name");
    if (!policy || !policy->starts_with(policy_prefix)) {
        return std::nullopt;
    }
    return parse_enum<Mark>(policy->substr(policy_prefix.size()));
}

std::optional<Network> read_range(const json::value& range) {
    const std::optional<std::string_view> address = text_at(range, "/address_prefix");
    const json::value* length = found_at(range, "/prefix_len");
    if (!address || length == nullptr || !length->is_int64()) {
        return std::nullopt;
    }
    const Result<Network> network =
        parse_network(fmt::format("{}/{}", *address, length->get_int64()));
    return network && is_source(*network) ? std::optional(*network) : std::nullopt;
}

Result<void> read_ranges(const json::value& question, SourcesFile& file) {
    constexpr std::string_view matcher =
        "/matcher/matcher_tree/custom_match/typed_config/range_matchers/0";
    const json::value* first = found_at(question, matcher);
    const json::value* ranges = first == nullptr ? nullptr : found_at(*first, "/ranges");
    const json::value* leaf = first == nullptr ? nullptr : found_at(*first, "/on_match");
    const std::optional<Mark> mark = leaf == nullptr ? std::nullopt : mark_of(*leaf);
    if (!mark || *mark == Mark::none || ranges == nullptr || !ranges->is_array()) {
        return invalid("a question in it is not one of ours");
    }
    for (const json::value& range : ranges->get_array()) {
        const std::optional<Network> source = read_range(range);
        if (!source || !file.marks.emplace(*source, *mark).second) {
            return invalid("a prefix in it is neither an address nor one customer's network");
        }
    }
    return {};
}

/// The last answer of the chain, which has what is critical in it.
Result<void> read_last(const json::value& leaf, SourcesFile& file) {
    if (mark_of(leaf) != Mark::none) {
        return invalid("it does not let through whoever has no mark");
    }
    const json::value* paths = found_at(leaf, "/matcher/matcher_tree/prefix_match_map/map");
    if (paths == nullptr) {
        return {};
    }
    if (!paths->is_object() || paths->get_object().size() > critical_paths_max) {
        return invalid(fmt::format("at most {} beginnings of critical paths", critical_paths_max));
    }
    for (const auto& path : paths->get_object()) {
        const std::string_view name(path.key());
        if (!is_plain_path(name)) {
            return invalid("a critical path begins with '/' and has no space or quote in it");
        }
        file.critical.emplace_back(name);
    }
    std::ranges::sort(file.critical);
    return {};
}

Result<void> read_chain(const json::value& document, SourcesFile& file) {
    const json::value* next = found_at(document, "/resources/0/typed_config/matcher/on_no_match");
    for (std::size_t count = 0; next != nullptr && count <= questions_max; ++count) {
        if (found_at(*next, "/matcher/matcher_tree/custom_match") == nullptr) {
            return read_last(*next, file);
        }
        if (Result<void> read = read_ranges(*next, file); !read) {
            return read;
        }
        next = found_at(*next, "/matcher/on_no_match");
    }
    return invalid("it has no such matcher as examples/envoy/xds has it");
}

}  // namespace

Result<SourcesFile> SourcesFile::parse(std::string_view text) {
    const Result<json::value> document = parse_json(text, sources_file_limits);
    if (!document) {
        return invalid(document.error().text);
    }
    SourcesFile file;
    file.version = text_at(*document, "/version_info").value_or("");
    if (Result<void> read = read_chain(*document, file); !read) {
        return std::unexpected(read.error());
    }
    const std::string own = file.render();
    if (own == text) {
        return file;
    }
    const Result<json::value> expected = parse_json(own, sources_file_limits);
    if (!expected || *expected != *document) {
        return invalid(
            "it is not what Homeostat writes, which is all that it takes: begin with the one of "
            "examples/envoy/xds, and change its version_info and its critical paths only");
    }
    return file;
}

std::string SourcesFile::render() const {
    std::string text =
        fmt::format(R"({{"version_info":{},"resources":[{{"@type":"{}envoy.config.core.v3.)"
                    R"(TypedExtensionConfig","name":"{}","typed_config":{{"@type":)"
                    R"("{}envoy.extensions.filters.http.rbac.v3.RBAC","matcher":{{"on_no_match":)",
                    homeostat::to_text(json::value(version)), types, sources_filter, types);
    std::size_t questions = 0;
    for (const Mark mark : marks_asked) {
        for (const bool is_address : {true, false}) {
            const std::vector<Network> sources = sources_with(marks, mark, is_address);
            if (!sources.empty()) {
                add_question(text, mark, sources, critical);
                ++questions;
            }
        }
    }
    add_leaf(text, Mark::none, critical);
    for (std::size_t count = 0; count < questions; ++count) {
        text += "}}";
    }
    text += R"(},"track_per_rule_stats":true}}]})";
    return text + "\n";
}

}  // namespace homeostat::adapters::envoy
