# The third-party names of layers.txt. Each is an interface target `third_party_<name>`; what they
# are, their versions, licences and reasons stand in third_party/README.md.

set(Boost_USE_STATIC_LIBS ON)  # One binary to copy; the rest comes from the distribution as it is.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED CONFIG COMPONENTS json url)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(CLI11 2 REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(date 3 REQUIRED CONFIG)
find_package(doctest 2.4 REQUIRED)
find_package(benchmark 1.7 REQUIRED)

function(third_party name)
    add_library(third_party_${name} INTERFACE)
    target_link_libraries(third_party_${name} INTERFACE ${ARGN})
endfunction()

# Asio and Beast are compiled once instead of in every file that includes them. The definitions must
# be the same everywhere, so they travel with the targets.
add_library(asio_compiled STATIC third_party/asio.cpp)
target_link_libraries(asio_compiled PUBLIC Boost::headers Threads::Threads OpenSSL::SSL)
target_compile_definitions(asio_compiled PUBLIC BOOST_ASIO_SEPARATE_COMPILATION
                                                BOOST_ASIO_NO_DEPRECATED)
add_library(beast_compiled STATIC third_party/beast.cpp)
target_link_libraries(beast_compiled PUBLIC asio_compiled)
target_compile_definitions(beast_compiled PUBLIC BOOST_BEAST_SEPARATE_COMPILATION
                                                 BOOST_BEAST_USE_STD_STRING_VIEW)

third_party(boost_asio asio_compiled)
third_party(boost_beast beast_compiled)
third_party(boost_json Boost::json)
third_party(boost_url Boost::url)
third_party(fmt fmt::fmt)
third_party(spdlog spdlog::spdlog)
third_party(yaml_cpp yaml-cpp)
third_party(cli11 CLI11::CLI11)
third_party(openssl OpenSSL::SSL OpenSSL::Crypto)
third_party(sqlite SQLite::SQLite3)
third_party(pqxx pqxx)
third_party(nats nats)
third_party(date_tz date::date-tz)
third_party(xxhash)
target_compile_definitions(third_party_xxhash INTERFACE XXH_INLINE_ALL)  # Its headers alone do.
third_party(doctest doctest::doctest)
third_party(benchmark benchmark::benchmark)
