// Files of heads line by line beside a ledger: which ones agree, and what is said of the first that
// does not.

#include "homeostat/adapters/segment_log/head_reading.hpp"

#include "homeostat/adapters/segment_log/ledger_for_test.hpp"
#include "homeostat/adapters/segment_log/verify_ledger.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

namespace homeostat::adapters::segment_log {

namespace {

/// A ledger of groups 0 to 3, each in a segment of its own, and a key that signs what it is told
/// to.
class Scene {
  public:
    Scene() {
        fill_old_for_test(options_for_test(scratch_), 3);
        for (std::uint64_t index = 0; index < 4; ++index) {
            hashes_.push_back(hash_after(scratch_.ledger(), index).value().value());
        }
        REQUIRE(key_.write(key()));
    }

    /// Groups 0, 1 and 2 go; 3 and the record of the dropping stay.
    void shorten() {
        LogForTest log(keeping_for_test(options_for_test(scratch_)));
        REQUIRE(log.log().replay([](const EntryGroup&) {}));
        REQUIRE_FALSE(std::filesystem::exists(scratch_.segment(2)));
    }

    [[nodiscard]] SignedHead head(std::uint64_t index, std::uint64_t begins = 0) const {
        return {.ledger = hashes_.front(),
                .index = index,
                .hash = hashes_.at(index),
                .begins = begins,
                .wall_at = group_for_test(index).wall_at,
                .key = {},
                .signature = {}};
    }

    [[nodiscard]] std::string line(SignedHead head) const {
        key_.sign(head);
        return to_head_line(head);
    }

    [[nodiscard]] std::string lines(const std::vector<std::uint64_t>& indexes) const {
        std::string text;
        for (const std::uint64_t index : indexes) {
            text += line(head(index, index < 3 ? 0 : 3));
        }
        return text;
    }

    [[nodiscard]] LedgerCheck check(const std::string& heads) const {
        write_for_test(file(), heads);
        return check_ledger(scratch_.ledger(), {{}, {}, {file()}, public_key_file(key())});
    }

    [[nodiscard]] std::filesystem::path file() const { return scratch_.path() / "heads.jsonl"; }
    [[nodiscard]] std::filesystem::path key() const { return scratch_.path() / "key"; }
    [[nodiscard]] const ScratchForTest& scratch() const { return scratch_; }

  private:
    ScratchForTest scratch_;
    SigningKey key_ = SigningKey::make();
    std::vector<std::string> hashes_;
};

}  // namespace

TEST_CASE("heads agree in the order of the groups, also where one stands there twice") {
    const Scene scene;
    const LedgerCheck seen = scene.check(scene.lines({0, 0, 2, 3, 3}));
    CHECK_MESSAGE(!seen.trouble, seen.trouble->text);
    CHECK(seen.seen.heads_count == 5);
    const std::string wrong = scene.lines({1, 2});
    const LedgerCheck older = scene.check(wrong + scene.lines({1}));
    REQUIRE(older.trouble);
    CHECK(older.trouble->text.contains("the head of group 1 after that of group 2"));
    CHECK(older.first_bad->segment == scene.file().string());
    CHECK(older.first_bad->offset == wrong.size());
}

TEST_CASE("a line that is no head is found wherever it stands, with its byte") {
    for (const bool is_shortened : {false, true}) {
        Scene scene;
        if (is_shortened) {
            scene.shorten();
        }
        for (const std::string& bad : {std::string("no head\n"), std::string("\n")}) {
            for (std::uint64_t count = 0; count <= 4; ++count) {
                CAPTURE(is_shortened);
                CAPTURE(count);
                const std::string before = scene.lines(numbers_below(count));
                const std::string behind = count < 4 ? scene.lines({3}) : "";
                std::string text = before;
                text.append(bad).append(behind);
                const LedgerCheck seen = scene.check(text);
                REQUIRE(seen.trouble);
                CHECK(seen.trouble->fault == Fault::corrupt);
                REQUIRE(seen.first_bad);
                CHECK(seen.first_bad->segment == scene.file().string());
                CHECK(seen.first_bad->offset == before.size());
            }
        }
    }
}

TEST_CASE("heads of what was dropped are no trouble, but for the last one, which has to fit") {
    Scene scene;
    scene.shorten();
    const LedgerCheck all = scene.check(scene.lines({0, 1, 2, 3}));
    CHECK_MESSAGE(!all.trouble, all.trouble->text);
    CHECK(all.seen.heads_count == 1);
    SignedHead other = scene.head(2);
    other.hash = scene.head(1).hash;
    const LedgerCheck wrong = scene.check(scene.lines({1}) + scene.line(other) + scene.lines({3}));
    REQUIRE(wrong.trouble);
    CHECK(wrong.trouble->text.contains("the group before group 3 is not the one whose head"));
    CHECK(wrong.trouble->text.ends_with("signed, at byte " +
                                        std::to_string(scene.lines({1}).size())));
    SignedHead of_another = scene.head(0);
    of_another.ledger = std::string(64, 'a');
    const LedgerCheck foreign = scene.check(scene.line(of_another) + scene.lines({3}));
    REQUIRE(foreign.trouble);
    CHECK(foreign.trouble->fault == Fault::corrupt);
}

TEST_CASE("what a head says of the beginning counts, also one of a group that was dropped") {
    Scene scene;
    scene.shorten();
    for (const std::uint64_t index : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{3}}) {
        for (std::uint64_t begins = 1; begins <= 3; ++begins) {
            CAPTURE(index);
            CAPTURE(begins);
            const LedgerCheck seen = scene.check(scene.line(scene.head(index, begins)));
            CHECK(seen.trouble.has_value() == (begins < 3));
            CHECK((!seen.trouble || seen.trouble->text.contains("its beginning was cut off")));
        }
    }
}

TEST_CASE("heads are not taken for good where their key or their file cannot be read") {
    const Scene scene;
    REQUIRE_FALSE(scene.check(scene.lines({3})).trouble);
    const auto trouble_with = [&](const std::filesystem::path& heads,
                                  const std::filesystem::path& public_key) {
        return check_ledger(scene.scratch().ledger(), {{}, {}, {heads}, public_key}).trouble;
    };
    const std::optional<Error> keyless = trouble_with(scene.file(), scene.scratch().path() / "no");
    REQUIRE(keyless);
    CHECK(keyless->fault == Fault::absent);
    CHECK(keyless->text.starts_with("the public key: "));
    CHECK(trouble_with(scene.file(), scene.file())->fault == Fault::invalid);
    const std::filesystem::path key = public_key_file(scene.key());
    CHECK(trouble_with(scene.scratch().path() / "no", key)->fault == Fault::absent);
    CHECK(trouble_with(scene.scratch().path(), key)->fault == Fault::absent);
}

}  // namespace homeostat::adapters::segment_log
