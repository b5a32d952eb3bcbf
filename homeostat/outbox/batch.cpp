#include "homeostat/outbox/batch.hpp"

#include <fmt/format.h>

namespace homeostat::outbox {

std::string key_of(std::string_view ledger, const EntryPlace& place) {
    return fmt::format("{}.{}.{}", ledger, place.group, place.entry);
}

}  // namespace homeostat::outbox
