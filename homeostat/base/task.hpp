#pragma once

// Task<T>: what a port returns when the answer takes time. An alias, so that the ports do not name
// a library. This is the only header of base that knows Asio.

#include <boost/asio/awaitable.hpp>

namespace homeostat {

template <class T>
using Task = boost::asio::awaitable<T>;

}  // namespace homeostat
