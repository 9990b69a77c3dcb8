// A task that takes long, told line by line to the client that waits for it (NDJSON).
//
//   {"done":..,"total":..,"unit":"..","what":".."}       about once a second
//   {"result":{..}} or {"error":{"code":"..","message":".."}}   the last line
//
// Owns:    the task's thread. Destroying it asks the task to stop and waits for that.
// Threads: one stream reads one task; LongTasks from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "core/http/message.h"
#include "core/result.h"
#include "store/progress.h"

namespace logboom::query {

// One at a time: they would only slow each other down.
class LongTasks {
 public:
  // The right to run one, until the returned object dies. conflict: another runs; it is named.
  [[nodiscard]] Result<std::shared_ptr<void>> begin(std::string_view what);

 private:
  struct Running {
    std::mutex mutex;  // guards what
    std::string what;  // empty: none
  };
  std::shared_ptr<Running> running_ = std::make_shared<Running>();
};

class LongTask {
 public:
  // Returns its result as a JSON object.
  using Work = std::function<Result<std::string>(const store::Progress&, const std::stop_token&)>;
  // Starts at once; `right` is let go of when the work is over.
  LongTask(Work work, std::shared_ptr<void> right);

  // Appends the next line, after a second at most. False: it was the last, or the client has gone.
  [[nodiscard]] bool next(std::string& part, const std::stop_token& client);

 private:
  void tell(const store::Step& step);

  std::mutex mutex_;  // guards line_ and last_
  std::condition_variable_any changed_;
  std::string line_, last_;
  std::jthread thread_;  // last: it ends before what it uses
};

// The lines of a progress and of an end.
[[nodiscard]] std::string progress_line(const store::Step& step);
[[nodiscard]] std::string end_line(const Result<std::string>& result);

// The answer to who asked for the task: 200 and its lines as they come.
[[nodiscard]] http::Response streamed(std::shared_ptr<LongTask> task, std::stop_token client);

}  // namespace logboom::query
