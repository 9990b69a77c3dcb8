#include "collector/run/command_start.h"

#include <fcntl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "collector/run/standard_streams.h"

namespace logboom::collector {
namespace {

// And the real-time signals. The last two are never passed on: a write then fails, which is enough.
constexpr std::array kBlocked{SIGHUP,  SIGINT,  SIGQUIT,   SIGTERM,  SIGUSR1, SIGUSR2, SIGALRM,
                              SIGABRT, SIGPROF, SIGVTALRM, SIGIO,    SIGPWR,  SIGXCPU, SIGSTKFLT,
                              SIGURG,  SIGTSTP, SIGCONT,   SIGWINCH, SIGCHLD, SIGPIPE, SIGXFSZ};

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('='));
    const bool replaced =
        std::any_of(more.begin(), more.end(), [&](const auto& pair) { return pair.first == name; });
    if (!replaced) entries.emplace_back(text);
  }
  for (const auto& [name, value] : more) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (const auto& text : texts) result.push_back(const_cast<char*>(text.c_str()));
  result.push_back(nullptr);
  return result;
}

// 0, or what executing the file says; its interpreter is not looked at.
int error_of(const std::string& path) {
  struct stat status{};
  if (::access(path.c_str(), X_OK) != 0 || ::stat(path.c_str(), &status) != 0) return errno;
  return S_ISREG(status.st_mode) ? 0 : EACCES;
}

// Where the shell would find it: the first that may be executed, else the first; "" nowhere.
std::string find_program(const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return name;
  std::string first;
  const char* const path = ::getenv("PATH");
  std::string_view left = path != nullptr ? path : "/bin:/usr/bin";
  while (!left.empty()) {
    const auto end = std::min(left.find(':'), left.size());
    const auto directory = left.substr(0, end);
    auto candidate = (directory.empty() ? "." : std::string(directory)) + "/" + name;
    if (error_of(candidate) == 0) return candidate;
    if (first.empty() && ::access(candidate.c_str(), F_OK) == 0) first = std::move(candidate);
    left.remove_prefix(std::min(end + 1, left.size()));
  }
  return first;
}

// What stands behind #! in a file's first line.
std::string interpreter_of(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::array<char, 256> bytes{};
  const auto got = file.open() ? ::read(file.get(), bytes.data(), bytes.size()) : -1;
  std::string_view line(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  if (!line.starts_with("#!")) return {};
  line = line.substr(2, line.find('\n') - 2);
  while (line.starts_with(' ')) line.remove_prefix(1);
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

void explain(const std::string& program, StartedCommand& started) {
  const auto path = find_program(program);
  auto& text = started.message = "cannot run '" + program + "': ";
  const bool missing = started.error_number == ENOENT;
  if (missing && !path.empty()) started.interpreter = interpreter_of(path);
  if (started.interpreter.ends_with('\r')) {
    auto shown = started.interpreter;
    shown.pop_back();
    text += "its interpreter '" + shown + "\\r' does not exist: the file has Windows line ends";
  } else if (!started.interpreter.empty()) {
    text += "its interpreter '" + started.interpreter + "' does not exist";
  } else if (missing && program.find('/') == std::string::npos) {
    text += "command not found";
  } else {
    text += std::strerror(started.error_number);
  }
}

// Runs in the parent's memory (vfork), so it may only make system calls.
[[noreturn]] void become(char* const* arguments, char* const* environment,
                         const std::array<int, 3>& outputs, const Signals::Before& before,
                         volatile int& error_number) {
  for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
    const int pipe = outputs[static_cast<std::size_t>(number)];
    if (pipe >= 0) ::dup2(pipe, number);
  }
  before.restore();
  ::execvpe(arguments[0], arguments, environment);
  error_number = errno;
  ::_exit(127);
}

}  // namespace

void Signals::Before::restore() const {
  ::sigaction(SIGCHLD, &child, nullptr);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
}

Signals::Signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : kBlocked) ::sigaddset(&set, number);
  for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, &before_.mask);
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &standard, &before_.child);
  descriptor_ = Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
}

bool Signals::ignored(int number) const {
  struct sigaction now{};  // unchanged since the start, but for SIGCHLD
  return ::sigaction(number, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

// No SIGSTOP: the kernel does not stop a group that nobody could continue, and the caller may have
// had it ignored.
void Signals::stop() const {
  sigset_t only;
  ::sigemptyset(&only);
  ::sigaddset(&only, SIGTSTP);
  ::raise(SIGTSTP);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  ::pthread_sigmask(SIG_BLOCK, &only, nullptr);
}

void foresee_error(const std::string& program, StartedCommand& started) {
  const auto path = find_program(program);
  started.error_number = path.empty() ? ENOENT : error_of(path);
  if (started.error_number == 0) {
    const auto interpreter = interpreter_of(path);
    if (!interpreter.empty()) started.error_number = error_of(interpreter);
  }
  if (started.error_number != 0) explain(program, started);
}

void exec_in_place(const std::vector<std::string>& command,
                   const std::vector<std::pair<std::string, std::string>>& environment,
                   const Signals::Before& before, StartedCommand& started) {
  const auto entries = environment_with(environment);
  const auto arguments = pointers(command), variables = pointers(entries);
  before.restore();
  ::execvpe(arguments[0], arguments.data(), variables.data());
  started.error_number = errno;
  explain(command.front(), started);
}

StartedCommand start_command(const std::vector<std::string>& command,
                             const std::vector<std::pair<std::string, std::string>>& environment,
                             const Signals::Before& before) {
  StartedCommand started;
  std::array<Descriptor, 3> ends;
  std::array<int, 3> outputs{-1, -1, -1};
  for (const int number : {STDOUT_FILENO, STDERR_FILENO}) {
    const auto index = static_cast<std::size_t>(number);
    std::array<int, 2> pipe{};
    if (is_closed_stream(number) || ::pipe2(pipe.data(), O_CLOEXEC) != 0) continue;
    Descriptor reading(pipe[0]);
    ends[index] = Descriptor(pipe[1]);
    outputs[index] = pipe[1];
    ::fcntl(reading.get(), F_SETFL, O_NONBLOCK);
    started.streams.push_back({number, std::move(reading)});
  }
  const auto entries = environment_with(environment);
  const auto arguments = pointers(command), variables = pointers(entries);
  volatile int error_number = 0;
  const pid_t pid = ::vfork();
  if (pid == 0) become(arguments.data(), variables.data(), outputs, before, error_number);
  if (pid < 0) {
    started.no_process = errno;
    return started;
  }
  started.pid = pid;
  started.error_number = error_number;
  if (error_number != 0) {
    ::waitpid(pid, nullptr, 0);
    explain(command.front(), started);
  }
  return started;
}

}  // namespace logboom::collector
