#include "collector/run/wrapper.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "collector/host_name.h"
#include "collector/run/cgroup.h"
#include "collector/run/command_start.h"
#include "collector/run/detach.h"
#include "collector/run/hello.h"
#include "collector/run/process_tree.h"
#include "collector/run/relay.h"
#include "collector/run/spool_writer.h"
#include "collector/run/standard_streams.h"
#include "core/time.h"

namespace logboom::collector {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr milliseconds kHelloWait{20}, kStartWait{100};
constexpr seconds kSenderAfter{1};  // a run that lasts so long is shipped while it lives
constexpr int kTimedOut = 124;
// Often enough that two samples never lie further apart than a server waits for a sign of life.
constexpr seconds kLongestInterval{120};

milliseconds to_ms(Clock::duration time) { return std::chrono::floor<milliseconds>(time); }

milliseconds sample_interval(Clock::duration age) {
  if (age < seconds{60}) return seconds{1};
  if (age < seconds{600}) return seconds{5};
  if (age < seconds{3600}) return seconds{15};
  return std::clamp(to_ms(age / 300), milliseconds{30'000}, milliseconds{kLongestInterval});
}

std::string own_user() {
  // Without the name service: it may be slow, and the number serves as well.
  const char* const name = ::getenv("LOGNAME");
  return name != nullptr ? name : std::to_string(::geteuid());
}

class Wrapper {
 public:
  explicit Wrapper(const RunRequest& request)
      : request_(request),
        run_(new_run_id()),
        hello_(request.spool, request.tool),
        writer_(request.spool, header(), request.limit_bytes) {}

  RunEnd run() {
    cgroup_ = cgroup_of_process(::getpid());
    limits_before_ = read_limits(cgroup_);
    writer_.event(start_event());
    const auto tool = hello_.answer(kHelloWait);
    collector_ = tool.has_value();
    (void)writer_.sync(kStartWait);
    began_ = last_output_ = snapshot_ = Clock::now();
    next_sample_ = began_ + sample_interval({});
    if (request_.timeout) deadline_ = began_ + *request_.timeout;
    start(tool.value_or(request_.tool));
    if (started_.no_process != 0) return go_unwatched();
    if (started_.error_number != 0) return cannot_start();
    let_go(STDIN_FILENO);  // the command's alone: who writes there sees when it is closed
    watch();
    return finish();
  }

 private:
  [[nodiscard]] Fields header() const {
    return {{"run", run_}, {"job", request_.job}, {"tool", request_.tool}};
  }

  [[nodiscard]] RunEvent event(RunEvent::Kind kind) const {
    RunEvent event;
    event.kind = kind;
    event.time_ns = now_ns();
    event.run = run_;
    event.job = request_.job;
    return event;
  }

  RunEvent start_event() {
    auto start = event(RunEvent::Kind::start);
    start.trigger = request_.trigger;
    start.command = request_.command_text;
    start.node = host_name();
    start.user = own_user();
    if (request_.timeout) start.deadline_ms = request_.timeout->count();
    start.memory_limit_bytes = limits_before_.limit_bytes;
    return start;
  }

  void start(const std::string& tool) {
    environment_ = {{"LOGS_RUN_ID", run_}, {"LOGS_JOB", request_.job}};
    if (!tool.empty()) environment_.emplace_back("LOGS_TOOL", tool);
    started_ = start_command(request_.command, environment_, signals_.before());
    for (auto& stream : started_.streams) {
      relays_.push_back({stream.number == STDOUT_FILENO ? FrameKind::out : FrameKind::err,
                         Relay(std::move(stream.pipe), stream.number)});
    }
  }

  // Bare, the command would have needed no process more. An end without an exit code says so.
  // What cannot be executed is told before: a run has one end.
  RunEnd go_unwatched() {
    relays_.clear();
    foresee_error(request_.command.front(), started_);
    if (started_.error_number != 0) return cannot_start();
    auto end = event(RunEvent::Kind::end);
    end.message = std::string("ran unwatched: no process could be made for it: ") +
                  std::strerror(started_.no_process);
    writer_.end(std::move(end));
    (void)writer_.sync(kStartWait);
    exec_in_place(request_.command, environment_, signals_.before(), started_);
    (void)say_why();
    return {.exit_code = code_of_error()};
  }

  [[nodiscard]] int code_of_error() const { return started_.error_number == ENOENT ? 127 : 126; }

  std::string say_why() const {
    auto text = "logs run: " + started_.message + "\n";
    (void)!::write(STDERR_FILENO, text.data(), text.size());
    return text;
  }

  RunEnd cannot_start() {
    const auto& why = started_.message;
    writer_.output(FrameKind::err, now_ns(), say_why());
    const int code = code_of_error();
    auto end = event(RunEvent::Kind::end);
    end.exec_errno = started_.error_number;
    end.exit_code = code;
    end.message = why;
    end.interpreter = started_.interpreter;
    end.lines = 1;
    end.wall_ms = 0;
    writer_.end(std::move(end));
    if (!collector_ && request_.start_sender) send_when_written();
    return {.exit_code = code};
  }

  void watch() {
    while (!exited_) {
      std::array<pollfd, 5> polled{};
      polled[0] = {signals_.descriptor(), POLLIN, 0};
      for (std::size_t i = 0; i < relays_.size(); ++i) {
        relays_[i].relay.prepare(polled[1 + 2 * i], polled[2 + 2 * i]);
      }
      ::poll(polled.data(), 1 + 2 * relays_.size(), wait_ms());
      for (const auto i : order()) {
        const auto got = relays_[i].relay.act(polled[1 + 2 * i], polled[2 + 2 * i]);
        if (!got.empty()) keep(relays_[i], got);
        tell_write_error(relays_[i]);
      }
      if (polled[0].revents != 0) take_signals();
      act_on_time(Clock::now());
    }
  }

  // What the command wrote goes on to its reader, who may be slow, and the wrapper waits as the
  // command would have: what its caller starts next writes behind it. Nothing more is read.
  void deliver() {
    const auto pending = [](const Stream& stream) { return stream.relay.pending(); };
    while (std::ranges::any_of(relays_, pending) && end_signal_ == 0 && Clock::now() < deadline_) {
      std::array<pollfd, 5> polled{};
      polled[0] = {signals_.descriptor(), POLLIN, 0};
      for (std::size_t i = 0; i < relays_.size(); ++i) {
        relays_[i].relay.prepare(polled[1 + 2 * i], polled[2 + 2 * i]);
        polled[1 + 2 * i].fd = -1;
      }
      ::poll(polled.data(), 1 + 2 * relays_.size(), wait_ms());
      for (const auto i : order()) {
        (void)relays_[i].relay.act(polled[1 + 2 * i], polled[2 + 2 * i]);
      }
      if (polled[0].revents != 0) take_signals();
      look_for_sender(Clock::now());
    }
  }

  // The stream with an open line first: where both go to one place, what ends the line was written
  // before what the other stream has.
  [[nodiscard]] std::vector<std::size_t> order() const {
    if (relays_.size() < 2) return std::vector<std::size_t>(relays_.size(), 0);
    const bool turned = relays_[1].open_line && !relays_[0].open_line;
    return turned ? std::vector<std::size_t>{1, 0} : std::vector<std::size_t>{0, 1};
  }

  [[nodiscard]] int wait_ms() const {
    auto until = exited_ ? deadline_ : std::min(next_sample_, deadline_);
    if (!sender_looked_) until = std::min(until, began_ + kSenderAfter);
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }

  struct Stream {
    FrameKind kind;
    Relay relay;
    bool open_line = false, told = false;
  };

  void tell_write_error(Stream& stream) {
    const int error = stream.relay.write_error();
    if (error == 0 || error == EPIPE || std::exchange(stream.told, true)) return;
    const auto text = std::string("logs run: output of the command could not be written: ") +
                      std::strerror(error) + "\n";
    if (stream.open_line) writer_.output(stream.kind, now_ns(), "\n");
    stream.open_line = false;
    writer_.output(stream.kind, now_ns(), text);
    ++lines_;
  }

  void keep(Stream& stream, std::string_view bytes) {
    const auto now = Clock::now();
    max_quiet_ = std::max(max_quiet_, now - last_output_);
    last_output_ = now;
    if (now - snapshot_ >= seconds{1}) note_cpu(now, use_of(tree_of(started_.pid)).cpu_ms);
    lines_ += std::count(bytes.begin(), bytes.end(), '\n');
    stream.open_line = bytes.back() != '\n';
    writer_.output(stream.kind, now_ns(), std::string(bytes));
  }

  // How much CPU had been used at the last output lies between two looks at it.
  void note_cpu(Clock::time_point now, std::int64_t cpu_ms) {
    if (last_output_ > snapshot_ && now > snapshot_) {
      const auto share = std::chrono::duration<double>(last_output_ - snapshot_) /
                         std::chrono::duration<double>(now - snapshot_);
      const auto used = static_cast<double>(cpu_ms - snapshot_cpu_);
      cpu_at_output_ = snapshot_cpu_ + static_cast<std::int64_t>(std::min(share, 1.0) * used);
    }
    snapshot_ = now;
    snapshot_cpu_ = cpu_ms;
  }

  void take_signals() {
    signalfd_siginfo info{};
    while (::read(signals_.descriptor(), &info, sizeof info) == sizeof info) {
      const int number = static_cast<int>(info.ssi_signo);
      if (number == SIGCHLD) {
        look_for_ends();
      } else if (number != SIGPIPE && number != SIGXFSZ) {
        take_signal(number, info);
      }
    }
  }

  void take_signal(int number, const signalfd_siginfo& info) {
    const bool ends = number == SIGTERM || number == SIGINT || number == SIGHUP ||
                      number == SIGQUIT || number == SIGABRT;
    if (exited_) {
      if (ends && !signals_.ignored(number)) end_signal_ = number;
    } else {
      if (ends && info.ssi_pid != static_cast<std::uint32_t>(started_.pid)) stop_signal_ = number;
      pass_on(number, info);
    }
    if (number == SIGTSTP) signals_.stop();
  }

  // The kernel (a terminal) tells the whole group; only what was sent to us alone goes on.
  void pass_on(int number, const signalfd_siginfo& info) const {
    if (info.ssi_code == SI_QUEUE) {
      sigval value{};
      value.sival_ptr = reinterpret_cast<void*>(info.ssi_ptr);
      ::sigqueue(started_.pid, number, value);
    } else if (info.ssi_code <= 0) {
      ::kill(started_.pid, number);
    }
  }

  // The command stays a zombie until finish() has looked at it. As the first process of a container
  // we inherit every orphan, and nobody else waits for them.
  void look_for_ends() {
    siginfo_t what{};
    const auto flags = WEXITED | WNOHANG | WNOWAIT;
    if (!exited_ && ::waitid(P_PID, static_cast<id_t>(started_.pid), &what, flags) == 0) {
      exited_ = what.si_pid == started_.pid;
    }
    if (::getpid() != 1) return;
    while (!exited_ || reaped_) {
      int status = 0;
      rusage usage{};
      const auto pid = ::wait4(-1, &status, WNOHANG, &usage);
      if (pid <= 0) return;
      if (pid == started_.pid && !reaped_) note_end(status, usage);
    }
  }

  void note_end(int status, const rusage& usage) {
    exited_ = reaped_ = true;
    status_ = status;
    usage_ = usage;
  }

  void act_on_time(Clock::time_point now) {
    if (exited_) return;
    if (now >= deadline_) {
      for (const auto pid : tree_of(started_.pid)) {
        ::kill(pid, timed_out_ ? SIGKILL : SIGTERM);
        ::kill(pid, SIGCONT);
      }
      deadline_ = now + (std::exchange(timed_out_, true) ? milliseconds{1'000} : kKillGrace);
    }
    if (now >= next_sample_) sample(now);
    look_for_sender(now);
  }

  void look_for_sender(Clock::time_point now) {
    if (sender_looked_ || now < began_ + kSenderAfter) return;
    sender_looked_ = true;
    if (!collector_ && request_.start_sender) request_.start_sender();
  }

  void sample(Clock::time_point now) {
    next_sample_ = now + sample_interval(now - began_);
    const auto use = use_of(tree_of(started_.pid));
    if (use.processes == 0) return;
    peak_ = std::max(peak_, use.memory_bytes);
    note_cpu(now, use.cpu_ms);
    auto sample = event(RunEvent::Kind::sample);
    sample.cpu_ms = use.cpu_ms;
    sample.memory_bytes = use.memory_bytes;
    sample.processes = use.processes;
    sample.read_bytes = use.read_bytes;
    sample.written_bytes = use.written_bytes;
    sample.quiet_ms = to_ms(now - last_output_).count();
    writer_.event(sample);
  }

  RunEnd finish() {
    const auto now = Clock::now();
    const auto last = use_of({started_.pid});  // still there as a zombie
    for (const auto i : order()) {
      auto& stream = relays_[i];
      stream.relay.drain([&](std::string_view bytes) { keep(stream, bytes); });
      tell_write_error(stream);
      if (stream.open_line) ++lines_;
    }
    int status = 0;
    rusage usage{};
    while (!reaped_) {
      if (::wait4(started_.pid, &status, 0, &usage) >= 0 || errno != EINTR) {
        note_end(status, usage);
      }
    }
    writer_.end(end_event(now, last));
    deliver();
    hand_over_streams();
    if (request_.start_sender && (!collector_ || !collector_still_there())) send_when_written();
    if (end_signal_ > 0) return {.exit_code = 128 + end_signal_, .signal = end_signal_};
    if (timed_out_) return {.exit_code = kTimedOut};
    if (WIFSIGNALED(status_)) {
      return {.exit_code = 128 + WTERMSIG(status_), .signal = WTERMSIG(status_)};
    }
    return {.exit_code = WEXITSTATUS(status_)};
  }

  RunEvent end_event(Clock::time_point now, const TreeUse& last) {
    const auto ms = [](const timeval& time) {
      return std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000;
    };
    auto end = event(RunEvent::Kind::end);
    if (timed_out_) {
      end.timed_out = 1;
      end.exit_code = kTimedOut;
    } else if (WIFSIGNALED(status_)) {
      end.signal = WTERMSIG(status_);
      end.core_dumped = WCOREDUMP(status_) ? 1 : 0;
    } else {
      end.exit_code = WEXITSTATUS(status_);
    }
    if (stop_signal_ > 0) end.stop_signal = stop_signal_;
    const auto limits = read_limits(cgroup_);
    if (limits_before_.oom_kills >= 0) {
      end.oom_kills = std::max<std::int64_t>(0, limits.oom_kills - limits_before_.oom_kills);
    }
    end.wall_ms = to_ms(now - began_).count();
    end.cpu_ms = ms(usage_.ru_utime) + ms(usage_.ru_stime);
    end.memory_bytes = std::max<std::int64_t>(usage_.ru_maxrss * 1024L, peak_);
    end.memory_limit_bytes = limits.limit_bytes;
    end.read_bytes = std::max<std::int64_t>(last.read_bytes, usage_.ru_inblock * 512L);
    end.written_bytes = std::max<std::int64_t>(last.written_bytes, usage_.ru_oublock * 512L);
    end.lines = lines_;
    note_cpu(now, end.cpu_ms);
    const auto quiet = std::max(now - last_output_, Clock::duration{0});
    end.quiet_ms = to_ms(quiet).count();
    end.quiet_cpu_ms = std::max<std::int64_t>(0, end.cpu_ms - cpu_at_output_);
    end.max_quiet_ms = to_ms(max_quiet_).count();
    return end;
  }

  // A daemon the command left behind may still write: its output goes on, uncaptured. So does what
  // the wrapper could not wait for.
  void hand_over_streams() {
    std::vector<int> keep;
    for (auto& stream : relays_) {
      stream.relay.look_for_end();
      if (!stream.relay.over()) stream.relay.add_descriptors(keep);
    }
    if (keep.empty()) return;
    detach(keep, [&] {
      while (!std::ranges::all_of(relays_, [](const auto& s) { return s.relay.over(); })) {
        std::array<pollfd, 4> polled{};
        for (std::size_t i = 0; i < relays_.size(); ++i) {
          relays_[i].relay.prepare(polled[2 * i], polled[2 * i + 1]);
        }
        ::poll(polled.data(), 2 * relays_.size(), -1);
        for (std::size_t i = 0; i < relays_.size(); ++i) {
          (void)relays_[i].relay.act(polled[2 * i], polled[2 * i + 1]);
        }
      }
    });
  }

  [[nodiscard]] bool collector_still_there() const {
    return Hello(request_.spool, request_.tool).answer(kHelloWait).has_value();
  }

  void send_when_written() {
    (void)writer_.sync(kStartWait);
    if (writer_.usable()) request_.start_sender();
  }

  const RunRequest& request_;
  // Before any thread is made, so that every thread has them blocked.
  Signals signals_;
  std::string run_;
  Hello hello_;
  SpoolWriter writer_;
  bool collector_ = false, sender_looked_ = false;

  std::vector<std::pair<std::string, std::string>> environment_;  // besides what is there
  StartedCommand started_;
  std::vector<Stream> relays_;
  bool exited_ = false, reaped_ = false, timed_out_ = false;
  int status_ = 0;
  rusage usage_{};
  int stop_signal_ = 0;
  int end_signal_ = 0;  // came after the command's end
  Cgroup cgroup_;
  CgroupFacts limits_before_;

  Clock::time_point began_{}, next_sample_{}, deadline_ = Clock::time_point::max();
  Clock::time_point last_output_{}, snapshot_{};
  Clock::duration max_quiet_{0};
  std::int64_t lines_ = 0, peak_ = 0, cpu_at_output_ = 0, snapshot_cpu_ = 0;
};

}  // namespace

RunEnd run_wrapped(const RunRequest& request) {
  fill_closed_streams();
  return Wrapper(request).run();
}

void end_like(const RunEnd& end) {
  if (end.signal > 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
    ::signal(end.signal, SIG_DFL);
    sigset_t only;
    ::sigemptyset(&only);
    ::sigaddset(&only, end.signal);
    ::sigprocmask(SIG_UNBLOCK, &only, nullptr);
    ::kill(::getpid(), end.signal);
  }
  ::_exit(end.exit_code);
}

}  // namespace logboom::collector
