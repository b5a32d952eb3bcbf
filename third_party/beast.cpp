// Boost.Beast, compiled once (BOOST_BEAST_SEPARATE_COMPILATION), so that no other file pays for it.

#include <boost/beast/src.hpp>
