#include "homeostat/app/evidence_pack.hpp"

#include "homeostat/app/story.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace homeostat::app {

namespace {

/// Walks the entries of one incident in order.
class Gathering {
  public:
    explicit Gathering(const IncidentId& incident) : incident_(incident) {}

    void take(const Entry& entry) {
        switch (entry.kind) {
            case EntryKind::opened:
            case EntryKind::proposed:
                take_as<Proposal>(entry);
                break;
            case EntryKind::verdict:
                take_as<VerdictBody>(entry);
                break;
            case EntryKind::intent:
                take_as<IntentBody>(entry);
                break;
            case EntryKind::outcome:
                take_as<OutcomeBody>(entry);
                break;
            case EntryKind::proof:
                take_as<ProofBody>(entry);
                break;
            case EntryKind::undo:
                take_as<UndoBody>(entry);
                break;
            case EntryKind::held:
                take_as<HeldBody>(entry);
                break;
            case EntryKind::given_back:
                take_as<GivenBackBody>(entry);
                break;
            case EntryKind::escalated:
                take_as<EscalatedBody>(entry);
                break;
            case EntryKind::closed:
                is_closed_ = true;
                break;
            default:
                break;  // Says nothing of what a person has to know.
        }
    }

    std::optional<EvidencePack> pack() {
        if (!is_escalated_) {
            return std::nullopt;
        }
        for (const auto& [effect, step] : effects_open_) {
            pack_.open.push_back(fmt::format("{} {}", effect, step));
        }
        if (held_ && !is_closed_) {
            pack_.held.push_back(describe(*held_) + ", until it is given back");
        }
        for (const Remedy& remedy : menu_) {
            const bool is_observe = kind_of(remedy) == RemedyKind::observe;
            if (!is_observe && std::ranges::find(begun_, remedy) == begun_.end()) {
                pack_.left.push_back(describe(remedy));
            }
        }
        advise();
        return std::move(pack_);
    }

  private:
    template <class Body>
    void take_as(const Entry& entry) {
        if (const Result<Body> body = from_json<Body>(entry.body)) {
            note(*body);
        }
    }

    void note(const Proposal& proposal) {
        pack_.seen = {sentence_of(proposal.symptom)};
        for (const Cause& cause : proposal.diagnosis.causes) {
            pack_.seen.push_back(
                fmt::format("{:.2f} {}: {}", cause.weight, to_text(cause.kind), cause.because));
        }
        menu_.clear();
        for (const MenuItem& item : proposal.menu.items) {
            menu_.push_back(item.remedy);
        }
    }

    void note(const VerdictBody& body) {
        if (body.verdict.kind == VerdictKind::permit) {
            return;
        }
        pack_.refused.push_back(
            fmt::format("{} ({}): {}{}", body.step ? describe(*body.step) : describe(body.remedy),
                        to_text(body.verdict.kind), body.verdict.rule,
                        body.verdict.because.empty() ? "" : " — " + body.verdict.because));
    }

    void note(const IntentBody& body) {
        effects_open_[body.effect.text()] = describe(body.step);
        if (held_ && body.is_undo && inverse_of(*held_) == body.remedy) {
            held_.reset();
        }
        if (std::ranges::find(begun_, body.remedy) == begun_.end()) {
            begun_.push_back(body.remedy);
        }
    }

    void note(const OutcomeBody& body) {
        // As guard counts: "unknown" leaves an effect open until the world has been read.
        if (body.outcome.kind != OutcomeKind::unknown || body.is_read_back) {
            effects_open_.erase(body.effect.text());
        }
    }

    void note(const ProofBody& body) {
        pack_.tried.push_back(
            fmt::format("{}: {}{}", describe(body.remedy), to_text(body.proof.kind),
                        body.proof.because.empty() ? "" : " — " + body.proof.because));
        proven_.push_back(body.remedy);
    }

    void note(const UndoBody& body) {
        const std::string by = body.by.empty() ? "" : ", ordered by " + body.by;
        pack_.tried.push_back(fmt::format("undo: {}{}", describe(body.inverse), by));
    }

    void note(const HeldBody& body) { held_ = body.remedy; }

    void note(const GivenBackBody& body) {
        pack_.tried.push_back(
            fmt::format("given back: {} — {}", describe(body.inverse), body.because));
    }

    void note(const EscalatedBody& body) {
        is_escalated_ = true;
        pack_.because = body.because;
        for (const Remedy& remedy : begun_) {
            const bool is_told =
                std::ranges::find(proven_, remedy) != proven_.end() ||
                pack_.tried.end() != std::ranges::find(pack_.tried, "undo: " + describe(remedy));
            if (!is_told) {
                pack_.tried.push_back(describe(remedy) + ": begun, not proven");
            }
        }
    }

    void advise() {
        std::vector<Advice>& next = pack_.next;
        if (!is_closed_) {
            next.push_back({"homeostat status", "what is seen now, and which instances serve"});
            next.push_back({"homeostat suspend --because \"by hand\"",
                            "before you change anything: no effect of ours crosses yours"});
            next.push_back({"homeostat resume",
                            "when you are done; the incident closes once the symptom is gone"});
        }
        if (!pack_.refused.empty()) {
            next.push_back({"homeostat validate",
                            "limits and autonomy stand in the configuration; "
                            "a refusal above names its rule"});
            next.push_back({"homeostat doctor", "what this machine lacks"});
        }
        next.push_back({"homeostat replay " + incident_.text(),
                        "whether this version decides the same again"});
        next.push_back({"homeostat verify-ledger", "whether this record was changed"});
    }

    IncidentId incident_;
    EvidencePack pack_;
    std::map<std::string, std::string> effects_open_;
    std::vector<Remedy> menu_;
    std::vector<Remedy> begun_;
    std::vector<Remedy> proven_;
    std::optional<Remedy> held_;  ///< Nothing of its give-back was announced.
    bool is_escalated_{false};
    bool is_closed_{false};
};

std::string section(std::string_view name, const std::vector<std::string>& lines) {
    std::string text;
    for (const std::string& line : lines) {
        text += fmt::format("  {:<9} {}\n", text.empty() ? name : "", plain(line));
    }
    return text;
}

}  // namespace

std::optional<EvidencePack> evidence_pack(const std::vector<EntryGroup>& groups,
                                          const IncidentId& incident) {
    Gathering gathering(incident);
    for (const EntryGroup& group : groups) {
        for (const Entry& entry : group.entries) {
            if (entry.incident == incident) {
                gathering.take(entry);
            }
        }
    }
    return gathering.pack();
}

std::string to_lines(const EvidencePack& pack) {
    const auto or_nothing = [](const std::vector<std::string>& lines) {
        return lines.empty() ? std::vector<std::string>{"nothing"} : lines;
    };
    std::string text = "For the person who takes over\n";
    text += section("why", {pack.because});
    text += section("seen", or_nothing(pack.seen));
    text += section("tried", or_nothing(pack.tried));
    text += section("in force", pack.held);
    text += section("refused", or_nothing(pack.refused));
    text += section("not tried", pack.left);
    text += section("half done", pack.open);
    std::size_t width = 0;
    for (const Advice& advice : pack.next) {
        width = std::max(width, plain(advice.command).size());
    }
    std::vector<std::string> next;
    for (const Advice& advice : pack.next) {
        next.push_back(fmt::format("{:<{}}  {}", advice.command, width, advice.because));
    }
    return text + section("next", next);
}

}  // namespace homeostat::app
