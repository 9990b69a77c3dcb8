// The program `logs`: runs commands (`logs run`, and as a shell: `logs-sh`) itself, and is replaced
// by `logs-cli`, which lies beside it, for everything else.
//
// Why two programs: `logs run` stands before every job of a crontab, and loading what speaks HTTP
// takes longer than many a job.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "collector/run/command_line.h"
#include "collector/run/detach.h"
#include "collector/run/wrapper.h"

namespace {

using namespace logboom;

constexpr int kUsage = 2, kCannotStart = 126;

std::string rest_of_program() {
  std::array<char, PATH_MAX> path{};
  const auto size = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  if (size <= 0) return {};
  const std::string self(path.data(), static_cast<std::size_t>(size));
  return self.substr(0, self.rfind('/') + 1) + "logs-cli";
}

[[noreturn]] void become_cli(char** argv) {
  const auto program = rest_of_program();
  ::execv(program.c_str(), argv);
  std::fprintf(stderr, "logs: %s: %s; it belongs beside `logs`\n", program.c_str(),
               std::strerror(errno));
  ::_exit(kCannotStart);
}

[[noreturn]] void wrap(collector::RunRequest request) {
  request.start_sender = [program = rest_of_program(), spool = request.spool] {
    collector::start_sender(program, spool);
  };
  collector::end_like(collector::run_wrapped(request));
}

[[noreturn]] void run_as_shell(const std::vector<std::string>& words, char** argv) {
  // What the command starts with $SHELL -c is a part of it, not a run of its own.
  ::setenv("SHELL", "/bin/sh", 1);
  if (auto request = collector::parse_shell_line(words)) wrap(*std::move(request));
  ::execv("/bin/sh", argv);
  std::fprintf(stderr, "logs-sh: /bin/sh: %s\n", std::strerror(errno));
  ::_exit(kCannotStart);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + (argc > 0), argv + argc);
  if (argc > 0 && collector::is_shell_name(argv[0])) run_as_shell(words, argv);
  if (words.empty() || words.front() != "run") become_cli(argv);
  auto line = collector::parse_run_line({words.begin() + 1, words.end()});
  if (!line) {
    std::fprintf(stderr, "logs run: %s\n", line.error().message.c_str());
    return kUsage;
  }
  if (line->help) become_cli(argv);
  wrap(std::move(line->request));
}
