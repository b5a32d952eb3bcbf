// Any bytes for Envoy's file of marks, for the file of their ends and for its counters: refused, or
// something that denies nobody but single customers and can be written and read again.

#include "homeostat/adapters/envoy/source_ends.hpp"
#include "homeostat/adapters/envoy/sources_file.hpp"
#include "homeostat/adapters/envoy/sources_reply.hpp"
#include "homeostat/base/ensure.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace envoy = homeostat::adapters::envoy;
using homeostat::ensure;

namespace {

void read_marks(std::string_view text) {
    const auto file = envoy::SourcesFile::parse(text);
    if (!file) {
        ensure(file.error().text.size() < 500, "a refusal is short");
        return;
    }
    for (const auto& [source, mark] : file->marks) {
        ensure(homeostat::is_source(source), "a mark is for one customer");
        ensure(mark != homeostat::Mark::none, "and is one");
    }
    const auto again = envoy::SourcesFile::parse(file->render());
    ensure(again && again->marks == file->marks && again->critical == file->critical &&
               again->version == file->version,
           "what we write is read again");
    const homeostat::WallTime now{};
    ensure(envoy::ended_sources(*file, {}, now).size() == file->marks.size(),
           "without an end every mark is over");
}

void read_ends(std::string_view text) {
    const auto ends = envoy::parse_source_ends(text);
    if (!ends) {
        ensure(ends.error().text.size() < 500, "a refusal is short");
        return;
    }
    const auto again = envoy::parse_source_ends(envoy::render_ends(*ends));
    ensure(again && *again == *ends, "ends that we write are read again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    read_marks(text);
    read_ends(text);
    const auto reply = envoy::parse_sources(text);
    ensure(!reply || reply->counts.denied <= reply->counts.requests, "no more than all");
    ensure(reply || reply.error().text.size() < 500, "a refusal is short");
    const auto is_quiet = envoy::parse_is_log_quiet(text);
    ensure(is_quiet || is_quiet.error().text.size() < 500, "so is this one");
    return 0;
}
