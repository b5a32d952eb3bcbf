// Boost.Asio, compiled once (BOOST_ASIO_SEPARATE_COMPILATION), so that no other file pays for it.

#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
