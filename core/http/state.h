// What all connections of one server share, and what the server asks of each. Private to core/http.
//
// Life: the server, every connection and every task on the worker pool hold the state, and it holds
// the io_context they all post to. So whoever is last may run out at leisure; nothing posts to a
// dead io_context. The server has stopped when the last connection has left. Threads: any, except
// where a member says otherwise.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/http/server.h"
#include "core/http/stream.h"

namespace logboom::http {

class ServerState;

// A connection as the server sees it. Its destructor is its leaving.
class Connected {
 public:
  explicit Connected(std::shared_ptr<ServerState> state) : state_(std::move(state)) {}
  virtual ~Connected();
  Connected(const Connected&) = delete;
  Connected& operator=(const Connected&) = delete;

  virtual void stop() = 0;   // when the current exchange is done; a WebSocket at once
  virtual void abort() = 0;  // at once

 protected:
  std::shared_ptr<ServerState> state_;
};

class ServerState {
 public:
  ServerState(ServerOptions the_options, Router the_router, WorkerPool& the_workers)
      : options(std::move(the_options)),
        router(std::move(the_router)),
        workers(the_workers),
        io(static_cast<int>(options.io_threads)) {}

  const ServerOptions options;
  const Router router;
  WorkerPool& workers;
  asio::io_context io;
  std::optional<asio::ssl::context> tls;  // set before the first connection
  std::atomic<bool> stopping = false;
  std::atomic<bool> aborting = false;  // the grace is over

  // Counts the connection in; it must be owned by the pointer. A server that is stopping asks it to
  // stop at once.
  void enter(const std::shared_ptr<Connected>& connected);
  void leave(const Connected* connected);
  [[nodiscard]] std::size_t connections() const;
  [[nodiscard]] std::vector<std::shared_ptr<Connected>> all() const;
  // True when nobody is left.
  bool wait_until_empty(std::chrono::milliseconds at_most);

  // Bytes of request bodies in memory, of all connections together.
  [[nodiscard]] bool take_body_bytes(std::size_t bytes);
  void return_body_bytes(std::size_t bytes) { body_bytes_ -= bytes; }

 private:
  std::atomic<std::size_t> body_bytes_ = 0;
  mutable std::mutex mutex_;  // guards connected_
  std::condition_variable left_;
  std::unordered_map<const Connected*, std::weak_ptr<Connected>> connected_;
};

// Serves a fresh socket. `refuse`: there are too many; say 503 and close.
void start_connection(std::shared_ptr<ServerState> state, asio::ip::tcp::socket socket,
                      bool refuse);

}  // namespace logboom::http
