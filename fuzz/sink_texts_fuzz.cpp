// Any bytes as what sinks and their files say: refused, or read as what they are; and whatever they
// are, no error repeats them.

#include "homeostat/adapters/nats/message_id.hpp"
#include "homeostat/adapters/postgres/postgres_text.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/net/header_file.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/outbox/batch.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const std::string_view ledger = text.substr(0, text.find('.'));
    if (const auto place = adapters::nats::place_of(text, ledger)) {
        const auto again = adapters::nats::place_of(outbox::key_of(ledger, *place), ledger);
        ensure(again == place, "a place has its id");
    }
    if (const auto headers = net::parse_header_file(text)) {
        ensure(headers->size() <= net::headers_max, "headers have a maximum");
        for (const auto& [name, value] : *headers) {
            ensure(net::is_sendable(name, value), "a header is one on the wire");
        }
    }
    const std::string without = adapters::postgres::without_nul(text);
    ensure(adapters::postgres::without_nul(without) == without, "once is enough");
    if (parse_json(text)) {
        // But for two keys that become one, which no entry of ours has.
        const Result<json::value> value = parse_json(without);
        ensure(value || value.error().text.contains("twice"), "JSON stays JSON");
        const std::string again = value ? to_text(*value) : std::string();
        ensure(adapters::postgres::without_nul(again) == again, "no U+0000 is left");
    }
    const std::string address = "postgresql://name:" + std::string(text) + "@host/base";
    // No letter of what stands in its place, which could make it up again.
    const bool is_password = text.size() > 8 && text.find_first_of("/?@:[redacted") == text.npos;
    if (is_password) {
        const std::string said = adapters::postgres::without_secret("it was " + address, address);
        ensure(!said.contains(text), "a password is not told");
    }
    return 0;
}
