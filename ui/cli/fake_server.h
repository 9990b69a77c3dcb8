// For the tests of `logs`: a small Loki on a free port, with our line ids and cursors or without.
//
// It knows {name="value", ...} and plain words; it records every request. Threads: any.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/http/server.h"
#include "core/worker_pool.h"
#include "ui/cli/line.h"

namespace logboom::ui::cli {

class FakeServer {
 public:
  enum class Kind : std::uint8_t { ours, stock };

  explicit FakeServer(Kind kind = Kind::ours);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  [[nodiscard]] std::string url() const;
  // Stores a line and sends it to whoever tails.
  void add(std::int64_t time_ns, std::string_view job, std::string_view body,
           std::vector<std::pair<std::string, std::string>> metadata = {},
           std::string_view stream = "stdout");
  // Answers every request with this from now on; 0: as usual.
  void answer_with(int status, std::string body);
  // What /api/v1/PATH answers from now on. A path nobody set is answered 404 with "no such thing".
  void set_api(std::string path, std::string body, int status = 200);
  // The statuses of the next pings, in order; 200 when there are none left.
  void answer_pings(std::vector<int> statuses);
  // Wants `Authorization: Bearer TOKEN`.
  void require_token(std::string token);
  // Breaks all tails, and refuses the next `refusals` that come back.
  void drop_tails(int refusals = 0);

  // The requests so far as "/path name=value name=value", in order.
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] std::vector<http::Request> raw_requests() const;
  // False when they do not come within a time that no healthy machine needs.
  [[nodiscard]] bool wait_for_requests(std::size_t count);

 private:
  class Tail;
  [[nodiscard]] http::Response guard(const http::Request& request, const http::Handler& handler);
  [[nodiscard]] http::Response range(const http::Request& request);
  [[nodiscard]] http::Response jobs();
  [[nodiscard]] http::Response api(const http::Request& request);
  [[nodiscard]] http::Response ping();
  [[nodiscard]] std::variant<http::Response, std::shared_ptr<http::Session>> tail(
      const http::Request& request);
  [[nodiscard]] std::string streams(const std::vector<const Line*>& lines) const;
  [[nodiscard]] bool wanted(const http::Request& request, const Line& line) const;

  Kind kind_;
  mutable std::mutex mutex_;  // guards all below but the server
  std::vector<std::unique_ptr<Line>> lines_;
  std::vector<http::Request> requests_;
  std::condition_variable requested_;
  std::vector<std::weak_ptr<Tail>> tails_;
  int status_ = 0, refusals_ = 0;
  std::string status_body_, token_;
  std::map<std::string, std::pair<int, std::string>> api_;
  std::vector<int> pings_;
  WorkerPool workers_{4};
  std::unique_ptr<http::Server> server_;
};

}  // namespace logboom::ui::cli
