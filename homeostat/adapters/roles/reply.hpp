#pragma once

// Reply: what the executor answers to each letter: what became of it, and how everything stands
// that the agent has to know for its next look.
//
// Pure. Values only.

#include "homeostat/adapters/roles/letter.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/base/result.hpp"
#include "homeostat/base/time.hpp"
#include "homeostat/domain/change.hpp"
#include "homeostat/domain/proposal.hpp"
#include "homeostat/domain/symptom.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace homeostat::adapters::roles {

constexpr std::size_t reply_bytes_max = std::size_t{256} << 10U;
constexpr std::size_t changes_max = 32;  ///< More than may be to blame for anything seen now.

constexpr std::size_t places_max = 128;  ///< Twice the slots that there may be.

/// Which pod stands for an instance: only the executor gives places.
struct Place {
    InstanceId instance;
    std::string pod;  ///< Its uid; empty: nobody stands there.
    bool is_wanted{false};
    /// Where it ought to answer now, "10.1.2.3:8080"; none: nowhere, or who asks sees the whole and
    /// knows it from the cluster.
    std::optional<std::string> address{};

    static void fields(auto& self, auto&& field) {
        field("instance", self.instance);
        field("pod", self.pod);
        field("is_wanted", self.is_wanted);
        field("address", self.address);
    }
    friend bool operator==(const Place&, const Place&) = default;
};

/// How it stands with one symptom that was asked about.
struct StandingOf {
    SymptomKind symptom{SymptomKind::errors};
    Subject subject;
    std::optional<Standing> standing{};  ///< None: nothing accounts for it.

    static void fields(auto& self, auto&& field) {
        field("symptom", self.symptom);
        field("subject", self.subject);
        field("standing", self.standing);
    }
};

/// Why what was asked was not done.
struct Refusal {
    Fault fault{Fault::refused};
    std::string text;

    static void fields(auto& self, auto&& field) {
        field("fault", self.fault);
        field("text", self.text);
    }
};

struct Reply {
    std::optional<Discard> discarded{};  ///< The letter was not taken; then few of these are set.
    std::string life;                    ///< Of this executor; another one after each start.
    std::string stamp;                   ///< The next letters name it; soon another one.
    std::string boot_id;                 ///< Whoever has the same has the same clock.
    Instant now{};                       ///< The executor's.
    std::uint64_t epoch{0};              ///< The agent's latest life that was heard of.
    std::vector<StandingOf> standings{};
    std::vector<Symptom> open{};    ///< Of all open incidents.
    std::vector<Change> changes{};  ///< The latest, oldest first.
    VersionId deploy_seen{};        ///< What the ledger last spoke of; empty: it never did.
    VersionId config_seen{};
    VersionId flag_seen{};
    std::vector<Place> places{};  ///< Empty: instances are processes of the machine.
    std::optional<Standing> submitted{};
    std::optional<Change> noted{};
    std::optional<Refusal> refused{};

    static void fields(auto& self, auto&& field) {
        field("discarded", self.discarded);
        field("life", self.life);
        field("stamp", self.stamp);
        field("boot_id", self.boot_id);
        field("now", self.now);
        field("epoch", self.epoch);
        field("standings", self.standings);
        field("open", self.open);
        field("changes", self.changes);
        field("deploy_seen", self.deploy_seen);
        field("config_seen", self.config_seen);
        field("flag_seen", self.flag_seen, may_be_absent);
        field("places", self.places);
        field("submitted", self.submitted);
        field("noted", self.noted);
        field("refused", self.refused);
    }
};

/// ERRORS: broken: it is none, has more in it than one has, or numbers and moments that cannot be.
[[nodiscard]] Result<Reply> parse_reply(std::string_view text);

}  // namespace homeostat::adapters::roles
