// Any bytes as the lines of a watch, and as a page of a list: refused, or objects with a name and a
// version, whose text for people is plain and short.

#include "homeostat/adapters/kubernetes/watch_stream.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace kubernetes = homeostat::adapters::kubernetes;
using homeostat::ensure;

namespace {

void check_object(const kubernetes::ToldObject& told) {
    ensure(!told.name.empty() && told.name.size() <= 253 && !told.name.contains('/'),
           "an object has a name of the server's");
    ensure(told.resource_version > 0, "an object has a version");
    ensure(told.bytes == homeostat::to_text(told.object).size(), "its size is what it takes");
    ensure(!told.object.at("metadata").as_object().contains("managedFields"),
           "what is nobody's business is dropped");
}

void check_line(std::string_view line) {
    using Kind = kubernetes::WatchEvent::Kind;
    const auto event = kubernetes::parse_watch_event(line);
    if (!event) {
        ensure(event.error().fault == homeostat::Fault::broken, "a refusal says why");
        return;
    }
    const bool has_plain_text =
        std::ranges::all_of(event->text, [](char c) { return c >= ' ' && c <= '~'; });
    ensure(has_plain_text && event->text.size() <= 512, "what people read is plain and short");
    if (event->kind == Kind::bookmark) {
        ensure(event->told.resource_version > 0, "a bookmark has a version");
    } else if (event->kind != Kind::error) {
        check_object(event->told);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    std::string_view rest = text;
    for (int lines = 0; lines < 64 && !rest.empty(); ++lines) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        check_line(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    auto body = homeostat::parse_json(text);
    if (!body) {
        return 0;
    }
    const auto page = kubernetes::parse_list_page(*std::move(body));
    if (page) {
        ensure(page->resource_version > 0, "a list has a version");
        std::ranges::for_each(page->objects, check_object);
    }
    return 0;
}
