// `homeostat decisions`: what was decided and why, from the ledger; or from the database that
// homeostat-shipper fills, which it is then asked for: this program speaks no PostgreSQL.

#include "homeostat/adapters/segment_log/segment_reader.hpp"
#include "homeostat/app/commands.hpp"
#include "homeostat/app/complaint.hpp"
#include "homeostat/app/decisions.hpp"
#include "homeostat/app/ledger_place.hpp"
#include "homeostat/app/own_place.hpp"
#include "homeostat/base/fields.hpp"
#include "homeostat/domain/entry_bodies.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;

Result<DecisionSelection> selection_of(const DecisionsOptions& options) {
    const Result<std::optional<WallTime>> since = when_of(options.since);
    const Result<std::optional<WallTime>> until = when_of(options.until);
    if (!since || !until) {
        return fail(since ? "--until" : "--since", since ? until.error() : since.error());
    }
    return DecisionSelection{*since, *until, options.service, options.remedy};
}

/// Does not come back unless it cannot be started.
ExitStatus ask_shipper(const DecisionsOptions& options) {
    const std::string program = (own_directory() / "homeostat-shipper").string();
    std::vector<std::string> words{program, "decisions", "--config",
                                   options.ledger.common.config.string()};
    for (const auto& [name, value] :
         {std::pair{"--since", &options.since}, std::pair{"--until", &options.until},
          std::pair{"--service", &options.service}, std::pair{"--remedy", &options.remedy}}) {
        if (!value->empty()) {
            words.push_back(fmt::format("{}={}", name, *value));
        }
    }
    if (options.ledger.common.is_json || options.is_csv) {
        words.emplace_back(options.is_csv ? "--csv" : "--json");
    }
    std::vector<char*> pointers;
    for (std::string& word : words) {
        pointers.push_back(word.data());
    }
    pointers.push_back(nullptr);
    ::execv(program.c_str(), pointers.data());
    complain(program +
             " is not there or cannot be started. It is built with the target "
             "homeostat-shipper and has to lie beside homeostat.");
    return ExitStatus::usage;
}

/// Whose ledger it is, as its agent wrote down at each start.
void note_service(const EntryGroup& group, std::optional<Decisions>& decisions) {
    for (const Entry& entry : group.entries) {
        if (entry.kind == EntryKind::started && !decisions) {
            const Result<StartedBody> started = from_json<StartedBody>(entry.body);
            decisions.emplace(started ? started->service.text() : std::string());
        }
    }
}

Result<std::vector<Decision>> read_decisions(const LedgerPlace& place,
                                             const DecisionSelection& selection) {
    std::vector<EntryGroup> before;  // Of a shortened ledger: nobody has said yet whose it is.
    std::optional<Decisions> decisions;
    const Result<ledger::LedgerEnd> end = ledger::read_segments(
        place.files(), 0, [&](const ledger::FoundGroup& found) -> Result<void> {
            note_service(found.stored.group, decisions);
            before.push_back(found.stored.group);
            if (decisions) {
                for (const EntryGroup& group : std::exchange(before, {})) {
                    decisions->take(group);
                }
            }
            return {};
        });
    if (!end) {
        return std::unexpected<Error>(end.error());
    }
    return decisions ? decisions->selected(selection) : std::vector<Decision>{};
}

}  // namespace

ExitStatus tell_decisions(const DecisionsOptions& options) {
    if (options.is_central) {
        return ask_shipper(options);
    }
    const Result<LedgerPlace> place = place_of(options.ledger);
    const Result<DecisionSelection> selection = selection_of(options);
    if (!place || !selection) {
        complain(place ? selection.error().text : place.error().text);
        return ExitStatus::usage;
    }
    const Result<std::vector<Decision>> decisions = read_decisions(*place, *selection);
    if (!decisions) {
        complain(decisions.error().text);
        return decisions.error().fault == Fault::corrupt ? ExitStatus::unexpected
                                                         : ExitStatus::usage;
    }
    const DecisionFormat format = options.is_csv                  ? DecisionFormat::csv
                                  : options.ledger.common.is_json ? DecisionFormat::json
                                                                  : DecisionFormat::table;
    fmt::print("{}", to_text(*decisions, format));
    return ExitStatus::ok;
}

}  // namespace homeostat::app
