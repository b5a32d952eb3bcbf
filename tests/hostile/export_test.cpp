// What strangers write goes through an export and comes back as it was.

#include "homeostat/app/export_format.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include "corpus.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace homeostat::hostile {

namespace {

/// The fields of one row of RFC 4180, written for this test alone.
std::vector<std::string> fields_of(std::string_view row) {
    std::vector<std::string> fields(1);
    bool is_quoted = false;
    for (std::size_t at = 0; at < row.size(); ++at) {
        const char c = row[at];
        if (is_quoted && c == '"' && at + 1 < row.size() && row[at + 1] == '"') {
            fields.back() += '"';
            ++at;
        } else if (c == '"') {
            is_quoted = !is_quoted;
        } else if (!is_quoted && c == ',') {
            fields.emplace_back();
        } else if (is_quoted || (c != '\r' && c != '\n')) {
            fields.back() += c;
        }
    }
    return fields;
}

}  // namespace

TEST_CASE("whatever a person says comes back from an exported event and an exported row") {
    for (const std::string& text : texts()) {
        EntryGroup group;
        group.entries.push_back({EntryKind::suspended, {}, to_json(SwitchBody{"ann", text})});
        const app::ExportedEntry exported{group, group.entries.front(), 0, "00", "payments"};
        const std::string event = line_of(exported, app::ExportFormat::jsonl);
        CAPTURE(event);
        if (!parse_json(to_text(group.entries.front().body))) {
            continue;  // No UTF-8: the ledger holds no such text, because it could not be read
                       // back.
        }
        const Result<json::value> parsed = parse_json(event);
        REQUIRE(parsed);
        CHECK(event.find('\n') == event.size() - 1);
        CHECK(parsed->at("data").at("because").as_string() == text);
        const std::vector<std::string> row = fields_of(line_of(exported, app::ExportFormat::csv));
        REQUIRE(row.size() == 13);
        CHECK(row.back() == to_text(group.entries.front().body));
        CHECK((row[11] == text || row[11] == "'" + text));
    }
}

}  // namespace homeostat::hostile
