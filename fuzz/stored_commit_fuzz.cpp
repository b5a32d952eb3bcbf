// Any bytes for a commit as the ledger keeps it: it is refused, or it is one that is written as
// the same JSON again.

#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/graph/stored_commit.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<json::value> parsed = parse_json(text);
    if (!parsed) {
        return 0;
    }
    const Result<graph::Commit> commit = graph::from_stored(*parsed);
    if (commit) {
        const Result<graph::Commit> again = graph::from_stored(graph::to_stored(*commit));
        ensure(again.has_value() && *again == *commit, "a stored commit is the commit again");
    }
    return 0;
}
