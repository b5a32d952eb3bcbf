#include "homeostat/adapters/taxii/envelope.hpp"

#include "homeostat/base/json.hpp"

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace homeostat::adapters::taxii {

namespace {

std::unexpected<Error> broken(std::string_view what) {
    return fail(Fault::broken, fmt::format("the TAXII server's answer: {}", what));
}

void read_objects(const json::array& objects, std::uint32_t confidence_min, Page& page) {
    for (const json::value& object : objects) {
        std::optional<Indicator> indicator = parse_indicator(object, confidence_min);
        page.skipped += !indicator || indicator->claim == Claim::not_read ? 1U : 0U;
        if (indicator) {
            page.indicators.push_back(*std::move(indicator));
        }
    }
}

}  // namespace

Result<Page> parse_envelope(std::string_view text, std::uint32_t confidence_min) {
    const Result<json::value> document = parse_json(text, {.bytes_max = page_bytes_max});
    if (!document) {
        return broken(document.error().text);
    }
    if (!document->is_object()) {
        return broken("no object");
    }
    const json::object& envelope = document->get_object();
    const json::value* more = envelope.if_contains("more");
    const json::value* next = envelope.if_contains("next");
    const json::value* objects = envelope.if_contains("objects");
    if ((more != nullptr && !more->is_bool()) || (objects != nullptr && !objects->is_array())) {
        return broken("'more' is no truth value, or 'objects' no list");
    }
    if (next != nullptr && (!next->is_string() || next->get_string().size() > next_bytes_max)) {
        return broken("'next' is no text, or a long one");
    }
    // An empty page has none of these; a page with others alone is something else.
    if (!envelope.empty() && more == nullptr && next == nullptr && objects == nullptr) {
        return broken("no envelope");
    }
    Page page;
    page.has_more = more != nullptr && more->get_bool();
    page.next = next != nullptr ? std::string(next->get_string()) : std::string();
    if (objects != nullptr) {
        read_objects(objects->get_array(), confidence_min, page);
    }
    return page;
}

}  // namespace homeostat::adapters::taxii
