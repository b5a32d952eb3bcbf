// Any bytes for a thread of a graph with every kind of node. The first says how the others are
// taken: as what a commit holds, with a hash that is right, which is refused or may be given any
// input; or as a demon's inputs to a thread that began here. In both the thread keeps its word.

#include "homeostat/base/ensure.hpp"
#include "homeostat/graph/demon_for_test.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace {

using homeostat::ensure;
using namespace homeostat::graph;
using for_test::Wrong;

/// One byte per draw; 0, the ordinary case, once they are used up.
struct Bytes {
    std::span<const std::uint8_t> left;

    std::uint32_t operator()(std::size_t count) {
        if (left.empty()) {
            return 0;
        }
        const std::uint8_t byte = left.front();
        left = left.subspan(1);
        return static_cast<std::uint32_t>(byte % count);
    }
};

void check(const Wrong& wrong) {
    ensure(!wrong, wrong.value_or(""));
}

void give_inputs(std::span<const std::uint8_t> data) {
    constexpr int demands_max = 256;
    Bytes bytes{data};
    for_test::Demon demon(bytes);
    check(demon.begin());
    for (int count = 0; count < demands_max && !bytes.left.empty(); ++count) {
        check(demon.demand());
    }
}

void read_commit_body(std::span<const std::uint8_t> data) {
    static const std::uint64_t digest = for_test::lot_graph().shape().digest;
    Commit commit;
    commit.thread = "t-1";
    commit.number = 1;
    commit.graph_digest = digest;
    commit.is_snapshot = true;
    commit.body.assign(data.begin(), data.end());
    commit.hash = content_hash_of(commit);
    // One input of each kind first: the fourth draw of a demand says which.
    for (std::uint8_t kind = 0; kind < 10; ++kind) {
        const std::array<std::uint8_t, 8> inputs{0, 0, 0, kind};
        Bytes bytes{inputs};
        for_test::Demon demon(bytes);
        const std::optional<Wrong> begun = demon.begin_with(commit);
        if (!begun) {
            return;
        }
        check(*begun);
        constexpr int demands_max = 8;
        for (int count = 0; count < demands_max; ++count) {
            check(demon.demand());
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::span<const std::uint8_t> bytes(data + 1, size - 1);
    if (data[0] % 2 == 0) {
        read_commit_body(bytes);
    } else {
        give_inputs(bytes);
    }
    return 0;
}
