// The server's HTTP API as the commands use it, and how a question of theirs is put.
//
// Errors: as exit codes want them: denied (401, 403), not_found (404), limit (429), invalid (400),
//         unavailable (no connection, 502, 503, 504), internal (other statuses). Each says what to
//         do.
// Threads: one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/client.h"
#include "core/result.h"
#include "ui/cli/answer.h"
#include "ui/cli/settings.h"

namespace logboom::ui::cli {

// The most lines one query_range may ask for.
inline constexpr std::size_t kMaxPage = 5000;
inline constexpr std::chrono::milliseconds kRequestTimeout{60'000};

// What is asked: LogQL, plain words, or both (then a line must match both).
struct Query {
  std::string logql, search;
};

// What the flags select, before it is a Query.
struct Selection {
  std::vector<std::string> jobs;           // names, with * and ? as in file names
  std::vector<std::string> grep, exclude;  // regular expressions; any of grep, none of exclude
  bool ignore_case = false;
  std::string run;     // of this run alone
  std::string logql;   // replaces the jobs' selector
  std::string search;  // words; LogQL when it starts with '{'
};
[[nodiscard]] Query make_query(const Selection& selection, std::string_view tool);
[[nodiscard]] bool is_glob(std::string_view job);
// A LogQL string with its quotes.
[[nodiscard]] std::string logql_quote(std::string_view text);

// [start, end) in nanoseconds. `after`: only what comes behind this line, TIME.ID, in the direction
// that is read; a server without line ids does not know it.
struct Range {
  std::int64_t start = 0, end = 0;
  std::string after = {};
};
enum class Direction : std::uint8_t { forward, backward };

struct TailStart {
  std::int64_t start = 0;  // back-fill from here, for a server without cursors too
  std::size_t limit = 0;   // lines of back-fill
  std::string cursor;      // empty: a new tail
};

[[nodiscard]] std::string range_target(const Query& query, const Range& range, std::size_t limit,
                                       Direction direction);
[[nodiscard]] std::string tail_target(const Query& query, const TailStart& start);

class Server {
 public:
  // any: no tool is named, so that a run is found by its id alone.
  enum class Tools : std::uint8_t { one, any };
  static Result<Server> create(const Settings& settings, Tools tools = Tools::one,
                               std::chrono::milliseconds timeout = kRequestTimeout);

  // Our own API: the answer's body. Not found is said in the server's own words.
  [[nodiscard]] Result<std::string> ask(const std::string& target);
  // Posts a text.
  [[nodiscard]] Result<void> tell(const std::string& target, const std::string& text);

  // In order of time, oldest first, whatever the direction; the direction says which end of the
  // range the `limit` lines are taken from.
  [[nodiscard]] Result<std::vector<Line>> range(const Query& query, Range range, std::size_t limit,
                                                Direction direction);
  [[nodiscard]] Result<std::vector<std::string>> values(std::string_view label, Range range);
  // Whether it is up and lets us in.
  [[nodiscard]] Result<void> check();
  [[nodiscard]] const http::ClientOptions& options() const { return options_; }

 private:
  Server(http::ClientOptions options, std::unique_ptr<http::Client> client);
  [[nodiscard]] Result<std::string> get(const std::string& target);
  [[nodiscard]] Result<std::string> own_answer(Result<http::Answer> answer) const;

  http::ClientOptions options_;
  std::unique_ptr<http::Client> client_;
};

// Adds the remedy to an error about reaching the server.
[[nodiscard]] Error explain(Error error, std::string_view url);

}  // namespace logboom::ui::cli
