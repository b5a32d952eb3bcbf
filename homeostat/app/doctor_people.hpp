#pragma once

// What `homeostat doctor` asks of the channels to people, and of the page where they answer. No
// message is sent: nobody is woken.

#include "homeostat/app/doctor_peers.hpp"

#include <cstddef>

namespace homeostat::app {

/// That the address of the channel can be read, that its host is found and reached, and proves its
/// name. REQUIRES: there is a channel of this index.
[[nodiscard]] Task<Findings> check_channel(boost::asio::any_io_executor executor,
                                           Config config,
                                           std::size_t index,
                                           Instant deadline);

/// That the page of questions is served, and by an agent. It is asked for a link that never was.
/// REQUIRES: config.console.
[[nodiscard]] Task<Findings> check_page(boost::asio::any_io_executor executor,
                                        Config config,
                                        Instant deadline);

}  // namespace homeostat::app
