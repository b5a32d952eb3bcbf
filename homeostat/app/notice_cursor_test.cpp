// How far people were told outlives every death of an agent: nothing that they are owed is lost.

#include "homeostat/app/notice_cursor.hpp"

#include "homeostat/app/matter.hpp"
#include "homeostat/app/open_cases.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/console/notice_queue.hpp"
#include "homeostat/net/run_for_test.hpp"
#include "homeostat/os/file.hpp"
#include "homeostat/record/record.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace homeostat::app {

namespace {

using namespace std::chrono_literals;

struct Place {
    Place() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Place() { std::filesystem::remove_all(path); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    [[nodiscard]] std::filesystem::path file() const { return notices_file_of(path + "/ledger/"); }

    std::string path{std::filesystem::temp_directory_path() / "homeostat-XXXXXX"};
};

/// What outlives every process: the ledger, the cursor, and what people have got.
struct Machine {
    std::vector<EntryGroup> ledger;
    std::optional<std::uint64_t> cursor;
    std::vector<std::string> told;

    void write(Entry entry) {
        EntryGroup group;
        group.index = ledger.size();
        group.entries.push_back(std::move(entry));
        ledger.push_back(std::move(group));
    }
};

/// A process that looks as People does, and is killed after so many things that it did.
class Teller {
  public:
    Teller(Machine& machine, std::size_t points) : machine_(machine), points_left_(points) {
        for (const EntryGroup& group : machine.ledger) {
            cases_.learn(group);
            cases_.forget_what_is_owed_to_nobody();
        }
        looked_at_ = cases_.groups_count();
        cursor_.emplace(machine.cursor, looked_at_);
    }

    [[nodiscard]] bool lives() const { return points_left_ > 0; }

    void write(Entry entry) {
        if (dies_here()) {
            return;
        }
        machine_.write(std::move(entry));
        cases_.learn(machine_.ledger.back());
    }

    void look() {
        const std::uint64_t groups_count = cases_.groups_count();
        for (const ClosedCase& closed : cases_.take_closed()) {
            console::Notice notice = closed_notice(ServiceId("rates"), closed, {});
            notice.due_after = closed.group;
            if (closed.is_owed && cursor_->owes(closed.group)) {
                queue_.add(std::move(notice), now_);
            }
        }
        looked_at_ = groups_count;
        keep();
    }

    /// The receiver takes one message, if one is due.
    void send() {
        const std::optional<console::Notice> notice = queue_.due(now_, {});
        if (!notice || dies_here()) {
            return;
        }
        machine_.told.push_back(notice->id);
        if (!dies_here()) {
            queue_.sent(now_);
        }
    }

    void refuse() {
        if (queue_.due(now_, {})) {
            queue_.failed(true, {}, now_);
            now_ += 1min;
        }
    }

  private:
    bool dies_here() {
        points_left_ -= points_left_ > 0 ? 1 : 0;
        return points_left_ == 0;
    }

    void keep() {
        cursor_->reach(queue_.owed_after(), looked_at_);
        if (!dies_here()) {
            machine_.cursor = cursor_->groups();
        }
    }

    Machine& machine_;
    std::size_t points_left_;
    OpenCases cases_;
    console::NoticeQueue queue_{ServiceId("rates"), {.per_minute = 60}};
    std::optional<NoticeCursor> cursor_;
    std::uint64_t looked_at_{0};
    Instant now_{Instant{} + 1h};
};

Entry entry_of(EntryKind kind, int number, json::value body) {
    return {kind, IncidentId("i-" + std::to_string(number)), std::move(body)};
}

/// What is written of an incident that a person is called for, and that passes.
std::vector<Entry> story_of(int number, bool is_called) {
    std::vector<Entry> entries{entry_of(EntryKind::opened, number, json::object{})};
    if (is_called) {
        entries.push_back(entry_of(EntryKind::escalated, number,
                                   to_json(EscalatedBody{.because = "two did not help"})));
    }
    entries.push_back(entry_of(EntryKind::closed, number, to_json(ClosedBody{})));
    return entries;
}

/// A look after each entry, whether a message is taken after each look or none ever.
void live(Teller& teller, std::size_t from, bool is_heard) {
    std::vector<Entry> entries;
    for (int number = 1; number <= 4; ++number) {
        for (Entry& entry : story_of(number, number != 2)) {
            entries.push_back(std::move(entry));
        }
    }
    for (std::size_t index = from; index < entries.size() && teller.lives(); ++index) {
        teller.write(entries[index]);
        if (teller.lives()) {
            teller.look();
        }
        if (teller.lives()) {
            is_heard ? teller.send() : teller.refuse();
        }
    }
}

/// An agent dies at that point, and what its successor tells makes it whole.
void check_told(bool is_heard, std::size_t points) {
    Machine machine;
    machine.cursor = 0;
    Teller first(machine, points);
    live(first, 0, is_heard);
    Teller successor(machine, std::numeric_limits<std::size_t>::max());
    live(successor, machine.ledger.size(), true);
    for (int sends = 0; sends < 9; ++sends) {
        successor.look();
        successor.send();
    }
    std::vector<std::string> once;
    for (const std::string& id : machine.told) {
        if (std::ranges::find(once, id) == once.end()) {
            once.push_back(id);
        }
    }
    REQUIRE(once.size() == 3);
    for (const std::size_t number : {0U, 1U, 2U}) {
        const std::string incident = "i-" + std::to_string(number == 0 ? 1 : number + 2);
        CHECK_MESSAGE(once[number].contains(incident + "."), once[number]);
    }
    CHECK(machine.told.size() <= once.size() + 1);  // What it died upon is told twice.
    CHECK(machine.cursor == machine.ledger.size());
}

}  // namespace

TEST_CASE("whenever an agent is killed, people are told of all that they are owed, in order") {
    for (const bool is_heard : {true, false}) {
        CAPTURE(is_heard);
        for (std::size_t points = 1; points < 60; ++points) {
            CAPTURE(points);
            check_told(is_heard, points);
        }
    }
}

TEST_CASE("where a group stands is what the ledger says, once it has it") {
    class Numbering final : public ports::Ledger {
      public:
        Task<Result<ports::Position>> append(EntryGroup, ports::Durability) override {
            co_return ports::Position{7, "aa"};
        }
        Result<void> replay(const std::function<void(const EntryGroup&)>&) override { return {}; }
    };
    Numbering ledger;
    OpenCases cases;
    ToldLedger told(ledger, cases);
    EntryGroup group;
    group.entries = {entry_of(EntryKind::closed, 1, to_json(ClosedBody{}))};
    boost::asio::io_context context;
    REQUIRE(net::run_for_test(context, told.append(group, ports::Durability::written)));
    CHECK(cases.groups_count() == 8);
    REQUIRE(cases.position_last());
    CHECK(cases.position_last()->index == 7);
    CHECK(cases.take_closed().at(0).group == 7);
}

TEST_CASE("an agent that has never told anybody tells nothing of the past") {
    Machine machine;
    for (Entry& entry : story_of(1, true)) {
        machine.write(std::move(entry));
    }
    Teller first(machine, std::numeric_limits<std::size_t>::max());
    first.look();
    first.send();
    CHECK(machine.told.empty());
    CHECK(machine.cursor == machine.ledger.size());
}

TEST_CASE("a cursor goes no further than what was looked at, and never back") {
    NoticeCursor cursor(3, 10);
    CHECK_FALSE(cursor.owes(2));
    CHECK(cursor.owes(3));
    cursor.reach(5, 10);
    CHECK(cursor.groups() == 5);
    cursor.reach(4, 10);
    CHECK(cursor.groups() == 5);
    cursor.reach(12, 10);
    CHECK(cursor.groups() == 10);
    cursor.reach(std::nullopt, 11);
    CHECK(cursor.groups() == 11);
    CHECK(cursor.owes(3));  // What is of the past is told to its end, in one life.
    CHECK(NoticeCursor(90, 10).groups() == 10);  // Of a ledger that is there no more.
    CHECK_FALSE(NoticeCursor(std::nullopt, 10).owes(9));
}

TEST_CASE("a channel has its cursor wherever it stands in the list, and shares it with no other") {
    ChannelConfig mail{.url = "https://mail.example/hook?token=aa"};
    ChannelConfig chat = mail;
    chat.shape = console::Shape::slack;
    ChannelConfig other;
    other.url_file = "/etc/homeostat/slack";
    other.shape = console::Shape::slack;
    const std::vector<std::string> names = cursor_names({mail, chat, other, mail});
    for (const std::string& name : names) {
        CHECK(std::ranges::count(names, name) == 1);
        CHECK_FALSE(name.contains("token"));
    }
    NoticeCursors kept;
    for (std::size_t index = 0; index < names.size(); ++index) {
        kept[names[index]] = 10 + index;
    }
    CHECK(to_text(to_json(kept)).size() < notice_cursors_bytes_max / 4);
    const std::vector<std::string> swapped = cursor_names({other, mail, chat});
    CHECK(told_up_to(kept, swapped[0], 0) == 12);
    CHECK(told_up_to(kept, swapped[1], 1) == 10);
    CHECK(told_up_to(kept, swapped[2], 2) == 11);
    chat.url = "https://mail.example/other";
    CHECK_FALSE(told_up_to(kept, cursor_names({chat}).front(), 0));
}

TEST_CASE("a file that names channels by their places is read as it was meant") {
    const NoticeCursors before{{"notify[0]", 41}, {"notify[1]", 7}};
    CHECK(told_up_to(before, "json 00", 1) == 7);
    CHECK_FALSE(told_up_to(before, "json 00", 2));
    NoticeCursors now = before;
    now["json 00"] = 9;
    CHECK(told_up_to(now, "json 00", 1) == 9);
    CHECK_FALSE(told_up_to(now, "json 11", 1));
}

TEST_CASE("what is kept is read again, and what is no file of ours is said to be none") {
    const Place place;
    CHECK(place.file().string() == place.path + "/ledger.notices");
    REQUIRE(read_notice_cursors(place.file()));
    CHECK(read_notice_cursors(place.file())->empty());
    const NoticeCursors cursors{{"notify[0]", 41}, {"notify[1]", 7}};
    REQUIRE(write_notice_cursors(place.file(), cursors));
    CHECK(read_notice_cursors(place.file()) == cursors);
    for (const std::string& bad :
         {std::string("{"), std::string("[]"), std::string(R"({"notify[0]":-1})"),
          std::string(R"({"notify[0]":"4"})"), std::string(5000, ' ')}) {
        CAPTURE(bad.substr(0, 20));
        REQUIRE(os::write_file_atomically(place.file().string(), bad, 0600));
        CHECK_FALSE(read_notice_cursors(place.file()));
    }
}

}  // namespace homeostat::app
