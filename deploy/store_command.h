// `logboom store`: an operator's look at the store, here or through the server that has it open.
#pragma once

#include <string>
#include <vector>

namespace logboom::deploy {

// Returns the exit code: 0, 1 (failed, or verify found something wrong), 2 (usage), 130 (stopped).
[[nodiscard]] int run_store(const std::vector<std::string>& arguments);

}  // namespace logboom::deploy
