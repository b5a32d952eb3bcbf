#include "homeostat/outbox/cursor_file.hpp"

#include "homeostat/base/fields.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/os/file.hpp"

#include <cstddef>
#include <cstdint>

namespace homeostat::outbox {

namespace {

constexpr std::size_t file_bytes_max = 4096;

struct Stored {
    std::string ledger;
    std::uint64_t next_group{0};
    std::string hash;

    static void fields(auto& self, auto&& field) {
        field("ledger", self.ledger);
        field("next_group", self.next_group);
        field("hash", self.hash);
    }
};

}  // namespace

Result<Cursor> CursorFile::read(const std::string& ledger) const {
    const Result<std::string> text = os::read_file(file_.string(), file_bytes_max);
    if (!text && text.error().fault == Fault::absent) {
        return Cursor{};
    }
    if (!text) {
        return fail(Fault::full, text.error().text);
    }
    const Result<json::value> value = parse_json(*text);
    const Result<Stored> stored =
        value ? from_json<Stored>(*value) : std::unexpected<Error>(value.error());
    if (!stored) {
        return fail(Fault::corrupt, file_.string() +
                                        " is no cursor of ours: " + stored.error().text +
                                        "; remove it, and everything is sent once more");
    }
    return stored->ledger == ledger ? Cursor{stored->next_group, stored->hash} : Cursor{};
}

Result<void> CursorFile::write(const std::string& ledger, const Cursor& cursor) const {
    const std::string text =
        to_text(to_json(Stored{ledger, cursor.next_group, cursor.hash})) + "\n";
    const Result<void> written = os::write_file_atomically(file_.string(), text, 0600);
    return written ? written : fail(Fault::full, written.error().text);
}

}  // namespace homeostat::outbox
