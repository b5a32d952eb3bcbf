#pragma once

// Door: the page of questions, and of what may be taken back, for people who hold a link.
//
//     GET, HEAD /answer/TOKEN    what is asked, or was done, and the buttons. Changes nothing: mail
//                                scanners and chat tools fetch every link that they see.
//     POST /answer/TOKEN         says=approved or says=denied, because=… ; says=signed, signature=…
//                                where approvers sign; says=taken_back where the link is for that
//
// A browser is taken for what it may be: one that was led here by another page. So the Host has to
// be ours (else a name of somebody else's that points to this machine would do: DNS rebinding), a
// POST has to come from our own page (CSRF), and no page may show ours in a frame (clickjacking).
// What a browser may load for our page is nothing.
//
// Whether a token is unknown, forged or too old is not said, and who tries many is slowed down;
// good ones are served all the same.
//
// Not thread-safe; lives on the strand of its server, which is stopped before the desk goes.

#include "homeostat/base/result.hpp"
#include "homeostat/base/task.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/console/link_token.hpp"
#include "homeostat/console/matter.hpp"
#include "homeostat/console/web_address.hpp"
#include "homeostat/net/http_message.hpp"
#include "homeostat/net/http_server.hpp"
#include "homeostat/ports/clock.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::console {

struct PersonAnswer {
    IncidentId incident;
    std::string question;
    PersonSays says{PersonSays::denied};
    std::string by;
    std::string because;
    /// Where approvers sign: what was put into the field, which whoever hears it reads and checks.
    std::string signature{};
};

/// A person takes an act back.
struct PersonUndo {
    IncidentId incident;
    std::string act;
    std::string by;
    std::string because;
};

/// Who the door asks. All of it is there.
struct Desk {
    /// What the incident asks now; nothing: it asks nothing, or there is none.
    std::function<Task<std::optional<Matter>>(IncidentId)> matter_of;
    /// How the question was answered, as far back as is remembered.
    std::function<std::optional<Answered>(const std::string& question)> answer_to;
    /// Durable once it returns. ERRORS: those of whoever takes it; their texts are shown.
    std::function<Task<Result<void>>(PersonAnswer)> answer;
    /// What of the incident may be taken back now; nothing: nothing any more.
    std::function<Task<std::optional<UndoMatter>>(IncidentId)> undo_of;
    /// Says which incident takes it back. Durable once it returns. ERRORS: as above.
    std::function<Task<Result<IncidentId>>(PersonUndo)> undo;
};

struct DoorSettings {
    WebAddress address;              ///< How people reach it: a POST comes from there.
    std::vector<std::string> hosts;  ///< Further ones that may be asked for, as a proxy does.
    LinkKey key{};
};

/// Bad tokens in a row that are answered at once; then one every `bad_token_every`.
constexpr std::uint32_t bad_tokens_max = 20;
constexpr Duration bad_token_every = std::chrono::seconds{3};

/// What the server of a door is given: the headers that the door reads, and few bytes.
[[nodiscard]] net::HttpServerLimits door_limits();

/// What the page says of a link that is unknown, forged or too old.
constexpr std::string_view bad_link_title = "This link is not good";

/// Where the page of this token is, for a message.
[[nodiscard]] std::string link_to(const WebAddress& address, const std::string& token);

class Door {
  public:
    Door(DoorSettings settings, Desk desk, const ports::Clock& clock);

    /// For an HttpServer with door_limits().
    [[nodiscard]] Task<net::HttpResponse> answer(net::HttpRequest request);

    struct State;

  private:
    /// Owned by the door and by each answer that is being made.
    std::shared_ptr<State> state_;
};

}  // namespace homeostat::console
