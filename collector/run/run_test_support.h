// For the tests of this folder: temporary directories, and processes that run as `logs run` does.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "collector/run/spool_file.h"
#include "collector/run/wrapper.h"
#include "collector/test_files.h"

namespace logboom::collector {

// A wrapper in a process of its own, its output in two pipes.
struct Wrapped {
  pid_t pid = -1;
  Descriptor out, err, in;

  Wrapped(const std::string& spool, std::vector<std::string> command,
          const std::function<void(RunRequest&)>& change = {}) {
    std::array<int, 2> outs{}, errs{}, ins{};
    if (::pipe2(outs.data(), O_CLOEXEC) != 0 || ::pipe2(errs.data(), O_CLOEXEC) != 0 ||
        ::pipe2(ins.data(), O_CLOEXEC) != 0) {
      std::abort();
    }
    pid = ::fork();
    if (pid == 0) {
      for (const int other : {ins[1], outs[0], errs[0]}) ::close(other);
      ::dup2(ins[0], 0);
      ::dup2(outs[1], 1);
      ::dup2(errs[1], 2);
      for (const int moved : {ins[0], outs[1], errs[1]}) ::close(moved);
      RunRequest request;
      request.command = std::move(command);
      request.command_text = "test";
      request.job = "job";
      request.spool = spool;
      if (change) change(request);
      end_like(run_wrapped(request));
    }
    ::close(ins[0]);
    ::close(outs[1]);
    ::close(errs[1]);
    in = Descriptor(ins[1]);
    out = Descriptor(outs[0]);
    err = Descriptor(errs[0]);
  }
  Wrapped(const Wrapped&) = delete;
  Wrapped& operator=(const Wrapped&) = delete;
  ~Wrapped() {
    if (pid > 0) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

  // The wait status.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid, -1), &status, 0);
    return status;
  }
  // Up to the end of the stream.
  static std::string all(Descriptor& from) {
    std::string text;
    std::array<char, 65536> bytes{};
    for (ssize_t got = 0; (got = ::read(from.get(), bytes.data(), bytes.size())) > 0;) {
      text.append(bytes.data(), static_cast<std::size_t>(got));
    }
    return text;
  }
  // Exactly so many bytes.
  static std::string some(Descriptor& from, std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const auto got = ::read(from.get(), text.data() + have, size - have);
      if (got <= 0) break;
      have += static_cast<std::size_t>(got);
    }
    text.resize(have);
    return text;
  }
};

inline std::vector<std::string> sh(const std::string& script) { return {"/bin/sh", "-c", script}; }

// What a spool directory holds of its one run.
struct Kept {
  std::string out, err;
  std::vector<RunEvent> events;
  std::vector<SpoolGap> gaps;
  SpoolHeader header;
  std::size_t files = 0;

  [[nodiscard]] const RunEvent* event(RunEvent::Kind kind) const {
    for (const auto& event : events) {
      if (event.kind == kind) return &event;
    }
    return nullptr;
  }
};
inline Kept kept_in(const std::string& spool) {
  Kept kept;
  for (const auto& entry : std::filesystem::directory_iterator(spool)) {
    if (entry.path().extension() != kSpoolSuffix) continue;
    ++kept.files;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    if (auto header = decode_header(bytes)) kept.header = *std::move(header);
    std::string_view left = std::string_view(bytes).substr(kSpoolHeader);
    while (!left.empty()) {
      const auto frame = decode_frame(left);
      if (!frame || !*frame) break;
      const auto& [kind, time_ns, content] = **frame;
      left.remove_prefix(kFrameHeader + content.size());
      if (kind == FrameKind::out) kept.out += content;
      if (kind == FrameKind::err) kept.err += content;
      if (kind == FrameKind::gap) kept.gaps.push_back(*decode_gap(content));
      if (kind == FrameKind::event) {
        kept.events.push_back(*parse_run_event(time_ns, *decode_fields(content)));
      }
    }
  }
  return kept;
}

}  // namespace logboom::collector
