// Processes that outlive the one that starts them, and hold nothing of it.
//
// Threads: any; what runs in the child uses no threads.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace logboom::collector {

// Runs `work` in a grandchild: a session of its own, in "/", with the descriptors of `keep` and no
// others (0, 1 and 2 are /dev/null unless kept). Returns at once; false: there is no such process.
bool detach(std::vector<int> keep, const std::function<void()>& work);

// Held by a sender as long as it looks after a spool directory.
[[nodiscard]] std::string sender_lock_path(const std::string& spool);
// Starts `program` SENDER-ARGUMENTS for the directory, unless one is at work there.
void start_sender(const std::string& program, const std::string& spool);
inline constexpr const char* kSenderCommand = "__ship-spool";

}  // namespace logboom::collector
