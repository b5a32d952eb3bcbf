#include "homeostat/app/demo/redis_cluster.hpp"

#include <doctest/doctest.h>

#include <array>

using namespace homeostat::app::demo;

TEST_CASE("three nodes share all slots, and each finds itself in its own file") {
    const std::array<RedisNode, redis_nodes_count> nodes{
        {{7001, 17001}, {7002, 17002}, {7003, 17003}}};
    CHECK(cluster_file(nodes, 1) ==
          "0000000000000000000000000000000000000001 127.0.0.1:7001@17001 master - 0 0 1 connected "
          "0-5460\n"
          "0000000000000000000000000000000000000002 127.0.0.1:7002@17002 myself,master - 0 0 2 "
          "connected 5461-10921\n"
          "0000000000000000000000000000000000000003 127.0.0.1:7003@17003 master - 0 0 3 connected "
          "10922-16383\n"
          "vars currentEpoch 3 lastVoteEpoch 0\n");
}
