// Any bytes as HAProxy's answer to marks and to a question for its counts: refused, or an entry of
// our own key.

#include "homeostat/adapters/haproxy/mark_commands.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/domain/network.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace haproxy = homeostat::adapters::haproxy;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using homeostat::ensure;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const haproxy::MarkTables tables{"addresses", "networks", "counts"};
    const std::vector<homeostat::Network> sources(2, *homeostat::parse_network("192.0.2.7"));
    const haproxy::MarkLine line = haproxy::mark_line(tables, homeostat::Mark::denied, sources);
    const auto entry = haproxy::read_mark_reply(text, line);
    ensure(!entry || text.contains("key=::ffff:192.0.2.7"), "only our own entry is read back");
    ensure(entry || entry.error().text.size() < 500, "a refusal is short");
    const auto counts = haproxy::read_counts(text, tables);
    ensure(!counts || text == "\n" || text.contains("key=all"), "only the entry of all counts");
    ensure(counts || counts.error().text.size() < 500, "a refusal is short");
    return 0;
}
