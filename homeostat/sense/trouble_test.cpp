#include "homeostat/sense/trouble.hpp"

#include "homeostat/sense/lexicon.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace homeostat::sense {

TEST_CASE("every gloss that the table of troubles names is in the lexicon") {
    std::set<std::string_view> ids;
    for (const std::span<const GlossRow> rows : lexicon_rows()) {
        for (const GlossRow& row : rows) {
            ids.insert(row.id);
        }
    }
    for (const GlossRow& row : general_rows()) {
        ids.insert(row.id);
    }
    for (const CodeRow& row : code_rows()) {
        ids.insert(row.id);
    }
    for (const std::string_view gloss : glosses_with_trouble_for_test()) {
        CAPTURE(gloss);
        CHECK(ids.contains(gloss));
    }
}

TEST_CASE("each class of trouble is told by a line of some program") {
    struct Told {
        std::string_view line;
        std::optional<Trouble> trouble;
    };
    using enum Trouble;
    std::set<Trouble> seen;
    for (const Told& one : {
             Told{"dial tcp 10.0.0.3:5432: connect: connection refused", connection_refused},
             Told{"java.net.SocketTimeoutException: Read timed out", timeout},
             Told{"java.lang.OutOfMemoryError: Java heap space", out_of_memory},
             Told{"write /data/wal: no space left on device", disk_full},
             Told{"x509: certificate has expired or is not yet valid", certificate},
             Told{"password authentication failed for user \"shop\"", credentials},
             Told{"ERROR: deadlock detected", deadlock},
             Told{"timeout waiting for connection from pool", pool_exhausted},
             Told{"accept: too many open files", descriptors_exhausted},
             Told{"queue is full, dropping message", overload},
             Told{"HTTP 429 too many requests", rate_limited},
             Told{"invalid configuration: missing required setting", config_error},
             Told{"NullPointerException at Cart.total", exception},
             Told{"JSONDecodeError: Expecting value", bad_data},
             Told{"served 200 in 3 ms", std::nullopt},
             Told{"shutting down", std::nullopt},
             Told{"", std::nullopt},
             Told{"\x1b[31m\x00\xff", std::nullopt},
         }) {
        CAPTURE(one.line);
        CHECK(trouble_of(one.line) == one.trouble);
        if (one.trouble) {
            seen.insert(*one.trouble);
        }
    }
    CHECK(seen.size() == troubles_count);
}

}  // namespace homeostat::sense
