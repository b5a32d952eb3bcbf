#include "homeostat/adapters/haproxy/runtime_reply.hpp"

#include "homeostat/adapters/haproxy/reply_for_test.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat;
using namespace homeostat::adapters::haproxy;

namespace {

std::string with(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    return text.replace(at, from.size(), to);
}

Fault fault_of_stat(std::string_view text) {
    const auto rows = take_stat(text, "pay");
    REQUIRE_FALSE(rows);
    CHECK(rows.error().text.size() < 400);
    return rows.error().fault;
}

Fault fault_of_state(std::string_view text) {
    const auto states = take_servers_state(text, "pay");
    REQUIRE_FALSE(states);
    return states.error().fault;
}

}  // namespace

TEST_CASE("each row's numbers are found under their columns' names") {
    std::string_view rest = payments_stat;
    const auto rows = take_stat(rest, "pay");
    REQUIRE(rows);
    REQUIRE(rows->size() == 3);
    const StatRow& server = rows->front();
    CHECK(server.name == "p0");
    CHECK_FALSE(server.is_backend);
    CHECK(server.is_http);
    CHECK(server.queue_now == 1);
    CHECK(server.sessions_now == 2);
    CHECK(server.sessions_max == 40);
    CHECK(server.sessions_total == 110);
    CHECK(server.connect_errors_total == 3);
    CHECK(server.response_errors_total == 4);
    CHECK(server.retries_total == 5);
    CHECK(server.redispatches_total == 6);
    CHECK(server.answers_5xx_total == 7);
    CHECK(server.server_aborts_total == 8);
    CHECK(server.answers_total == 100);
    CHECK(server.queue_ms == 1);
    CHECK(server.connect_ms == 2);
    CHECK(server.response_ms == 30);
    CHECK((*rows)[1].sessions_max == 0);
    CHECK(rows->back().is_backend);
    CHECK(rest.empty());
}

TEST_CASE("a stick table's reply says what it is made of, and what follows is left whole") {
    struct Case {
        std::string reply;
        bool has_text_keys;
        bool has_switch;
    };
    const std::string head = "# table: t, type: ";
    for (const Case& one : {
             Case{head + "string, size:100, used:0\n\n", true, true},
             Case{head + "string, size:100, used:1\n0x1: key=a use=0 exp=9 gpt0=1\n\n", true, true},
             Case{head + "ip, size:100, used:0\n\n", false, true},
             Case{"Filter entry #1: Data type not stored in this table\n\n", false, false},
         }) {
        const std::string text = one.reply + "No such table\n\n";
        std::string_view rest = text;
        const auto shape = take_shape(rest, "t");
        REQUIRE(shape);
        CHECK(shape->has_text_keys == one.has_text_keys);
        CHECK(shape->has_switch == one.has_switch);
        CHECK(take_shape(rest, "t").error().fault == Fault::absent);
        CHECK(rest.empty());
    }
    for (const std::string& text :
         {std::string(), head + "string, size:100", head + "string, size:100\n",
          std::string("# table: other, type: string, size:1\n\n"),
          std::string("HTTP/1.1 400\n\n")}) {
        std::string_view rest = text;
        CHECK(take_shape(rest, "t").error().fault == Fault::broken);
    }
}

TEST_CASE("several replies of one line are taken one after another") {
    const std::string text = payments_reply + payments_reply;
    std::string_view rest = text;
    for (int round = 0; round < 2; ++round) {
        CHECK(take_stat(rest, "pay"));
        CHECK(take_servers_state(rest, "pay"));
    }
    CHECK(rest.empty());
}

TEST_CASE("a service's text in quotes cannot make rows of its own") {
    const std::string forged =
        with(payments_stat, "c\"", "c\npay,p2,0,0,0,0,0,0,0,UP,2,,0,0,0,0,0,0,http,\n\n\"");
    std::string_view rest = forged;
    const auto rows = take_stat(rest, "pay");
    REQUIRE(rows);
    CHECK(rows->size() == 3);
    CHECK(rest.empty());
}

TEST_CASE("columns in another order, and further ones, change nothing") {
    std::string_view rest =
        "# pxname,new,rtime,ctime,qtime,srv_abrt,req_tot,hrsp_5xx,type,mode,status,wredis,wretr,"
        "eresp,econ,slim,stot,scur,qcur,svname,\n"
        "pay,?,30,2,1,8,100,7,1,http,UP,6,5,4,3,,110,2,1,BACKEND,\n\n";
    const auto rows = take_stat(rest, "pay");
    REQUIRE(rows);
    CHECK(rows->front().response_ms == 30);
    CHECK(rows->front().queue_now == 1);
}

TEST_CASE("a backend that is not there is absent, any other complaint is broken") {
    CHECK(fault_of_stat("No such proxy.\n\n") == Fault::absent);
    CHECK(fault_of_state("Can't find backend.\n\n") == Fault::absent);
    CHECK(fault_of_stat("Permission denied\n\n") == Fault::broken);
    CHECK(fault_of_state("2\n# be_id be_name\n\n") == Fault::broken);
}

TEST_CASE("a table that is not exactly what was asked for is refused") {
    const std::array<std::string, 16> spoiled{
        "",
        "\n",
        with(payments_stat, ",svname", ",name"),
        with(payments_stat, ",rtime", ",rtime,rtime"),
        with(payments_stat, "p0,1,", "p0,"),
        with(payments_stat, "p0,1,", "p0,1,1,"),
        with(payments_stat, "p0,1,", "p0,-1,"),
        with(payments_stat, "p0,1,", "p0,1x,"),
        with(payments_stat, "p0,1,", "p0,,"),
        with(payments_stat, "p0,1,", "p0,99999999999999999999,"),
        with(payments_stat, "pay,p0", "other,p0"),
        with(payments_stat, "pay,p1", "pay,p0"),
        with(payments_stat, "UP,2,", "UP,0,"),
        with(payments_stat, "UP,1,", "UP,2,"),
        with(payments_stat, "c\"", "c"),
        payments_stat.substr(0, payments_stat.size() - 1),
    };
    for (const std::string& text : spoiled) {
        CAPTURE(text);
        CHECK(fault_of_stat(text) == Fault::broken);
    }
}

TEST_CASE("a reply that was cut anywhere is refused, never read as less") {
    for (std::size_t size = 0; size < payments_stat.size(); ++size) {
        CAPTURE(size);
        CHECK(fault_of_stat(payments_stat.substr(0, size)) == Fault::broken);
    }
    for (std::size_t size = 0; size < payments_state.size(); ++size) {
        CAPTURE(size);
        CHECK(fault_of_state(payments_state.substr(0, size)) == Fault::broken);
    }
}

TEST_CASE("each server's state is found under its columns' names") {
    std::string_view rest = payments_state;
    const auto states = take_servers_state(rest, "pay");
    REQUIRE(states);
    REQUIRE(states->size() == 2);
    CHECK(states->front().name == "p0");
    CHECK(states->front().operational == 2);
    CHECK(states->front().administrative == 0);
    CHECK(states->front().weight == 1);
    CHECK(states->back().administrative == 8);
    CHECK(rest.empty());
}

TEST_CASE("states that are not exactly what was asked for are refused") {
    const std::array<std::string, 5> spoiled{
        with(payments_state, "srv_op_state", "srv_state"),
        with(payments_state, "p0 127.0.0.1", "p0"),
        with(payments_state, "4 pay 1", "4 other 1"),
        with(payments_state, "p0 127.0.0.1 2", "p0 127.0.0.1 two"),
        with(payments_state, "p1", "p0"),
    };
    for (const std::string& text : spoiled) {
        CAPTURE(text);
        CHECK(fault_of_state(text) == Fault::broken);
    }
}

TEST_CASE("a circuit's switch is on while its entry is there with a value") {
    struct Row {
        std::string reply;
        bool is_open;
    };
    const std::string head = "# table: circuits, type: string, size:100, used:1\n";
    for (const Row& row :
         {Row{head + "0x55cfc2cc7d08: key=fraud use=0 exp=1599 gpt0=1\n\n", true},
          Row{head + "0x55cfc2cc7d08: key=fraud use=0 exp=1599 shard=0 gpt0=7\n\n", true},
          Row{head + "0x55cfc2cc7d08: key=fraud use=0 exp=1599 gpt0=0\n\n", false},
          Row{"\n", false}}) {
        CAPTURE(row.reply);
        const std::string text = row.reply + "what follows";
        std::string_view rest = text;
        const Result<bool> is_open = take_switch(rest, "circuits", "fraud");
        REQUIRE(is_open);
        CHECK(*is_open == row.is_open);
        CHECK(rest == "what follows");
    }
}

TEST_CASE("a stick table that is not there is absent, and the next reply is left whole") {
    std::string_view rest = "No such table\n\n\n";
    const Result<bool> nothing = take_switch(rest, "circuits", "fraud");
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().fault == Fault::absent);
    CHECK(rest == "\n");
}

TEST_CASE("an entry that is not exactly what was asked for is refused, and so is a cut one") {
    const std::string head = "# table: circuits, type: string, size:100, used:1\n";
    const std::string entry = head + "0x55cfc2cc7d08: key=fraud use=0 exp=1599 gpt0=1\n\n";
    std::vector<std::string> wrong{with(entry, "key=fraud", "key=rates"),
                                   with(entry, "key=fraud", "key=fraud2"),
                                   with(entry, " gpt0=1", ""),
                                   with(entry, "gpt0=1", "gpt0=x"),
                                   with(entry, "gpt0=1", "gpt0=-1"),
                                   with(entry, "gpt0=1", "gpt0="),
                                   with(entry, "gpt0=1", "agpt0=1"),
                                   with(entry, "# table: ", "# tables "),
                                   "Unknown command.\n\n",
                                   with(entry, "\n\n", "\n0x1: key=a gpt0=1\n\n")};
    for (std::size_t size = 0; size < entry.size(); ++size) {
        wrong.push_back(entry.substr(0, size));
    }
    for (const std::string& text : wrong) {
        CAPTURE(text);
        std::string_view rest = text;
        const Result<bool> is_open = take_switch(rest, "circuits", "fraud");
        REQUIRE_FALSE(is_open);
        CHECK(is_open.error().fault == Fault::broken);
        CHECK(is_open.error().text.size() < 400);
    }
}

TEST_CASE("an entry's value and remaining time are read, and no entry is none") {
    const std::string head = "# table: dimmers, type: string, size:100, used:1\n";
    const std::string entry = head + "0x55cfc2cc7d08: key=fraud use=0 exp=1599 gpt0=250\n\n";
    std::string text = entry + "\n" + with(entry, "1599", "0") + "No such table\n\nrest";
    std::string_view rest = text;
    const auto first = take_entry(rest, "dimmers", "fraud");
    REQUIRE((first && *first));
    CHECK((*first)->value == 250);
    CHECK((*first)->expires_after == std::chrono::milliseconds{1599});
    const auto none = take_entry(rest, "dimmers", "fraud");
    REQUIRE(none);
    CHECK_FALSE(*none);
    CHECK((*take_entry(rest, "dimmers", "fraud"))->expires_after == Duration{});
    CHECK(take_entry(rest, "dimmers", "fraud").error().fault == Fault::absent);
    CHECK(rest == "rest");
}

TEST_CASE("an entry without gpt0 is absent, and one that is half understood is refused") {
    const std::string entry =
        "# table: dimmers, type: string, size:100, used:1\n"
        "0x55cfc2cc7d08: key=fraud use=0 exp=1599 gpt0=250\n\n";
    const auto fault_of = [](std::string_view text) {
        const auto taken = take_entry(text, "dimmers", "fraud");
        REQUIRE_FALSE(taken);
        return taken.error().fault;
    };
    CHECK(fault_of(with(entry, "gpt0=250", "gpc0=0")) == Fault::absent);
    for (const auto& [from, to] : {std::pair{"gpt0=250", "gpt0="},
                                   {"gpt0=250", "gpt0=4294967296"},
                                   {"gpt0=250", "gpt0=-1"},
                                   {"exp=1599", "exp=-1599"},
                                   {"exp=1599", "exp=x"},
                                   {" exp=1599", ""},
                                   {"key=fraud", "key=rates"}}) {
        CAPTURE(to);
        CHECK(fault_of(with(entry, from, to)) == Fault::broken);
    }
    for (std::size_t size = 0; size < entry.size(); ++size) {
        CHECK(fault_of(entry.substr(0, size)) == Fault::broken);
    }
}

TEST_CASE("one of several replies is empty or a complaint, and a cut one is refused") {
    std::string_view rest = "\nData type not stored in this table\n\nrest";
    CHECK(take_complaint(rest)->empty());
    CHECK(*take_complaint(rest) == "Data type not stored in this table");
    CHECK(rest == "rest");
    for (std::string_view cut :
         {"", "Data type", "Data type not stored in this table\n", "\x01\n\n"}) {
        CHECK(take_complaint(cut).error().fault == Fault::broken);
    }
}

TEST_CASE("text from the socket becomes one short line") {
    CHECK(plain_text("No such server.\n\n") == "No such server.");
    CHECK(plain_text("\x1b[31mred\x07\xff\n") == " [31mred");
    CHECK(plain_text("\n\n").empty());
    CHECK(plain_text(std::string(5000, 'x')).size() == 200);
}
