// What the store's tasks answer (JSON), as people read it. Pure: the same for a store opened here
// and for one of a running server.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace logboom::deploy {

// `command`: stats, verify, compact, backup or restore. Errors: invalid (not such an answer: the
// server is of another version).
[[nodiscard]] Result<std::string> store_text(std::string_view command, std::string_view json);

// How many values verify found wrong; 0 for all other answers.
[[nodiscard]] std::uint64_t bad_values(std::string_view json);

}  // namespace logboom::deploy
