#include "homeostat/console/door.hpp"

#include "homeostat/console/form.hpp"
#include "homeostat/console/matter_for_test.hpp"
#include "homeostat/net/server_world_for_test.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace homeostat;
using namespace homeostat::console;
using namespace std::chrono_literals;

namespace {

constexpr const char* own_host = "h.example";
constexpr const char* own_origin = "https://h.example";
constexpr const char* form_type = "application/x-www-form-urlencoded";

class SetClock final : public ports::Clock {
  public:
    [[nodiscard]] Instant now() const override { return instant; }
    [[nodiscard]] WallTime wall_now() const override { return wall; }
    Task<void> sleep_until(Instant /*at*/) override { co_return; }

    Instant instant{instant_of_ns(1'000'000'000'000)};
    WallTime wall{noon_for_test};
};

/// An incident that asks, a door to it, and a server in front.
struct OpenDoor {
    SetClock clock;
    std::optional<Matter> matter{matter_for_test()};
    std::vector<PersonAnswer> heard;
    std::optional<UndoMatter> act{undo_matter_for_test()};
    std::vector<PersonUndo> taken_back;
    Result<void> taken{};
    bool asks_on{false};  ///< Though it was answered: more have to.
    std::optional<Door> door;
    net::ServerWorld world{
        [this](net::HttpRequest request) { return door->answer(std::move(request)); },
        door_limits()};
    net::TcpEndpoint endpoint = world.listen();
    std::string token = token_of(link_for_test(*matter), {});

    OpenDoor() {
        Desk desk;
        desk.matter_of = [this](IncidentId incident) { return matter_of(std::move(incident)); };
        desk.answer_to = [this](const std::string& question) -> std::optional<Answered> {
            const bool is_it = !heard.empty() && heard.front().question == question;
            return is_it ? std::optional(Answered{heard.front().says, heard.front().by})
                         : std::nullopt;
        };
        desk.answer = [this](PersonAnswer said) { return answer(std::move(said)); };
        desk.undo_of = [this](IncidentId incident) { return undo_of(std::move(incident)); };
        desk.undo = [this](PersonUndo said) { return undo(std::move(said)); };
        door.emplace(
            DoorSettings{
                .address = {true, own_host, 443, "/rates"}, .hosts = {"127.0.0.1:7443"}, .key = {}},
            std::move(desk), clock);
    }

    Task<std::optional<Matter>> matter_of(IncidentId incident) {
        const bool is_asked = asks_on || heard.empty();
        co_return matter && matter->incident == incident&& is_asked ? matter : std::nullopt;
    }
    Task<Result<void>> answer(PersonAnswer said) {
        if (taken) {
            heard.push_back(std::move(said));
        }
        co_return taken;
    }

    Task<std::optional<UndoMatter>> undo_of(IncidentId incident) {
        const bool is_it = act && act->incident == incident && taken_back.empty();
        co_return is_it ? act : std::nullopt;
    }
    Task<Result<IncidentId>> undo(PersonUndo said) {
        if (!taken) {
            co_return std::unexpected(taken.error());
        }
        taken_back.push_back(std::move(said));
        co_return IncidentId("i-8");
    }
    /// From now on the link takes back what was done.
    void turn_to_undo() { token = token_of(undo_link_for_test(*act), {}); }

    /// As it stands on the wire: clients of ours would not send what these tests send.
    std::string say(const std::string& head, const std::string& body = "") {
        return world.say_raw(endpoint, head + "Content-Length: " + std::to_string(body.size()) +
                                           "\r\nConnection: close\r\n\r\n" + body);
    }
    std::string get(const std::string& path, const std::string& host = own_host) {
        return say("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\n");
    }
    std::string post(const std::string& body,
                     const std::string& further = "Origin: https://h.example\r\n",
                     const std::string& type = form_type) {
        return say("POST /answer/" + token +
                       " HTTP/1.1\r\nHost: h.example\r\nContent-Type: " + type + "\r\n" + further,
                   body);
    }
};

bool is_status(const std::string& reply, int status) {
    return reply.starts_with("HTTP/1.1 " + std::to_string(status));
}

}  // namespace

TEST_CASE("a link shows what is asked, and looking changes nothing, however often") {
    OpenDoor open;
    for (const std::string& path : {"/answer/" + open.token, "/rates/answer/" + open.token}) {
        const std::string reply = open.get(path);
        CHECK(is_status(reply, 200));
        CHECK(reply.contains("May I restart rates-0?"));
        CHECK(reply.contains("Content-Type: text/html; charset=utf-8"));
    }
    const std::string head =
        open.say("HEAD /answer/" + open.token + " HTTP/1.1\r\nHost: h.example\r\n");
    CHECK(is_status(head, 200));
    CHECK_FALSE(head.contains('<'));
    CHECK(open.heard.empty());
    CHECK(open.matter);
}

TEST_CASE("a page may load nothing, be framed by nobody and be kept nowhere") {
    OpenDoor open;
    for (const std::string& reply :
         {open.get("/answer/" + open.token), open.get("/answer/x"), open.get("/")}) {
        for (const char* header :
             {"Content-Security-Policy: default-src 'none'; style-src 'sha256-",
              "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
              "X-Frame-Options: DENY", "Cache-Control: no-store", "Referrer-Policy: same-origin",
              "X-Content-Type-Options: nosniff"}) {
            CAPTURE(header);
            CHECK(reply.contains(header));
        }
        CHECK_FALSE(reply.contains("Set-Cookie"));
    }
}

TEST_CASE("a yes and a no reach whoever is to hear them, with the name of the link") {
    for (const PersonSays says : {PersonSays::approved, PersonSays::denied}) {
        OpenDoor open;
        const std::string reply =
            open.post("because=seen+in+staging&says=" + std::string(to_text(says)));
        CHECK(is_status(reply, 200));
        REQUIRE(open.heard.size() == 1);
        const PersonAnswer& heard = open.heard.front();
        CHECK(heard.says == says);
        CHECK(heard.by == "anna");
        CHECK(heard.incident.text() == "i-1");
        CHECK(heard.question == "5f0c2b9e1d3a4477");
        CHECK(heard.because == "seen in staging");
    }
}

TEST_CASE("a link is good for one answer, and the second is told who gave it") {
    OpenDoor open;
    CHECK(is_status(open.post("says=approved"), 200));
    for (const std::string& reply : {open.post("says=denied"), open.get("/answer/" + open.token)}) {
        CHECK(is_status(reply, 410));
        CHECK(reply.contains("anna said yes"));
    }
    CHECK(open.heard.size() == 1);
}

TEST_CASE("a link to a question that is not asked any more offers nothing") {
    OpenDoor open;
    open.matter->question = "00000000000000aa";
    CHECK(is_status(open.post("says=approved"), 410));
    const std::string reply = open.get("/answer/" + open.token);
    CHECK(is_status(reply, 410));
    CHECK_FALSE(reply.contains("<form"));
    open.matter.reset();
    CHECK(is_status(open.post("says=approved"), 410));
    CHECK(open.heard.empty());
}

TEST_CASE("what came from another page than ours is not an answer") {
    const std::string ours = "Origin: https://h.example\r\n";
    const std::string here = "Sec-Fetch-Site: same-origin\r\n";
    struct Case {
        std::string headers;
        int status;
    };
    for (const auto& [headers, status] :
         {Case{"", 403}, Case{"Origin: null\r\n", 403},
          Case{"Origin: https://evil.example\r\n", 403}, Case{"Origin: http://h.example\r\n", 403},
          Case{"Origin: https://h.example:444\r\n", 403},
          Case{"Origin: https://h.example.evil.example\r\n", 403}, Case{ours + ours, 403},
          Case{ours + "Sec-Fetch-Site: cross-site\r\n", 403},
          Case{ours + "Sec-Fetch-Site: same-site\r\n", 403},
          Case{ours + "Sec-Fetch-Site: none\r\n", 403}, Case{"Sec-Fetch-Site: none\r\n", 403},
          Case{"Sec-Fetch-Site: cross-site\r\n", 403}, Case{"Origin: null\r\n" + here, 403},
          Case{ours, 200}, Case{ours + here, 200}, Case{here, 200}}) {
        CAPTURE(headers);
        OpenDoor open;
        CHECK(is_status(open.post("says=approved", headers), status));
        CHECK(open.heard.size() == (status == 200 ? 1 : 0));
    }
}

TEST_CASE("who asks for another host than ours gets nothing, for a name may point anywhere") {
    OpenDoor open;
    const std::string path = "/answer/" + open.token;
    for (const char* host : {"evil.example", "h.example.evil.example", "h.example:444", "127.0.0.1",
                             "127.0.0.1:7444", "localhost:7443", "", "h.example h.example",
                             "h.example\r\nHost: h.example", "evil.example\r\nHost: h.example"}) {
        CAPTURE(host);
        const std::string reply = open.get(path, host);
        // Beast itself refuses some of these.
        CHECK((is_status(reply, 421) || is_status(reply, 400)));
        CHECK_FALSE(reply.contains("rates"));
    }
    CHECK(is_status(open.say("GET " + path + " HTTP/1.1\r\n"), 421));
    for (const char* host : {"h.example", "H.Example", "127.0.0.1:7443"}) {
        CAPTURE(host);
        CHECK(is_status(open.get(path, host), 200));
    }
}

TEST_CASE("what is no form of ours changes nothing") {
    struct Case {
        std::string body;
        std::string type;
        int status;
    };
    for (const auto& [body, type, status] :
         {Case{"says=approved", "text/plain", 415}, Case{"says=approved", "application/json", 415},
          Case{"says=approved", "multipart/form-data; boundary=x", 415},
          Case{"says=yes", form_type, 400}, Case{"says=agreed_in_part", form_type, 400},
          Case{"", form_type, 400}, Case{"says=approved&says=denied", form_type, 400},
          Case{"because=x", form_type, 400},
          Case{"says=approved&because=" + std::string(form_bytes_max, 'x'), form_type, 413}}) {
        CAPTURE(body);
        CAPTURE(type);
        OpenDoor open;
        CHECK(is_status(open.post(body, "Origin: https://h.example\r\n", type), status));
        CHECK(open.heard.empty());
    }
    OpenDoor open;
    CHECK(is_status(open.post("says=denied", "Origin: https://h.example\r\n",
                              "application/x-www-form-urlencoded; charset=utf-8"),
                    200));
}

TEST_CASE("other methods than those of a browser are refused") {
    for (const char* method : {"PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"}) {
        OpenDoor open;
        CHECK(is_status(open.say(std::string(method) + " /answer/" + open.token +
                                 " HTTP/1.1\r\nHost: h.example\r\nOrigin: https://h.example\r\n"),
                        405));
        CHECK(open.heard.empty());
    }
}

TEST_CASE("an unknown, a forged and an old link get the very same answer") {
    OpenDoor open;
    std::string forged = open.token;
    forged.back() = forged.back() == 'A' ? 'E' : 'A';
    const std::string unknown = open.get("/answer/x");
    CHECK(is_status(unknown, 404));
    CHECK(open.get("/answer/" + forged) == unknown);
    CHECK(open.get("/") == unknown);
    CHECK(open.get("/answer/" + open.token + "?x=1") == unknown);
    CHECK(open.get("/answer/" + open.token + "/") == unknown);
    open.clock.wall += 10min;
    CHECK(open.get("/answer/" + open.token) == unknown);
    CHECK(is_status(open.post("says=approved"), 404));
    CHECK(open.heard.empty());
}

TEST_CASE("who tries many links is slowed down, and a good one is served all the same") {
    OpenDoor open;
    for (std::uint32_t tried = 0; tried < bad_tokens_max; ++tried) {
        CHECK(is_status(open.get("/answer/x"), 404));
    }
    CHECK(is_status(open.get("/answer/x"), 429));
    CHECK(is_status(open.get("/answer/" + open.token), 200));
    open.clock.instant += bad_token_every;
    CHECK(is_status(open.get("/answer/x"), 404));
    CHECK(is_status(open.get("/answer/x"), 429));
    CHECK(is_status(open.post("says=denied"), 200));
}

TEST_CASE("where a yes has to be signed a link says no, and only that") {
    OpenDoor open;
    open.matter->takes_yes = false;
    open.matter->command = "homeostat approve i-1 --key YOUR.key";
    const std::string reply = open.post("says=approved");
    CHECK(is_status(reply, 403));
    CHECK(reply.contains("homeostat approve i-1 --key YOUR.key"));
    CHECK(open.heard.empty());
    CHECK(is_status(open.post("says=denied"), 200));
    CHECK(open.heard.size() == 1);
}

TEST_CASE(
    "where a yes has to be signed the page takes what was signed elsewhere, by a form alone") {
    OpenDoor open;
    CHECK(is_status(open.post("says=signed&signature=%7B%7D"), 409));  // Nobody has to sign.
    open.matter->takes_yes = false;
    open.matter->signers_needed = 1;
    CHECK(is_status(open.post("says=signed&signature="), 400));
    CHECK(is_status(open.post("says=signed"), 400));
    CHECK(is_status(open.post("says=approved&signature=%7B%7D"), 403));
    CHECK(is_status(open.post("says=signed&signature=%7B%7D", "Origin: https://evil.example\r\n"),
                    403));
    CHECK(open.say("GET /answer/" + open.token +
                   "?says=signed&signature=%7B%7D HTTP/1.1\r\nHost: h.example\r\n")
              .starts_with("HTTP/1.1 "));
    CHECK(open.heard.empty());
    const std::string reply =
        open.post("says=signed&signature=%7B%22form%22%7D%0D%0A&because=seen");
    CHECK(is_status(reply, 200));
    REQUIRE(open.heard.size() == 1);
    CHECK(open.heard.front().signature == "{\"form\"}\r\n");
    CHECK(open.heard.front().says == PersonSays::approved);
    CHECK(open.heard.front().because == "seen");
    CHECK(open.heard.front().question == open.matter->question);
}

TEST_CASE("a signature that does not suffice alone is said to be one of those that are needed") {
    OpenDoor open;
    open.matter->takes_yes = false;
    open.matter->signers = {"anna"};
    open.matter->signers_needed = 2;
    open.asks_on = true;
    const std::string reply = open.post("says=signed&signature=%7B%7D");
    CHECK(is_status(reply, 200));
    CHECK(reply.contains("1 of 2 that are needed"));
    CHECK_FALSE(reply.contains("Yes is recorded"));
    open.taken = fail(Fault::refused, "the signature of <i>anna</i> does not hold");
    const std::string refused = open.post("says=signed&signature=%7B%7D");
    CHECK(is_status(refused, 409));
    CHECK(refused.contains("&lt;i&gt;anna"));
}

TEST_CASE("what the executor does not take is told, as text") {
    OpenDoor open;
    open.taken = fail(Fault::refused, "i-1 <b>asks</b> something else now");
    const std::string reply = open.post("says=approved");
    CHECK(is_status(reply, 409));
    CHECK(reply.contains("i-1 &lt;b&gt;asks&lt;/b&gt; something else now"));
}

TEST_CASE("a link stands below the path of the address") {
    CHECK(link_to({true, "h.example", 443, "/rates/"}, "AQ") ==
          "https://h.example/rates/answer/AQ");
    CHECK(link_to({true, "h.example", 443, "/"}, "AQ") == "https://h.example/answer/AQ");
    CHECK(link_to({false, "127.0.0.1", 7443, "/"}, "AQ") == "http://127.0.0.1:7443/answer/AQ");
    CHECK(std::string(own_origin) == origin_of({true, "h.example", 443, "/"}));
}

// --- Taking back ---------------------------------------------------------------------------------

TEST_CASE("a link to what was done shows it, and looking takes nothing back, however often") {
    OpenDoor open;
    open.turn_to_undo();
    for (int time = 0; time < 3; ++time) {
        const std::string reply = open.get("/answer/" + open.token);
        CHECK(is_status(reply, 200));
        CHECK(reply.contains("rollback payments from v2 to v1"));
        CHECK(reply.contains("value=\"taken_back\""));
        CHECK_FALSE(reply.contains("value=\"approved\""));
    }
    CHECK(is_status(open.say("HEAD /answer/" + open.token + " HTTP/1.1\r\nHost: h.example\r\n"),
                    200));
    CHECK(open.taken_back.empty());
}

TEST_CASE("its button takes back just that act, once, in the name of the link") {
    OpenDoor open;
    open.turn_to_undo();
    const std::string reply = open.post("because=v2+is+wanted&says=taken_back");
    CHECK(is_status(reply, 200));
    CHECK(reply.contains("by incident i-8"));
    REQUIRE(open.taken_back.size() == 1);
    CHECK(open.taken_back.front().incident.text() == "i-7");
    CHECK(open.taken_back.front().act == open.act->act);
    CHECK(open.taken_back.front().by == "anna");
    CHECK(open.taken_back.front().because == "v2 is wanted");
    CHECK(is_status(open.post("says=taken_back"), 410));
    CHECK(is_status(open.get("/answer/" + open.token), 410));
    CHECK(open.taken_back.size() == 1);
}

TEST_CASE(
    "what came from another page, says something else, or is of another act takes nothing back") {
    OpenDoor open;
    open.turn_to_undo();
    CHECK(is_status(open.post("says=taken_back", ""), 403));
    CHECK(is_status(open.post("says=taken_back", "Origin: https://evil.example\r\n"), 403));
    CHECK(is_status(open.post("says=taken_back", "Origin: null\r\n"), 403));
    CHECK(is_status(open.post("says=approved"), 400));
    CHECK(is_status(open.post("says=taken_back", "Origin: https://h.example\r\n", "text/plain"),
                    415));
    CHECK(is_status(open.get("/answer/" + open.token, "evil.example"), 421));
    SUBCASE("by then the incident holds another thing") {
        open.act->act = "undo-held-0000000000000002";
        CHECK(is_status(open.post("says=taken_back"), 410));
    }
    SUBCASE("a link that answers a question takes nothing back") {
        open.token = token_of(link_for_test(*open.matter), {});
        CHECK(is_status(open.post("says=taken_back"), 400));
    }
    CHECK(open.taken_back.empty());
    CHECK(open.heard.empty());
}

TEST_CASE("where approvers sign a link takes nothing back, and what is refused is told") {
    OpenDoor open;
    open.turn_to_undo();
    SUBCASE("there is no button, and the form is refused all the same") {
        open.act->takes_it = false;
        const std::string page = open.get("/answer/" + open.token);
        CHECK(is_status(page, 200));
        CHECK_FALSE(page.contains("<form"));
        CHECK(page.contains("homeostat undo i-7 --key YOUR.key"));
        CHECK(is_status(open.post("says=taken_back"), 403));
    }
    SUBCASE("guard has the last word") {
        open.taken = fail(Fault::refused, "guard refuses: <too few>");
        const std::string reply = open.post("says=taken_back");
        CHECK(is_status(reply, 409));
        CHECK(reply.contains("guard refuses: &lt;too few&gt;"));
    }
    CHECK(open.taken_back.empty());
}

TEST_CASE("a link to what may be taken back is good until its time is over, and no longer") {
    OpenDoor open;
    open.turn_to_undo();
    open.clock.wall = open.act->until;
    CHECK(is_status(open.post("says=taken_back"), 404));
    CHECK(open.taken_back.empty());
}
