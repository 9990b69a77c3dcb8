#include "query/long_task.h"

#include <chrono>

#include "core/json.h"

namespace logboom::query {
namespace {

constexpr std::chrono::milliseconds kEvery{1'000};

}  // namespace

std::string progress_line(const store::Step& step) {
  std::string line = "{\"done\":" + std::to_string(step.done) +
                     ",\"total\":" + std::to_string(step.total) + ",\"unit\":";
  append_json_string(line, step.unit);
  line += ",\"what\":";
  append_json_string(line, step.what);
  return line + "}\n";
}

std::string end_line(const Result<std::string>& result) {
  if (result) return "{\"result\":" + *result + "}\n";
  std::string line = "{\"error\":{\"code\":";
  append_json_string(line, name(result.error().code));
  line += ",\"message\":";
  append_json_string(line, result.error().message);
  return line + "}}\n";
}

Result<std::shared_ptr<void>> LongTasks::begin(std::string_view what) {
  const std::lock_guard lock(running_->mutex);
  if (!running_->what.empty())
    return fail(Errc::conflict, "a " + running_->what +
                                    " is running, and one such task runs at a time: wait for it");
  running_->what = what;
  return std::shared_ptr<void>(running_.get(), [running = running_](void*) {
    const std::lock_guard ended(running->mutex);
    running->what.clear();
  });
}

LongTask::LongTask(Work work, std::shared_ptr<void> right)
    : thread_([this, work = std::move(work),
               right = std::move(right)](const std::stop_token& stop) mutable {
        auto result = work([this](const store::Step& step) { tell(step); }, stop);
        right.reset();
        const std::lock_guard lock(mutex_);
        last_ = end_line(result);
        changed_.notify_all();
      }) {}

// Often: lines are made only from what a reader will see.
void LongTask::tell(const store::Step& step) {
  const std::lock_guard lock(mutex_);
  if (line_.empty()) line_ = progress_line(step);
}

bool LongTask::next(std::string& part, const std::stop_token& client) {
  std::unique_lock lock(mutex_);
  line_.clear();
  changed_.wait_for(lock, client, kEvery, [this] { return !last_.empty(); });
  if (client.stop_requested()) {
    thread_.request_stop();
    return false;
  }
  part += line_;
  if (last_.empty()) {
    // Something at least, so that neither side takes the other for dead.
    if (line_.empty()) part += progress_line({});
    return true;
  }
  part += last_;
  return false;
}

http::Response streamed(std::shared_ptr<LongTask> task, std::stop_token client) {
  http::Response response;
  response.headers = {{"Content-Type", "application/x-ndjson"}};
  response.stream = [task = std::move(task), client = std::move(client)](std::string& part) {
    return task->next(part, client);
  };
  return response;
}

}  // namespace logboom::query
