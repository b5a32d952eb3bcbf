// Any body of a POST to the page of questions: refused, or a form of few fields with plain names;
// and whatever stands in it, as text of a page it is no markup.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/id.hpp"
#include "homeostat/console/form.hpp"
#include "homeostat/console/html.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace console = homeostat::console;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view body(reinterpret_cast<const char*>(data), size);
    const auto check_text = [](std::string_view text) {
        const std::string shown = console::escaped(text);
        ensure(shown.find_first_of("<>\"'") == std::string::npos, "no text is markup");
        for (const char c : shown) {
            ensure(static_cast<unsigned char>(c) >= ' ' && c != '\x7F', "no text is a command");
        }
    };
    check_text(body);
    const auto form = console::parse_form(body);
    if (!form) {
        ensure(form.error().fault == homeostat::Fault::invalid, "a refusal says that it is none");
        return 0;
    }
    ensure(size <= console::form_bytes_max && form->size() <= console::form_fields_max,
           "a form is small");
    for (const auto& [name, value] : *form) {
        ensure(homeostat::is_plain_name(name) && value.size() <= size, "its names are plain");
        check_text(value);
    }
    return 0;
}
