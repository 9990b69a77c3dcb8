// The main function of `logs-cli`, which `logs` becomes: signals, streams, and what is the
// collector's (sending lines and spooled runs); the rest is ui/cli.
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <iostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "collector/run/command_line.h"
#include "collector/run/detach.h"
#include "collector/run/local_runs.h"
#include "collector/run/sender.h"
#include "collector/standard_input.h"
#include "core/log.h"
#include "core/stop.h"
#include "ui/cli/cli.h"
#include "ui/cli/settings.h"

namespace {

using logboom::Result;
namespace cli = logboom::ui::cli;

// How long an interrupted command has to come to its end by itself.
constexpr std::chrono::milliseconds kGrace{500};
// How long `logs why` waits for what this machine has not sent yet.
constexpr std::chrono::milliseconds kLocalRunsWait{5'000};

cli::Environment environment() {
  cli::Environment result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) {
      result.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return result;
}

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

Result<std::uint64_t> send(const cli::SendRequest& request, std::stop_token stop) {
  logboom::collector::SendOptions options;
  options.url = request.url;
  options.headers = request.headers;
  options.ca_file = request.ca_file;
  options.tool = request.tool;
  options.job = request.job;
  options.labels = request.labels;
  options.node = host_name();
  options.progress = [&](const logboom::collector::SendReport& report) {
    if (report.waiting) request.waiting();
  };
  const auto report = logboom::collector::send(STDIN_FILENO, options, std::move(stop));
  if (!report) return logboom::fail(report.error());
  return report->delivered;
}

void wait_for_local_runs(const std::string&, const std::string& job, std::stop_token stop) {
  (void)logboom::collector::wait_for_local_runs(logboom::collector::default_spool(), job,
                                                kLocalRunsWait, std::move(stop));
}

// What `logs run` starts where no collector ships its runs. Nobody reads what it says.
int ship_spool(const std::string& spool) {
  logboom::block_stop_signals();
  (void)logboom::log::set_level("off");
  const auto settings = cli::settings({}, environment());
  if (!settings) return cli::kUsage;
  logboom::collector::SpoolSenderOptions options;
  options.spool = spool;
  options.tool = settings->tool;
  options.node = host_name();
  options.target = {.url = settings->url, .headers = {}, .ca_file = settings->ca_file};
  if (!settings->token.empty()) {
    options.target.headers.emplace_back("Authorization", "Bearer " + settings->token);
  }
  std::stop_source stop;
  std::jthread signals([&] {
    logboom::wait_for_stop_signal();
    stop.request_stop();
  });
  const auto sent = logboom::collector::send_spool(options, stop.get_token());
  // Nothing is left to do in order: what was not acknowledged is still in the spool.
  _exit(sent ? cli::kOk : cli::kError);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && argv[1] == std::string_view(logboom::collector::kSenderCommand)) {
    return ship_spool(argv[2]);
  }
  logboom::block_stop_signals();
  (void)logboom::log::set_level("off");  // the program speaks to people itself
  std::ios::sync_with_stdio(false);

  std::stop_source stop;
  cli::Streams streams{.in = std::cin, .out = std::cout, .err = std::cerr, .env = environment()};
  streams.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  streams.err_is_terminal = isatty(STDERR_FILENO) != 0;
  streams.stop = stop.get_token();
  if (winsize size{}; ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    streams.width = size.ws_col;
  }

  std::jthread signals([&](std::stop_token ended) {
    logboom::wait_for_stop_signal([&] { stop.request_stop(); });
    stop.request_stop();
    // A request that a server does not answer must not keep a person waiting.
    while (logboom::sleep_for(ended, kGrace)) {
      if (!streams.busy) _exit(cli::kInterrupted);
    }
  });
  const int code = cli::run({argv + 1, argv + argc}, streams,
                            {.send = send, .wait_for_local_runs = wait_for_local_runs});
  signals.request_stop();
  if (!stop.stop_requested()) pthread_kill(signals.native_handle(), SIGTERM);
  return code;
}
