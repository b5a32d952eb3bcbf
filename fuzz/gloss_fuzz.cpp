// Any bytes for a pattern of the operator's and a line: the pattern is refused with a reason, or
// what comes of it is the operator's words, the shipped ones, or nothing; never the line's.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/sense/gloss.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sense = homeostat::sense;
using homeostat::ensure;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::size_t end = text.find('\n');
    const std::string_view pattern = text.substr(0, end);
    const std::string_view line = end == std::string_view::npos ? text : text.substr(end + 1);
    const homeostat::Result<void> checked = sense::check_pattern(pattern);
    if (!checked) {
        ensure(!checked.error().text.empty(), "a refusal has a reason");
        return 0;
    }
    const std::array own{
        sense::UserGloss{std::string(pattern), "our words", sense::GlossClass::data}};
    const sense::Lexicon lexicon(own);
    const sense::LogShape shape = sense::shape_of(line);
    const std::optional<sense::Gloss> ours = lexicon.gloss_of(shape);
    const std::optional<sense::Gloss> shipped = sense::shipped_lexicon().gloss_of(shape);
    ensure(!shipped || ours, "a further pattern hides nothing");
    if (ours && ours->words != "our words") {
        ensure(shipped && shipped->id == ours->id, "what is not the operator's is the lexicon's");
    }
    ensure(!ours || homeostat::is_plain_name(ours->id), "an id is a plain name");
    return 0;
}
