// Any bytes for an instance's log: lines are the same however the bytes came in pieces, and of
// their text nothing but a template's id leaves `sense`.

#include "homeostat/adapters/process/line_splitter.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/sense/gloss.hpp"
#include "homeostat/sense/log_template.hpp"
#include "homeostat/sense/sense.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace process = homeostat::adapters::process;
namespace sense = homeostat::sense;
using homeostat::ensure;

namespace {

constexpr std::size_t lines_max = 16;
constexpr std::size_t line_bytes_max = 64;

process::Lines lines_of(std::string_view text, std::size_t piece_bytes) {
    process::LineSplitter splitter(lines_max, line_bytes_max);
    process::Lines lines;
    while (!text.empty()) {
        splitter.feed(text.substr(0, piece_bytes), lines);
        text.remove_prefix(std::min(piece_bytes, text.size()));
    }
    return lines;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::size_t piece_bytes = 1U + data[0] % 80U;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const process::Lines whole = lines_of(text, text.size());
    const process::Lines pieces = lines_of(text, piece_bytes);
    ensure(whole.lines == pieces.lines && whole.dropped_count == pieces.dropped_count,
           "pieces make no difference");
    ensure(whole.lines.size() <= lines_max, "lines have a maximum");

    homeostat::LogReading reading;
    reading.instance = homeostat::InstanceId("payments-0");
    reading.lines = whole.lines;
    reading.lines.emplace_back(text);
    sense::State state;
    state.limits.templates.templates_max = 4;
    state.limits.templates.new_max = 3;
    const std::vector<homeostat::Reading> readings{reading};
    for (const homeostat::Signal& signal : sense::signals_of(state, readings, {})) {
        ensure(signal.name.empty() && homeostat::is_plain_name(signal.template_id.text()),
               "no word of a line is in a signal");
        ensure(signal.subject.name == "payments-0", "a line is its instance's");
    }
    ensure(state.templates.size() <= 4, "templates have a maximum");
    const sense::LogShape shape = sense::shape_of(text);
    ensure(shape.words_count <= sense::words_max && shape.pieces.count <= sense::Pieces::count_max,
           "a shape has a maximum");
    const std::optional<sense::Gloss> gloss = sense::gloss_of(text);
    ensure(!gloss || homeostat::is_plain_name(gloss->id), "a gloss is the lexicon's");
    for (std::size_t begin = 0; begin < whole.lines.size(); ++begin) {
        const sense::LogShape one = sense::shape_of(whole.lines[begin]);
        sense::TemplateTable table;
        const auto first = table.see({one, "", {}}, {});
        ensure(table.see({one, "", {}}, {}).id == first.id, "a line has one template");
    }
    return 0;
}
