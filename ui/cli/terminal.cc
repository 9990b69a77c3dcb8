#include "ui/cli/terminal.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <streambuf>

#include "ui/cli/utf8.h"

namespace logboom::ui::cli {
namespace {

// Bytes of the escape sequence at the start of the text, which begins with ESC or a C1 introducer
// (`introducer`: '[' for CSI, ']' for OSC and other strings, 0 for none) after `offset` bytes.
std::size_t sequence_bytes(std::string_view text, std::size_t offset, char introducer) {
  std::size_t i = offset;
  if (introducer == '[') {
    while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x3f) ++i;
    return i < text.size() && text[i] >= 0x40 && text[i] <= 0x7e ? i + 1 : i;
  }
  if (introducer == ']') {
    // A string ends at BEL, ESC \ or C1 ST; without an end only the introducer is taken.
    for (; i < text.size(); ++i) {
      if (text[i] == '\a') return i + 1;
      if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
      if (text[i] == '\xc2' && i + 1 < text.size() && text[i + 1] == '\x9c') return i + 2;
    }
    return offset;
  }
  while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x2f) ++i;
  return i < text.size() && text[i] >= 0x30 && text[i] <= 0x7e ? i + 1 : i;
}

std::size_t escape_bytes(std::string_view text) {
  if (text.size() < 2) return 1;
  if (text[1] == '[') return sequence_bytes(text, 2, '[');
  if (std::string_view("]PX^_").contains(text[1])) return sequence_bytes(text, 2, ']');
  return sequence_bytes(text, 1, 0);
}

std::size_t c1_bytes(std::string_view text, char32_t code) {
  if (code == 0x9b) return sequence_bytes(text, 2, '[');
  if (code == 0x90 || code == 0x98 || code >= 0x9d) return sequence_bytes(text, 2, ']');
  return 2;
}

bool reorders_text(char32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

bool on_path(const Environment& environment, std::string_view program) {
  auto path = get(environment, "PATH");
  for (std::size_t start = 0; start <= path.size();) {
    const auto end = std::min(path.find(':', start), path.size());
    const auto file = path.substr(start, end - start) + "/" + std::string(program);
    if (access(file.c_str(), X_OK) == 0) return true;
    start = end + 1;
  }
  return false;
}

bool is_set(const Environment& environment, const std::string& name) {
  const auto value = get(environment, name);
  return !value.empty() && value != "0";
}

}  // namespace

std::string get(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

bool use_colour(std::string_view flag, const Environment& environment, bool is_terminal) {
  if (flag == "always") return true;
  if (flag == "never") return false;
  if (!get(environment, "NO_COLOR").empty()) return false;
  if (is_set(environment, "CLICOLOR_FORCE") || is_set(environment, "FORCE_COLOR")) return true;
  return is_terminal && get(environment, "TERM") != "dumb";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto symbol = next_symbol(text);
    std::size_t bytes = symbol.bytes;
    if (!symbol.valid) {
      out += "\xEF\xBF\xBD";
    } else if (symbol.code == '\n') {
      out += ' ';
    } else if (symbol.code == 0x1b) {
      bytes = escape_bytes(text);
    } else if (symbol.code >= 0x80 && symbol.code < 0xa0) {
      bytes = c1_bytes(text, symbol.code);
    } else if ((symbol.code >= 0x20 || symbol.code == '\t') && symbol.code != 0x7f &&
               !reorders_text(symbol.code)) {
      out += text.substr(0, bytes);
    }
    text.remove_prefix(bytes);
  }
  return out;
}

// A stream buffer over the pipe to the child.
class Pager::Pipe : public std::streambuf {
 public:
  explicit Pipe(int fd) : fd_(fd) { setp(bytes_.data(), bytes_.data() + bytes_.size()); }
  ~Pipe() override {
    sync();
    close(fd_);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

 protected:
  int sync() override {
    const char* next = pbase();
    while (next < pptr()) {
      const ssize_t written = write(fd_, next, static_cast<std::size_t>(pptr() - next));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        setp(bytes_.data(), bytes_.data() + bytes_.size());
        return -1;
      }
      next += written;
    }
    setp(bytes_.data(), bytes_.data() + bytes_.size());
    return 0;
  }
  int_type overflow(int_type c) override {
    if (sync() != 0) return traits_type::eof();
    if (!traits_type::eq_int_type(c, traits_type::eof())) {
      *pptr() = traits_type::to_char_type(c);
      pbump(1);
    }
    return traits_type::not_eof(c);
  }

 private:
  int fd_;
  std::array<char, 16 * 1024> bytes_{};
};

std::string Pager::command(const Environment& environment) {
  for (const char* name : {"LOGS_PAGER", "PAGER"}) {
    if (const auto found = environment.find(name); found != environment.end()) {
      return found->second == "cat" ? "" : found->second;
    }
  }
  return on_path(environment, "less") ? "less -FRX" : "";
}

Result<std::unique_ptr<Pager>> Pager::start(const std::string& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return fail(system_error("pipe for the pager", errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  // We block the stop signals and ignore SIGPIPE; the pager must not inherit either.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string shell = "sh", flag = "-c", text = command;
  char* arguments[] = {shell.data(), flag.data(), text.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[0]);
  if (error != 0) {
    close(ends[1]);
    return fail(system_error("start the pager '" + command + "'", error));
  }
  return std::unique_ptr<Pager>(new Pager(std::make_unique<Pipe>(ends[1]), child));
}

Pager::Pager(std::unique_ptr<Pipe> pipe, pid_t child)
    : pipe_(std::move(pipe)), stream_(std::make_unique<std::ostream>(pipe_.get())), child_(child) {}

Pager::~Pager() {
  pipe_.reset();
  while (waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

std::ostream& Pager::stream() { return *stream_; }

}  // namespace logboom::ui::cli
