// IRC out: one connection kept, made again when it breaks.
//
// Threads: the channel's own for the connection; send() from one.
#pragma once

#include <memory>

#include "alerts/notify/channel.h"
#include "alerts/options.h"

namespace logboom::alerts {

// A letter's bytes are one line of at most kMaxIrcLine bytes; its recipient is a channel.
// Errors: invalid (URL, nick).
[[nodiscard]] Result<std::unique_ptr<Channel>> make_irc_channel(IrcOptions options);

}  // namespace logboom::alerts
