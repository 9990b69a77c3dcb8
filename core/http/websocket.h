// The server's end of a WebSocket. Private to core/http.
#pragma once

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <memory>

#include "core/http/state.h"

namespace logboom::http {

// Answers the upgrade on the stream and serves the session until either side ends it. On the
// stream's strand.
void start_websocket(const std::shared_ptr<ServerState>& state, Stream stream,
                     beast::http::request<beast::http::empty_body> upgrade,
                     std::shared_ptr<Session> session);

}  // namespace logboom::http
