// Any bytes as what homeostat-shipper and its agent tell each other: refused, or read as what they
// are, and written again the same.

#include "homeostat/app/confirmed_file.hpp"
#include "homeostat/app/fleet_wire.hpp"
#include "homeostat/base/ensure.hpp"
#include "homeostat/base/json.hpp"
#include "homeostat/domain/fleet_word.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

template <class T>
void read_as(const homeostat::json::value& value) {
    if (const homeostat::Result<T> read = homeostat::from_json<T>(value)) {
        const homeostat::json::value written = homeostat::to_json(*read);
        const homeostat::Result<T> again = homeostat::from_json<T>(written);
        homeostat::ensure(again && homeostat::to_json(*again) == written, "it is what was written");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace homeostat;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const Result<json::value> value = parse_json(text)) {
        read_as<app::ConfirmedGroup>(*value);
        read_as<app::FleetTake>(*value);
        read_as<app::FleetGiveBack>(*value);
        read_as<FleetWord>(*value);
    }
    return 0;
}
