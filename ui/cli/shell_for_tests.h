// For the tests of `logs`: runs it in a home of its own and catches what it prints, also while it
// runs.
#pragma once

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <filesystem>
#include <mutex>
#include <sstream>
#include <streambuf>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "ui/cli/cli.h"

namespace logboom::ui::cli {

// A stream whose text another thread may wait for.
class Caught : public std::streambuf {
 public:
  [[nodiscard]] std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  // False when it has not come within a time that no healthy machine needs.
  [[nodiscard]] bool wait_for(std::string_view part) {
    std::unique_lock lock(mutex_);
    return grown_.wait_for(lock, std::chrono::seconds(30),
                           [&] { return text_.find(part) != std::string::npos; });
  }

 protected:
  int_type overflow(int_type c) override {
    const char byte = traits_type::to_char_type(c);
    xsputn(&byte, 1);
    return traits_type::not_eof(c);
  }
  std::streamsize xsputn(const char* bytes, std::streamsize count) override {
    const std::lock_guard lock(mutex_);
    text_.append(bytes, static_cast<std::size_t>(count));
    grown_.notify_all();
    return count;
  }

 private:
  std::mutex mutex_;  // guards text_
  std::condition_variable grown_;
  std::string text_;
};

struct Outcome {
  int code = 0;
  std::string out, err;
};

class Shell {
 public:
  Shell() {
    std::string name = (std::filesystem::temp_directory_path() / "logs-home-XXXXXX").string();
    if (!mkdtemp(name.data())) std::abort();
    signal(SIGPIPE, SIG_IGN);  // as the program does
    env["HOME"] = home = name;
    env["TERM"] = "xterm";
  }
  explicit Shell(const std::string& url) : Shell() { env["LOGS_URL"] = url; }
  ~Shell() { std::filesystem::remove_all(home); }
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  Outcome run(const std::vector<std::string>& arguments, const std::string& input = {}) {
    std::istringstream in(input);
    std::ostringstream out, err;
    Streams streams{.in = in, .out = out, .err = err, .env = env};
    streams.out_is_terminal = out_is_terminal;
    streams.err_is_terminal = err_is_terminal;
    if (now) streams.now = now;
    streams.width = width;
    streams.pause = [this](const std::stop_token&, std::chrono::milliseconds time) {
      pauses.push_back(time);
      return true;
    };
    const int code = cli::run(arguments, streams, parts);
    return {code, out.str(), err.str()};
  }

  Environment env;
  std::string home;
  bool out_is_terminal = false, err_is_terminal = false;
  std::function<std::int64_t()> now;
  Parts parts;
  std::size_t width = 100;
  std::vector<std::chrono::milliseconds> pauses;  // it would have made
};

// `logs tail` on a thread, until stopped.
class Running {
 public:
  Running(const Shell& shell, std::vector<std::string> arguments)
      : thread_([this, env = shell.env, arguments = std::move(arguments)](std::stop_token stop) {
          std::istringstream in;
          std::ostream out_stream(&out), err_stream(&err);
          Streams streams{.in = in, .out = out_stream, .err = err_stream, .env = env};
          streams.stop = stop;
          code_ = cli::run(arguments, streams, {});
        }) {}

  int stop() {
    thread_.request_stop();
    thread_.join();
    return code_;
  }

  Caught out, err;

 private:
  int code_ = -1;
  std::jthread thread_;
};

}  // namespace logboom::ui::cli
