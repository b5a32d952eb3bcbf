#pragma once

// What a command says on stderr when it cannot do what it was asked for.

#include <string_view>

namespace homeostat::app {

/// "homeostat: TEXT", each line of it escaped: it may quote an agent, a ledger or a path.
void complain(std::string_view text);

}  // namespace homeostat::app
