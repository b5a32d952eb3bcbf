#include "homeostat/app/ledger_history.hpp"

#include "homeostat/adapters/segment_log/segment_reader.hpp"

#include <utility>

namespace homeostat::app {

namespace {

namespace ledger = adapters::segment_log;
using adapters::ledger_index::LedgerIndex;

/// Whose trouble it is decides what is done: without its index a ledger can still be read.
struct Trouble {
    Error error;
    bool is_of_index{false};
};

using Caught = std::expected<void, Trouble>;

std::unexpected<Trouble> of_index(const Error& error) {
    return std::unexpected(Trouble{error, true});
}

constexpr std::uint64_t groups_per_commit = 20'000;  // Some 50 MB of a large ledger at once.

/// Reads on from where the index stands. False: it is not of this ledger, or of a longer one.
std::expected<bool, Trouble> read_on(LedgerIndex& index, const ledger::LedgerFiles& files) {
    const adapters::ledger_index::Place from = index.place();
    bool agrees = from.next_index == 0;
    bool is_of_index = false;
    const ledger::VisitFound visit = [&](const ledger::FoundGroup& found) -> Result<void> {
        const EntryGroup& group = found.stored.group;
        if (group.index + 1 == from.next_index) {
            agrees = found.hash == from.hash;
        }
        if (group.index < from.next_index || !agrees) {
            return {};
        }
        Result<void> taken = index.take(group, found.hash);
        if (taken && (group.index + 1) % groups_per_commit == 0) {
            taken = index.commit();
        }
        is_of_index = !taken;
        return taken;
    };
    const std::uint64_t first = from.next_index == 0 ? 0 : from.next_index - 1;
    const Result<ledger::LedgerEnd> end = ledger::read_segments(files, first, visit);
    if (!end) {
        return std::unexpected(Trouble{end.error(), is_of_index});
    }
    const Result<void> kept = index.commit();
    if (!kept) {
        return of_index(kept.error());
    }
    return agrees;
}

/// What the ledger does not keep any longer, its index must not tell either.
std::expected<bool, Trouble> is_shortened(const LedgerIndex& index,
                                          const ledger::LedgerFiles& files) {
    const Result<std::uint64_t> first = ledger::first_index_in(files);
    if (!first) {
        return std::unexpected(Trouble{first.error(), false});
    }
    return index.place().next_index > 0 && index.place().first_index < *first;
}

Caught catch_up(LedgerIndex& index,
                const ledger::LedgerFiles& files,
                const std::function<void(std::string_view)>& tell) {
    const std::expected<bool, Trouble> shortened = is_shortened(index, files);
    const std::expected<bool, Trouble> agrees =
        shortened && *shortened ? std::expected<bool, Trouble>(false) : read_on(index, files);
    if (!shortened || !agrees) {
        return std::unexpected(shortened ? agrees.error() : shortened.error());
    }
    if (*agrees) {
        return {};
    }
    tell(*shortened ? "the ledger has dropped its oldest records; the index is built anew"
                    : "the index is not of this ledger as it is now; it is built anew");
    const Result<void> cleared = index.clear();
    if (!cleared) {
        return of_index(cleared.error());
    }
    const std::expected<bool, Trouble> anew = read_on(index, files);
    return anew ? Caught{} : std::unexpected(anew.error());
}

std::expected<History, Trouble> answer(Result<LedgerIndex> index,
                                       const ledger::LedgerFiles& files,
                                       const HistoryQuestion& question,
                                       const std::function<void(std::string_view)>& tell) {
    if (!index) {
        return of_index(index.error());
    }
    if (!index->news().empty()) {
        tell(index->news());
    }
    const Caught caught_up = catch_up(*index, files, tell);
    if (!caught_up) {
        return std::unexpected(caught_up.error());
    }
    Result<std::vector<IncidentSummary>> incidents = index->incidents(question.filter);
    if (!incidents) {
        return of_index(incidents.error());
    }
    History history{std::move(*incidents), std::nullopt};
    if (question.has_statistics) {
        auto statistics = index->statistics(question.filter);
        if (!statistics) {
            return of_index(statistics.error());
        }
        history.statistics = std::move(*statistics);
    }
    return history;
}

}  // namespace

Result<History> ask_history(const HistoryPlace& place,
                            const HistoryQuestion& question,
                            const std::function<void(std::string_view)>& tell) {
    if (!place.index.empty()) {
        std::expected<History, Trouble> kept =
            answer(LedgerIndex::open(place.index), place.ledger, question, tell);
        if (!kept && kept.error().is_of_index && kept.error().error.fault == Fault::corrupt) {
            tell(kept.error().error.text + "; it is built anew");
            LedgerIndex::remove(place.index);
            kept = answer(LedgerIndex::open(place.index), place.ledger, question, tell);
        }
        if (kept) {
            return std::move(*kept);
        }
        if (!kept.error().is_of_index) {
            return std::unexpected(kept.error().error);
        }
        tell("no index is kept, so all of the ledger is read: " + kept.error().error.text);
    }
    std::expected<History, Trouble> read =
        answer(LedgerIndex::in_memory(), place.ledger, question, tell);
    return read ? Result<History>(std::move(*read)) : std::unexpected(read.error().error);
}

}  // namespace homeostat::app
