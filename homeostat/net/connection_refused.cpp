#include "homeostat/net/connection_refused.hpp"

#include <boost/asio/error.hpp>

namespace homeostat::net {

bool is_connection_refused(const Error& error) {
    // connect_error() (stream.cpp) ends its text with these very words: no Fault tells it apart,
    // since to nobody else it makes a difference.
    static const boost::system::error_code refused =
        boost::asio::error::make_error_code(boost::asio::error::connection_refused);
    return error.fault == Fault::unreachable && error.text.ends_with(refused.message());
}

}  // namespace homeostat::net
