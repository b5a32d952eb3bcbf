#pragma once

// Replies as HAProxy 2.6 gives them, with the columns that we do not read left out.
//
// Pure. For tests only.

#include <string>

namespace homeostat::adapters::haproxy {

inline const std::string stat_header =
    "# "
    "pxname,svname,qcur,scur,slim,stot,econ,eresp,wretr,wredis,status,type,last_chk,hrsp_5xx,req_"
    "tot,"
    "srv_abrt,qtime,ctime,rtime,mode,\n";

inline const std::string state_header =
    "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
    "srv_time_since_last_change\n";

/// p0 has failed in each of its ways and is up; p1 drains.
inline const std::string payments_stat =
    stat_header +
    "pay,p0,1,2,40,110,3,4,5,6,UP,2,Layer7 check passed,7,100,8,1,2,30,http,\n"
    "pay,p1,0,0,,50,0,0,0,0,DRAIN,2,\"a,\"\"b\"\"\n\nc\",0,50,0,0,0,20,http,\n"
    "pay,BACKEND,10,12,20,170,13,4,5,6,UP,1,,27,165,8,2,3,25,http,\n\n";

inline const std::string payments_state =
    state_header + "4 pay 1 p0 127.0.0.1 2 0 1 300\n4 pay 2 p1 127.0.0.1 2 8 1 7\n\n";

inline const std::string payments_reply = payments_stat + payments_state;

/// The same with p0 in the given operational and administrative state.
inline std::string reply_with(const std::string& operational,
                              const std::string& administrative,
                              const std::string& weight = "1") {
    return payments_stat + state_header + "4 pay 1 p0 127.0.0.1 " + operational + " " +
           administrative + " " + weight + " 300\n4 pay 2 p1 127.0.0.1 2 8 1 7\n\n";
}

}  // namespace homeostat::adapters::haproxy
